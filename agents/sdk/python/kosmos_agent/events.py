"""The events as type checkers see them. At run time events are the dictionaries that the lab sent.

Records of findings have more keys than are named here: everything that `findings.json` holds.
"""

from typing import Any, NotRequired, TypedDict


class Effect(TypedDict):
    """An effect size with its 95 % confidence interval."""

    name: str
    value: float | None
    ci_low: float | None
    ci_high: float | None


class Estimate(TypedDict):
    """A test on one part of the rows. `direction` is `+`, `-`, a level, or None."""

    n: int
    p: float | None
    effect: Effect | None
    direction: str | None


class GroupValue(TypedDict):
    """A group's mean, or its rate of `y_level`."""

    level: str
    n: int
    value: float | None


class Contrast(TypedDict):
    """Two levels that are compared."""

    level: str
    reference: str


class Analysis(TypedDict):
    """The analysis behind a test, or that a hypothesis plans; None for what is not recorded, or not known yet."""

    view: str | None
    formula: str | None
    family: str | None
    distribution: str | None
    estimand: str | None
    contrast: Contrast | None
    se: str | None
    method: str | None


class Finding(TypedDict):
    """A judged test, as in `findings.json`.

    `tier` is primary, survey or follow_up, and `relation` the id of an entry of `relations`. An agent of version 1 of the
    protocol is told neither of them, nor `analysis`.
    """

    id: str
    dataset: str
    cycle: int
    statement: str
    parent: str | None
    x: str
    y: str
    kind: str
    covariates: list[str]
    by: str | None
    part: str
    test: str
    why: str
    n: int
    statistic: float | None
    p: float
    q: float
    effect: Effect
    direction: str | None
    predicted: str | None
    groups: list[GroupValue] | None
    y_level: str | None
    significant: bool
    replicated: bool | None
    explore: Estimate | None
    confirm: Estimate | None
    variants: list[dict[str, Any]]
    adjusted: list[dict[str, Any]]
    caveats: list[str]
    caveat_notes: dict[str, str]
    wording: str
    tier: NotRequired[str]
    relation: NotRequired[str]
    analysis: NotRequired[Analysis]


class Hypothesis(TypedDict):
    """A registered hypothesis.

    An agent of version 1 of the protocol is told neither `tier` nor `relation`; there, `analysis` is what `custom` is here:
    how a hypothesis is tested that a model writes the code for.
    """

    id: str
    dataset: str
    kind: str
    x: str
    y: str
    covariates: list[str]
    by: str | None
    event: str | None
    part: str
    statement: str
    predicted: str | None
    parent: str | None
    rationale: str
    tier: NotRequired[str]
    relation: NotRequired[str]
    analysis: NotRequired[Analysis]
    custom: NotRequired[dict[str, Any]]


class Column(TypedDict):
    """`role` is numeric, binary, categorical, datetime, text, identifier, constant or empty."""

    name: str
    role: str
    usable: bool
    distinct: int
    missing: int


class Dataset(TypedDict):
    """A table. Only `run_started` includes `profile`."""

    name: str
    sha256: str
    rows: int
    columns: list[Column]
    profile: NotRequired[dict[str, Any]]


class KnownTest(TypedDict):
    """A test that looks promising on the explore part of the rows."""

    hypothesis: Hypothesis
    explore: Estimate


class Experiment(TypedDict):
    """An experiment; `outcome` is `ok` or the way in which it failed."""

    id: str
    template: str
    dataset: str
    outcome: str
    failure: str | None
    script_sha256: str
    result_sha256: str | None


class AnsweredChallenge(TypedDict):
    """A challenge with the decision on it: `answer` is sustained, overruled or unsupported."""

    agent: str
    challenge: dict[str, Any]
    estimate: dict[str, Any] | None
    answer: str
    reason: str
    vetoed: bool


class RunStarted(TypedDict):
    """The run has started, and its tables are profiled."""

    question: str
    target: str | None
    randomised: list[str]
    datasets: list[Dataset]


class CycleStarted(TypedDict):
    """A cycle has started, and hypotheses are about to be chosen."""

    cycle: int
    question: str
    target: str | None
    datasets: list[Dataset]
    known: list[KnownTest]
    tested: list[str]
    limit: int


class HypothesesRegistered(TypedDict):
    """Hypotheses were registered and are about to be tested."""

    cycle: int
    hypotheses: list[Hypothesis]


class ExperimentsFinished(TypedDict):
    """All experiments of a cycle have finished."""

    cycle: int
    experiments: list[Experiment]


class CycleJudged(TypedDict):
    """The tests of a cycle were judged."""

    cycle: int
    tests: list[Finding]


class FindingDrafted(TypedDict):
    """A test is significant; it is not reported yet."""

    cycle: int
    finding: Finding
    hypothesis: Hypothesis
    dataset: Dataset


class ResearchFinished(TypedDict):
    """The last test was judged. `open` has suggestive tests that are not findings, `tests` is the number of tests."""

    question: str
    findings: list[Finding]
    open: list[Finding]
    tests: int
    challenges: list[AnsweredChallenge]
