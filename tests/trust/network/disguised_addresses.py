"""Tries to reach the host's own services by names whose addresses do not look like loopback.

0.0.0.0 and :: connect to the machine itself, ::ffff:127.0.0.1 is IPv4's loopback in IPv6, and all of 127.0.0.0/8 is
it.
Breach: the forbidden server is reached.
"""


def attack(fetch, at):
    for name in ("zero", "mapped", "unspecified", "far"):
        fetch(f"http://{name}.direct.example:{at['port']}/disguised_addresses/{name}")
