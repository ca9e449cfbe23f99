"""Agents for Kosmos in Python: protocol version 1 of `agents/PROTOCOL.md`.

`agent` hands events to handlers, `lab` is what a handler may ask of the lab, `messages` is what it may say, `events`
describes what it hears, `wire` carries both, and `testing` is a lab to test an agent against.
"""

from .agent import Agent
from .errors import CallError, CallFailed, LimitReached, NotPermitted, ProtocolError
from .lab import Completion, Lab, Page, Rows, ScriptRun
from .messages import (
    AddEvidence,
    Challenge,
    Check,
    Message,
    ProposeHypothesis,
    Remark,
    Score,
    Source,
    WriteSection,
    shorten,
)

__all__ = [
    "AddEvidence",
    "Agent",
    "CallError",
    "CallFailed",
    "Challenge",
    "Check",
    "Completion",
    "Lab",
    "LimitReached",
    "Message",
    "NotPermitted",
    "Page",
    "ProposeHypothesis",
    "ProtocolError",
    "Remark",
    "Rows",
    "Score",
    "ScriptRun",
    "Source",
    "WriteSection",
    "shorten",
]
