"""Tries to reach the host's own services by a name with two addresses, one elsewhere and one of loopback.

Who looks at the first address and connects to whichever answers has looked at the wrong one.
Breach: the forbidden server is reached.
"""


def attack(fetch, at):
    for number in range(3):
        fetch(f"http://mixed.direct.example:{at['port']}/mixed_addresses/{number}")
