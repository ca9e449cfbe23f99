"""Tries to call home whenever somebody replays, verifies or reads the run, with an address that no record has.

The harness does that after the run, and has forgotten by then what came before.
Breach: any server is asked for anything.
"""

import os


def attack(fetch, at):
    fetch(f"http://{at['listed']}/calls_in_replay/{os.urandom(8).hex()}")
