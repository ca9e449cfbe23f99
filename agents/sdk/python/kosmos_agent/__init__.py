"""Agents for Kosmos in Python: protocol versions 1 and 2 of `agents/PROTOCOL.md`.

`agent` passes events to handlers, `lab` has the calls that a handler may make, `messages` has its messages, `events`
describes the events, `wire` transports both, and `testing` is a lab for testing an agent.
"""

from .agent import Agent
from .errors import CallError, CallFailed, LimitReached, NotPermitted, ProtocolError
from .lab import Completion, Lab, Page, Rows, ScriptRun
from .messages import (
    AddEvidence,
    Challenge,
    Check,
    Message,
    ProposeAnalysis,
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
    "ProposeAnalysis",
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
