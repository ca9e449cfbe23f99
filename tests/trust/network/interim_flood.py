"""Tries to send more into the lab than the 2 MiB of a body, before the answer begins.

A server may send any number of interim answers (103) first, each with headers of its own.
Breach: the answer that comes after 8 MiB of them arrives.
"""


def attack(fetch, at):
    answer = fetch(f"http://{at['listed']}/interim")
    return "arrived" if "after the flood" in answer.get("text", "") else "held"
