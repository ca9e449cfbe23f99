"""The messages that an agent may send. Constructing a message that the lab would reject raises ValueError."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

Grounds = Literal[
    "confounding", "outliers", "group_dependence", "alternative_test", "negative_control", "measurement", "other"
]
Stance = Literal["supports", "contradicts", "context"]
ProposedKind = Literal["association", "adjusted", "stratified", "interaction", "dose_response"]
ProposedFamily = Literal[
    "association", "adjusted", "stratified", "interaction", "dose_response", "paired", "survival"
]

TEXT, NAME, TITLE, PASSAGE = 600, 120, 400, 1000
"""Maximum letters of a statement, of a short name, of a source's title and of a passage."""
SCORES, PARAGRAPHS = 12, 40
"""Maximum number of scores of a finding, and of paragraphs of a section."""
EXPOSURES, GIVEN = 5, 4
"""Maximum number of exposures of an analysis, and of columns that it holds fixed."""


class Message:
    """One message: a frozen data class whose fields are the body."""

    type: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """The message as it is sent."""
        return {"type": self.type, "body": body_of(self)}


@dataclass(frozen=True, kw_only=True)
class Check:
    """The check that a challenge rests on: an estimate `{n, p, effect, direction}` in a result of `run_script`."""

    experiment: str
    name: str
    pointer: str
    """JSON pointer into the result, such as `/checks/0/estimate`."""

    def __post_init__(self) -> None:
        within("name", self.name, NAME)
        if self.pointer and not self.pointer.startswith("/"):
            raise ValueError("`pointer` must be a JSON pointer, such as /checks/0/estimate")


