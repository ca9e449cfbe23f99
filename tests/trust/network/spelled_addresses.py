"""Tries to reach the host's own services by spellings of an address that agent.toml lists and a person does not read as
loopback.

Octal, hexadecimal, one number, two numbers, a dot at the end, wide digits, the unspecified address, IPv4 in IPv6. A
private address may be fetched where it is listed as what it is, in its usual spelling; that is 127.0.0.1 here, on
other ports.
Breach: the forbidden server is reached.
"""

SPELLINGS = [
    "0177.0.0.1",
    "0x7f.0.0.1",
    "2130706433",
    "127.1",
    "127.0.0.1.",
    "１２７.0.0.1",
    "127.0.0.1",
    "0.0.0.0",
    "0",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]",
    "[::1]",
]


def attack(fetch, at):
    for number, spelling in enumerate(SPELLINGS):
        fetch(f"http://{spelling}:{at['port']}/spelled_addresses/{number}")
