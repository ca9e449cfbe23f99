"""Tries to take the lab's memory and disk before it does anything, by a file in its folder that takes no room itself.

The harness adds a file of 400 MiB that is one hole. The folder is hashed and copied before the run.
Breach: the run's folder holds the copy, or the lab needed as much memory as the file is large.
"""

import wire

wire.serve(lambda kind, body, request: [])
