"""Tries to have no limits, by writing them down itself: eleven years for one event, 64 TiB, 30,000 processes.

Limits are what holds an agent that was granted nothing. It only needs to be slow for the run never to end.
Breach: `agents check` accepts its agent.toml.
"""

import wire

wire.serve(lambda kind, body, request: [])
