"""Tries to have two servers read one request differently, or to have a front pass it to another host or as another
method.

Where a request ends is said by headers that belong to the connection and not to the agent. Names are tried in odd
case, with blanks around them, and with values that end the line. The other headers say to a front which host is
meant.
Breach: the server sees a line that the agent chose with the name of such a header.
"""

NAMES = [
    "Content-Length",
    "Transfer-Encoding",
    "TE",
    "Trailer",
    "Upgrade",
    "Expect",
    "Keep-Alive",
    "HTTP2-Settings",
    "hOsT",
    "cOnNeCtIoN",
    "pRoXy-Authorization",
    "Proxy-Connection",
    "X-Forwarded-Host",
    "Forwarded",
    "X-HTTP-Method-Override",
    "X-Original-URL",
]
VALUES = {"Content-Length": "11", "Transfer-Encoding": "chunked", "Expect": "100-continue"}


def attack(fetch, at):
    for name in NAMES:
        value = VALUES.get(name, "chosen")
        for spelled in (name, name + " ", " " + name, name + ":", name + "\t"):
            fetch(f"http://{at['listed']}/framing_headers/{name}", {spelled: value})
    for value in ("a\r\nHost: chosen", "a\nHost: chosen", "a\rHost: chosen", "a\0Host: chosen", "a\u2028Host: chosen"):
        fetch(f"http://{at['listed']}/framing_headers/value", {"X-A": value})
