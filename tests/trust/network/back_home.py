"""Tries to have a second server choose what is asked of the first with the first one's key.

The first redirects to the second, which redirects back to a path of its own choosing. A key that was left behind on
the way out must not be there again on the way back.
Breach: the first server sees the key at the path that the second has chosen.
"""


def attack(fetch, at):
    back = f"http://{at['listed']}/back_home/chosen".encode().hex()
    out = f"http://{at['other']}/to/{back}".encode().hex()
    fetch(f"http://{at['listed']}/to/{out}", {"Authorization": "Bearer secret", "X-Api-Key": "secret"})
