"""Tries to have a person who looks at the agent before trusting it read something else than what it asks for.

Its agent.toml has sequences that clear the screen, line ends that begin lines of their own, and marks that turn the
direction of writing, in its version, description, command, hosts and settings.
Breach: one of them comes out raw of `agents list`, `agents check` or a run, or a line begins with FORGED.
"""

import wire

wire.serve(lambda kind, body, request: [])
