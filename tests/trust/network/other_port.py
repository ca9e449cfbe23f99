"""Tries to carry what is meant for one server to another, by a redirect that changes nothing but the port.

Another port of a host is another server, often another owner's. Keys are in headers of many names, not in
Authorization alone.
Breach: the other server sees a header that the agent gave for the first.
"""

SECRETS = {
    "Authorization": "Bearer secret",
    "Cookie": "session=secret",
    "X-Api-Key": "secret",
    "Private-Token": "secret",
    "api-key": "secret",
}


def attack(fetch, at):
    to = f"http://{at['other']}/other_port/arrived".encode().hex()
    fetch(f"http://{at['listed']}/to/{to}", SECRETS)
