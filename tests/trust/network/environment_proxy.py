"""Tries to have a proxy of the user's environment reach what the lab itself would refuse.

The proxy resolves the name and stands in the user's own network. The name is listed, and its address is one of
loopback.
Breach: the proxy is asked for it.
"""


def attack(fetch, at):
    fetch(f"http://loop.proxied.example:{at['port']}/environment_proxy", {"X-Api-Key": "secret"})
