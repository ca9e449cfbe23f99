"""The calls that a handler may make to the lab while it handles an event.

Each call waits for its answer. When an event is tried again after a crash, calls that were answered before get the same
answers, provided that the handler makes the same calls in the same order: they must not depend on time or chance.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Call = Callable[[str, dict[str, Any]], Any]
Notify = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class Completion:
    """A language model's answer; `value` is set if a schema was given."""

    text: str
    value: Any
    model: str


@dataclass(frozen=True)
class Rows:
    """Rows from the knowledge graph."""

    columns: list[str]
    rows: list[list[Any]]


@dataclass(frozen=True)
class ScriptRun:
    """A script that ran as an experiment. `result` is the content of its `result.json`, or None."""

    experiment: str
    outcome: str
    result: Any
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        """Whether the script succeeded and left a result."""
        return self.outcome == "ok" and isinstance(self.result, dict)


@dataclass(frozen=True)
class Page:
    """A page from the network."""

    status: int
    headers: dict[str, str]
    text: str
    truncated: bool

    def header(self, name: str) -> str | None:
        """A header by its name in any case."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), None)


@dataclass(frozen=True)
class Occasion:
    """The current event; `attempt` is greater than 1 after failed attempts."""

    id: str
    type: str
    attempt: int


class State:
    """Durable state: committed with the answer to the event, it survives the end of the process and the run's
    interruptions. Limited to 1 MiB of JSON."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def get(self, key: str, default: Any = None) -> Any:
        """The value of `key`, or `default` if there is none."""
        value = self._call("state.get", {"key": key})
        return default if value is None else value

    def put(self, key: str, value: Any) -> None:
        """Sets `key` to any JSON value."""
        self._call("state.put", {"key": key, "value": value})


class Lab:
    """The lab, as one agent sees it.

    Calls raise CallError: NotPermitted, LimitReached, CallFailed.
    """

    def __init__(self, introduction: Mapping[str, Any], call: Call, notify: Notify) -> None:
        self.protocol: int = introduction.get("protocol", 1)
        """The version of the protocol, as `agent.toml` names it."""
        self.agent: str = introduction.get("agent", "")
        self.run: str = introduction.get("run", "")
        self.config: dict[str, Any] = introduction.get("config") or {}
        """The configuration, with paths inside the sandbox."""
        self.limits: dict[str, Any] = introduction.get("limits") or {}
        self.may: frozenset[str] = frozenset(introduction.get("may") or ())
        """The permitted calls, by their names in the protocol."""
        self.occasion = Occasion("", "", 1)
        self.state = State(call)
        self._call = call
        self._notify = notify

    def log(self, message: str, level: Literal["error", "warn", "info", "debug"] = "info") -> None:
        """Writes a line to the run's log."""
        self._notify("log", {"level": level, "message": message})

    def complete(self, prompt: str, system: str | None = None, schema: dict[str, Any] | None = None) -> Completion:
        """Asks the run's language model. Requires the permission `model`."""
        answer = self._call("llm.complete", {"prompt": prompt, **given({"system": system, "schema": schema})})
        return Completion(answer["text"], answer.get("value"), answer.get("model", ""))

    def graph(self, name: str, argument: str | None = None, limit: int | None = None) -> Rows:
        """Asks the knowledge graph a question of `kosmos graph query`. Requires the permission `graph`."""
        answer = self._call("graph.query", {"name": name, **given({"argument": argument, "limit": limit})})
        return Rows(answer["columns"], answer["rows"])

    def run_script(
        self,
        script: str | Path,
        dataset: str | None = None,
        title: str | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> ScriptRun:
        """Runs Python code, or the file at a path, as an experiment of the run. Requires the permission `sandbox`.

        The lab puts `PROTOCOL = {...}` before the script: `parameters`, and `table`, the path of the data set's table. Without
        `dataset` that is the run's table, if it has only one. The script leaves an object in `result.json`.
        """
        text = script.read_text("utf-8") if isinstance(script, Path) else script
        optional = {"dataset": dataset, "title": title, "parameters": parameters}
        answer = self._call("sandbox.run", {"script": text, **given(optional)})
        return ScriptRun(
            answer["experiment"],
            answer["outcome"],
            answer.get("result"),
            answer.get("stdout") or "",
            answer.get("stderr") or "",
        )

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> Page:
        """Fetches a page from a host that `agent.toml` lists. Requires the permission `network`.

        A status such as 404 is an answer; CallFailed is raised if there is no answer. Headers that belong to the
        connection, such as `Host`, are not permitted.
        """
        answer = self._call("net.fetch", {"url": url, **given({"headers": headers})})
        return Page(answer["status"], answer.get("headers") or {}, answer["text"], bool(answer.get("truncated")))


def given(optional: dict[str, Any]) -> dict[str, Any]:
    """Drops the arguments that were not given."""
    return {name: value for name, value in optional.items() if value is not None}