@dataclass(frozen=True, kw_only=True)
class Challenge(Message):
    """An objection to a finding."""

    type: ClassVar[str] = "challenge"
    finding: str
    grounds: Grounds
    statement: str
    check: Check | None = None
    veto: bool = False

    def __post_init__(self) -> None:
        one_of("grounds", self.grounds, Grounds)
        within("statement", self.statement, TEXT)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A publication or another source."""

    title: str
    authors: Sequence[str] | None = None
    year: int | None = None
    doi: str | None = None
    url: str | None = None
    locator: str | None = None
    """The place in the source, such as `p. 3`."""
    passage: str | None = None
    """The passage, verbatim."""

    def __post_init__(self) -> None:
        within("title", self.title, TITLE)
        within("locator", self.locator or "-", NAME)
        within("passage", self.passage or "-", PASSAGE)


@dataclass(frozen=True, kw_only=True)
class AddEvidence(Message):
    """A source that supports or contradicts a finding."""

    type: ClassVar[str] = "add_evidence"
    finding: str
    stance: Stance
    statement: str
    source: Source

    def __post_init__(self) -> None:
        one_of("stance", self.stance, Stance)
        within("statement", self.statement, TEXT)


@dataclass(frozen=True, kw_only=True)
class Score(Message):
    """Scores for a finding, each from 0 to 1."""

    type: ClassVar[str] = "score"
    finding: str
    scores: Mapping[str, float]
    comment: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.scores) <= SCORES:
            raise ValueError(f"`scores` must hold 1 to {SCORES} figures, not {len(self.scores)}")
        for name, value in self.scores.items():
            if not (math.isfinite(value) and 0 <= value <= 1):
                raise ValueError(f"the score `{name}` must be from 0 to 1, not {value}")
        within("comment", self.comment or "-", TEXT)


@dataclass(frozen=True, kw_only=True)
class ProposeHypothesis(Message):
    """A hypothesis to test; in answer to `cycle_started`."""

    type: ClassVar[str] = "propose_hypothesis"
    dataset: str
    kind: ProposedKind
    x: str
    y: str
    rationale: str
    covariates: Sequence[str] = ()
    by: str | None = None
    predicted: str | None = None

    def __post_init__(self) -> None:
        one_of("kind", self.kind, ProposedKind)
        within("rationale", self.rationale, TEXT)


@dataclass(frozen=True, kw_only=True)
class ProposeAnalysis(Message):
    """An analysis to carry out; in answer to `cycle_started`, from version 2 of the protocol.

    Of several exposures each is tested with the others held fixed. Without a family it is an interaction where there is a
    moderator, an adjusted analysis where columns are held fixed, and an association otherwise.
    """

    type: ClassVar[str] = "propose_analysis"
    dataset: str
    exposures: Sequence[str]
    outcome: str
    rationale: str
    given: Sequence[str] = ()
    moderator: str | None = None
    family: ProposedFamily | None = None
    predicted: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.exposures, str) or not 1 <= len(self.exposures) <= EXPOSURES:
            raise ValueError(f"`exposures` must be a list of 1 to {EXPOSURES} columns")
        if isinstance(self.given, str) or len(self.given) > GIVEN:
            raise ValueError(f"`given` must be a list of at most {GIVEN} columns")
        if self.family is not None:
            one_of("family", self.family, ProposedFamily)
        within("rationale", self.rationale, TEXT)


@dataclass(frozen=True, kw_only=True)
class WriteSection(Message):
    """A section of the report, in plain text; in answer to `research_finished`."""

    type: ClassVar[str] = "write_section"
    title: str
    paragraphs: Sequence[str]

    def __post_init__(self) -> None:
        within("title", self.title, NAME)
        if isinstance(self.paragraphs, str) or not 1 <= len(self.paragraphs) <= PARAGRAPHS:
            raise ValueError(f"`paragraphs` must be a list of 1 to {PARAGRAPHS} texts")


@dataclass(frozen=True, kw_only=True)
class Remark(Message):
    """A remark for the reader of the report."""

    type: ClassVar[str] = "remark"
    text: str

    def __post_init__(self) -> None:
        within("text", self.text, TEXT)


KINDS: dict[str, type[Message]] = {
    kind.type: kind
    for kind in (Challenge, AddEvidence, Score, ProposeHypothesis, ProposeAnalysis, WriteSection, Remark)
}
"""The message classes, by type."""


def shorten(text: str, most: int = TEXT) -> str:
    """`text` on one line, shortened with an ellipsis if it has more than `most` letters."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def from_json(value: Any) -> Message:
    """Builds the message from `{type, body}`; raises ValueError if it is malformed."""
    if not isinstance(value, dict) or set(value) != {"type", "body"} or not isinstance(value["body"], dict):
        raise ValueError(f"a message is an object of `type` and `body`, not {shorten(repr(value), 80)}")
    kind = KINDS.get(value["type"])
    if kind is None:
        raise ValueError(f"there is no message `{value['type']}`; there are {', '.join(KINDS)}")
    body = dict(value["body"])
    try:
        for name, part in (("check", Check), ("source", Source)):
            if isinstance(body.get(name), dict):
                body[name] = part(**body[name])
        message = kind(**body)
    except TypeError as error:
        raise ValueError(f"`{kind.type}`: {error}") from error
    return message


def body_of(part: Any) -> dict[str, Any]:
    """The fields without those that have the lab's default: None, false and empty lists."""
    body: dict[str, Any] = {}
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        if value is None or value is False or (field.default == () and not value):
            continue
        if dataclasses.is_dataclass(value):
            value = body_of(value)
        elif isinstance(value, Mapping):
            value = dict(value)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            value = list(value)
        body[field.name] = value
    return body


def within(name: str, text: Any, most: int) -> None:
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"`{name}` must be a text, and not an empty one")
    if len(text) > most:
        raise ValueError(f"`{name}` has {len(text)} letters and may have {most}; see kosmos_agent.shorten")


def one_of(name: str, value: Any, words: Any) -> None:
    if value not in get_args(words):
        raise ValueError(f"`{name}` must be one of {', '.join(get_args(words))}, not {value!r}")
