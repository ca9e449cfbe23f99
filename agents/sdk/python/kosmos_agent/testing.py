"""A lab for testing an agent: it speaks the lab's side of the protocol with an agent in this process, or with a command
in any language, and answers its calls from a script.

    with FakeHost(agent, answers={"llm.complete": {"text": "yes", "value": None, "model": "none"}}) as lab:
        messages = lab.handle("finding_drafted", {"finding": {"id": "h1", "n": 12}})

`FakeHost.of(folder)` reads `agent.toml`: its command, permissions, defaults and what it may publish.
"""

import contextlib
import hashlib
import json
import os
import pprint
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from .agent import PROTOCOL, Agent
from .errors import (
    CALL_FAILED,
    INVALID_PARAMS,
    LIMIT_REACHED,
    METHOD_NOT_FOUND,
    NOT_PERMITTED,
    CallError,
    ProtocolError,
)
from .messages import from_json
from .wire import LINE_LIMIT, Wire, encode

STATE_LIMIT = 1024 * 1024
PERMISSIONS = {"model": "llm.complete", "graph": "graph.query", "sandbox": "sandbox.run", "network": "net.fetch"}
FREE = ("state.get", "state.put", "log")
SDK = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Call:
    """A call that the agent made, with its result or error."""

    method: str
    params: dict[str, Any]
    result: Any
    error: CallError | None = None


class Fallen(Exception):
    """The agent ended, did not answer in time, or violated the protocol."""


