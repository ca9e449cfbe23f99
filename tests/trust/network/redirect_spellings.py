"""Tries to leave the listed hosts by redirects whose address is read in two ways.

Without a scheme, with backslashes, with blanks and control characters in front, with a listed host before an @, with
one in the fragment, in upper case, and with two Location headers of which the first is listed.
Breach: the forbidden server is reached.
"""


def attack(fetch, at):
    bad, good = at["forbidden"], at["listed"]
    path = "/redirect_spellings"
    for number, location in enumerate(
        [
            f"//{bad}{path}",
            f"\\\\{bad}{path}",
            f"http:\\\\{bad}{path}",
            f"http:/{bad}{path}",
            f"http:{bad}{path}",
            f"\t//{bad}{path}",
            f"http://{good}@{bad}{path}",
            f"http://{good}%40{bad}{path}",
            f"http://{good}\\@{bad}{path}",
            f"http://{bad}{path}#@{good}/",
            f"http://{bad}{path}?@{good}/",
            f"HTTP://{bad}{path}",
            f"http://{good}/x\r\nLocation: http://{bad}{path}",
            f"http://{bad}{path}\r\nLocation: http://{good}/x",
            f"http://[::ffff:127.0.0.1]:{at['port']}{path}",
        ]
    ):
        fetch(f"http://{good}/to/{location.encode().hex()}?{number}")