class FakeHost:
    """The lab's side of one agent's run.

    `answers` says what calls get, by method: a function of the params, a list whose items are taken one after another, or
    any other value as it is. A function, or an exception in a list, may be or raise a CallError. Without an answer a call
    is not permitted. State and log work by themselves.
    """

    def __init__(
        self,
        agent: Agent | Sequence[str],
        *,
        config: Mapping[str, Any] | None = None,
        answers: Mapping[str, Any] | None = None,
        publishes: Iterable[str] | None = None,
        may: Iterable[str] | None = None,
        name: str = "agent",
        timeout: float = 60.0,
        protocol: int = PROTOCOL,
    ) -> None:
        self.agent = agent
        self.config = dict(config or {})
        self.answers = dict(answers or {})
        self.publishes = None if publishes is None else set(publishes)
        self.may = sorted({*FREE, *(self.answers if may is None else may)})
        self.name = name
        self.timeout = timeout
        self.protocol = protocol
        self.state: dict[str, Any] = {}
        self.logs: list[tuple[str, str]] = []
        self.calls: list[Call] = []
        """All calls so far, whether answered from the journal or not."""
        self.stderr = ""
        """A command's standard error; complete once it has ended."""
        self._journal: dict[str, list[Call]] = {}
        self._attempts: dict[str, int] = {}
        self._numbers = 0

    @classmethod
    def of(
        cls,
        folder: Path,
        *,
        config: Mapping[str, Any] | None = None,
        answers: Mapping[str, Any] | None = None,
        python: str = sys.executable,
        timeout: float = 60.0,
    ) -> "FakeHost":
        """The host of the agent in `folder`, as its `agent.toml` describes it."""
        manifest = tomllib.loads((folder / "agent.toml").read_text("utf-8"))
        permissions = manifest.get("permissions", {})
        known = manifest.get("config", {}).get("properties", {})
        defaults = {key: rule["default"] for key, rule in known.items() if "default" in rule}
        unknown = set(config or {}) - set(known)
        if unknown:
            raise ValueError(f"agent.toml has no configuration {', '.join(sorted(unknown))}")
        config = {**defaults, **(config or {})}
        for key in permissions.get("files", []):
            if config.get(key):
                config[key] = str(Path(config[key]).resolve())
        command = [python if word == "python3" else own(folder, word) for word in manifest["command"]]
        return cls(
            command,
            config=config,
            answers=answers,
            publishes=manifest.get("publishes", []),
            may=[call for key, call in PERMISSIONS.items() if permissions.get(key)],
            name=manifest["name"],
            timeout=timeout,
            protocol=manifest.get("protocol", 1),
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Starts the agent and introduces the lab."""
        self._line = InProcess(self.agent) if isinstance(self.agent, Agent) else Process(self.agent)
        introduction = {"protocol": self.protocol, "agent": self.name, "run": "test-run", "config": self.config}
        introduction |= {"limits": {"deadline_ms": int(self.timeout * 1000)}, "may": self.may}
        try:
            answer = self._ask("initialize", introduction)
            if answer != {"protocol": self.protocol}:
                raise Fallen(f"`initialize` was answered with {answer!r}")
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Ends the agent as the lab does, unless it has ended already."""
        with contextlib.suppress(Fallen, OSError):
            self._ask("shutdown", {})
        self._end()

    def kill(self) -> None:
        """Ends the agent without notice, as a crash would. State from an unanswered event is lost."""
        self._line.kill()
        self._end()

    def restart(self) -> None:
        """Restarts the agent, as after a crash. State and journal remain."""
        self.kill()
        self.start()

    def handle(self, type: str, body: Mapping[str, Any], id: str | None = None) -> list[dict[str, Any]]:
        """Tells an event, and gives the messages. An event that was told before, by `id` or else by what it says, is tried
        again: its calls get the answers of the first time, and other calls than the first time's are an error.

        Raises CallError where the agent answers with an error, ValueError where the lab would refuse a message.
        """
        if id is None:
            text = json.dumps([type, body], sort_keys=True, default=str)
            id = f"m-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        attempt = self._attempts.get(id, 0) + 1
        self._attempts[id] = attempt
        event = {"run": "test-run", "id": id, "attempt": attempt, "type": type, "body": body}
        before = dict(self.state)
        try:
            answer = self._ask("handle", event, id)
        except BaseException:
            self.state = before
            raise
        if not isinstance(answer, dict) or not isinstance(answer.get("messages"), list):
            raise Fallen(f"`handle` was answered with {answer!r}")
        for message in answer["messages"]:
            kind = from_json(message).type
            if self.publishes is not None and kind not in self.publishes:
                raise ValueError(f"agent.toml does not list `{kind}` in `publishes`")
        return list(answer["messages"])

    def send_line(self, line: bytes) -> None:
        """Writes any bytes to the agent."""
        self._line.wire.write(line)

    def _ask(self, method: str, params: Mapping[str, Any], event: str | None = None) -> Any:
        """Sends a request and answers the agent's calls until it replies."""
        self._numbers += 1
        number = f"k{self._numbers}"
        self._line.wire.send({"jsonrpc": "2.0", "id": number, "method": method, "params": dict(params)})
        asked = 0
        while True:
            message = self._line.receive(self.timeout)
            if "method" in message and "id" in message:
                self._line.wire.write(self._reply(message, event, asked))
                asked += message["method"] not in FREE
            elif "method" in message:
                self._answer(message["method"], message.get("params") or {})
            elif message.get("id") != number:
                raise Fallen(f"an answer has the number {message.get('id')!r}, and {number!r} was asked")
            elif "error" in message:
                raise CallError(message["error"]["code"], message["error"]["message"])
            else:
                return message.get("result")

    def _reply(self, message: dict[str, Any], event: str | None, place: int) -> bytes:
        method, params = message["method"], message.get("params") or {}
        journal = self._journal.setdefault(event or "", [])
        known = journal[place] if method not in FREE and place < len(journal) else None
        if known is not None and (known.method, known.params) != (method, params):
            raise AssertionError(
                f"tried again, the agent asks {method} {params} where it asked {known.method} {known.params}"
            )
        if known is not None:
            call = known
        else:
            try:
                if event is None:
                    raise CallError(METHOD_NOT_FOUND, "calls are answered while an event is handled")
                call = Call(method, params, self._answer(method, params))
            except CallError as error:
                call = Call(method, params, None, error)
            if method not in FREE:
                journal.append(call)
        self.calls.append(call)
        answer: dict[str, Any] = {"result": call.result}
        if call.error is not None:
            answer = {"error": {"code": call.error.code, "message": call.error.message}}
        return encode({"jsonrpc": "2.0", "id": message["id"], **answer})

    def _answer(self, method: str, params: dict[str, Any]) -> Any:
        if method == "state.get":
            return self.state.get(params["key"])
        if method == "state.put":
            state = {**self.state, params["key"]: params["value"]}
            if len(json.dumps(state)) > STATE_LIMIT:
                raise CallError(LIMIT_REACHED, "the state has more than 1 MiB")
            self.state = state
            return None
        if method == "log":
            self.logs.append((params["level"], params["message"]))
            return None
        if method not in self.may or method not in self.answers:
            raise CallError(NOT_PERMITTED, f"`{method}` is not permitted to this agent")
        answer = self.answers[method]
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(params) if callable(answer) else answer

    def _end(self) -> None:
        self.stderr += self._line.end(self.timeout)


class InProcess:
    """An Agent object served by a thread."""

    def __init__(self, agent: Agent) -> None:
        (ours_in, theirs_out), (theirs_in, ours_out) = os.pipe(), os.pipe()
        self._from, self._to = os.fdopen(ours_in, "rb"), os.fdopen(ours_out, "wb")
        self._fault: BaseException | None = None
        self.wire = Wire(self._from, self._to)
        self._lines = Lines(self.wire)
        self._thread = threading.Thread(target=self._serve, args=(agent, theirs_in, theirs_out), daemon=True)
        self._thread.start()

    def _serve(self, agent: Agent, reader: int, writer: int) -> None:
        with os.fdopen(reader, "rb") as into, os.fdopen(writer, "wb") as out:
            try:
                agent.serve(into, out)
            except BaseException as error:
                self._fault = error

    def receive(self, timeout: float) -> dict[str, Any]:
        return self._lines.next(timeout, lambda: f" ({self._fault!r})" if self._fault else "")

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self._to.close()

    def end(self, timeout: float) -> str:
        self.kill()
        self._thread.join(timeout)
        self._lines.join()
        self._from.close()
        return ""


class Process:
    """A command, as the lab starts it: in an empty folder of its own, with an empty environment."""

    def __init__(self, command: Sequence[str]) -> None:
        self._scratch = tempfile.mkdtemp(prefix="kosmos-scratch-")
        self._errors = tempfile.TemporaryFile()
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": str(SDK), "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            list(command),
            cwd=self._scratch,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self.wire = Wire(self._process.stdout, self._process.stdin)
        self._lines = Lines(self.wire)

    def receive(self, timeout: float) -> dict[str, Any]:
        return self._lines.next(timeout, lambda: f"; standard error ends with: {self._said()[-1500:]}")

    def kill(self) -> None:
        self._process.kill()

    def end(self, timeout: float) -> str:
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(min(timeout, 10))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise Fallen("the agent does not end when its input does") from None
        finally:
            self._lines.join()
            self._process.stdout.close()
            text = self._said()
            self._errors.close()
            shutil.rmtree(self._scratch, ignore_errors=True)
        return text

    def _said(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.2)  # its last words come with its end
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")


class Lines:
    """The agent's lines, read by a thread so that a silent agent is noticed."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._queue: queue.Queue[dict[str, Any] | Exception | None] = queue.Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            while (message := self._wire.receive()) is not None:
                self._queue.put(message)
            self._queue.put(None)
        except (ProtocolError, OSError, ValueError) as error:
            self._queue.put(error)

    def next(self, timeout: float, more: Callable[[], str]) -> dict[str, Any]:
        try:
            message = self._queue.get(timeout=timeout)
        except queue.Empty:
            raise Fallen(f"the agent said nothing for {timeout:g} s{more()}") from None
        if message is None:
            raise Fallen(f"the agent has ended{more()}")
        if isinstance(message, Exception):
            raise Fallen(f"the agent broke the protocol: {message}{more()}")
        return message

    def join(self) -> None:
        self._thread.join(5)


def own(folder: Path, word: str) -> str:
    """A word of the command: a file of the agent's folder by its path, anything else as it is."""
    return str((folder / word).resolve()) if (folder / word).is_file() else word


def scripts(tables: Mapping[str, Path], python: str = sys.executable) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """An answer to `sandbox.run` that runs the script, in no sandbox. `tables` are the Parquet files of the data sets."""
    runs = 0

    def run(params: dict[str, Any]) -> dict[str, Any]:
        nonlocal runs
        runs += 1
        parameters = dict(params.get("parameters") or {})
        dataset = params.get("dataset") or (next(iter(tables)) if len(tables) == 1 else None)
        if dataset is not None:
            if dataset not in tables:
                raise CallError(INVALID_PARAMS, f"there is no data set `{dataset}`")
            parameters["table"] = str(Path(tables[dataset]).resolve())
        with tempfile.TemporaryDirectory() as folder:
            script = f"PROTOCOL = {pprint.pformat(parameters)}\n\n\n{params['script']}"
            Path(folder, "script.py").write_text(script, "utf-8")
            done = subprocess.run(
                [python, "-s", "-u", "script.py"],
                check=False,
                cwd=folder,
                env={"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
                capture_output=True,
                text=True,
            )
            file = Path(folder, "result.json")
            result = json.loads(file.read_text("utf-8")) if file.is_file() else None
        return {
            "experiment": f"e-{runs}",
            "outcome": "ok" if done.returncode == 0 and isinstance(result, dict) else "failed",
            "result": result,
            "stdout": done.stdout,
            "stderr": done.stderr,
        }

    return run


REFUSED_HEADERS = re.compile(
    r"host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-length|accept-encoding"
    r"|forwarded|via|(proxy|x-forwarded|x-original|sec)-.*"
)
"""Headers that an agent may not set; the lab refuses a few more."""


def network(hosts: Iterable[str] | None = None, timeout: float = 10.0) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """An answer to `net.fetch` that really fetches, from `hosts` only where they are given. Addresses are not checked."""
    allowed = None if hosts is None else set(hosts)

    def check(url: str, code: int) -> str | None:
        host = urllib.parse.urlsplit(url).hostname
        if allowed is not None and host not in allowed:
            raise CallError(code, f"`{host}` is not among the hosts that agent.toml lists")
        return host

    class Redirects(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
            check(newurl, CALL_FAILED)
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Redirects)

    def fetch(params: dict[str, Any]) -> dict[str, Any]:
        host = check(params["url"], NOT_PERMITTED)
        for name in params.get("headers") or {}:
            if REFUSED_HEADERS.fullmatch(name.lower()):
                raise CallError(NOT_PERMITTED, f"the header `{name}` cannot be set by an agent")
        request = urllib.request.Request(params["url"], headers=params.get("headers") or {})
        try:
            with opener.open(request, timeout=timeout) as answer:
                return page(answer)
        except CallError:
            raise
        except urllib.error.HTTPError as error:
            with error:
                return page(error)
        except (OSError, ValueError, EOFError) as error:
            raise CallError(CALL_FAILED, f"`{host}` could not be fetched: {error}") from error
        except Exception as error:  # http.client has errors of its own for answers that break off
            raise CallError(CALL_FAILED, f"`{host}` gave no whole answer: {error!r}") from error

    return fetch


def page(answer: Any) -> dict[str, Any]:
    body = answer.read(LINE_LIMIT + 1)
    told = answer.headers.get("Content-Length")
    if told is not None and len(body) < min(int(told), LINE_LIMIT):
        raise EOFError("the answer breaks off")
    text = body[:LINE_LIMIT].decode(errors="replace")
    # As one line it must still fit.
    text = text[: LINE_LIMIT // 2]
    return {
        "status": answer.status,
        "headers": {key.lower(): value for key, value in answer.headers.items()},
        "text": text,
        "truncated": len(text.encode()) < len(body),
    }
