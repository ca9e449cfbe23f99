"""Passes events to handlers, and returns their messages."""

import contextlib
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias, TypeVar, overload

from . import errors, events
from .errors import CallError, ProtocolError
from .lab import Lab, Occasion
from .messages import Message, shorten
from .wire import Wire, encode

PROTOCOL = 2
"""The newest version of the protocol that this package speaks."""

PROTOCOLS = (1, PROTOCOL)
"""All versions that it speaks. The lab uses the one that the agent's `agent.toml` names."""

HERE = Path(__file__).parent

Answer: TypeAlias = Message | Iterable[Message] | None
Event = TypeVar("Event")
Handler: TypeAlias = Callable[[Event, Lab], Answer]
Registration: TypeAlias = Callable[[Handler[Event]], Handler[Event]]


class Ended(SystemExit):
    """The lab ended the session while a handler was waiting. Not an Exception, so that no handler swallows it."""


class Unhandled(Exception):
    """A handler did not catch the error of a call."""


class Agent:
    """An agent: handlers registered with `on`, and a session with the lab that `run` conducts.

    A handler receives an event's body and the lab. It returns None, a message or several, or is a generator of them.
    An exception is reported to the lab, which tries the event again; none of the handler's messages is sent then.
    """

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler[Any]]] = {}

    @overload
    def on(self, event: Literal["run_started"], /) -> Registration[events.RunStarted]: ...
    @overload
    def on(self, event: Literal["cycle_started"], /) -> Registration[events.CycleStarted]: ...
    @overload
    def on(self, event: Literal["hypotheses_registered"], /) -> Registration[events.HypothesesRegistered]: ...
    @overload
    def on(self, event: Literal["experiments_finished"], /) -> Registration[events.ExperimentsFinished]: ...
    @overload
    def on(self, event: Literal["cycle_judged"], /) -> Registration[events.CycleJudged]: ...
    @overload
    def on(self, event: Literal["finding_drafted"], /) -> Registration[events.FindingDrafted]: ...
    @overload
    def on(self, event: Literal["research_finished"], /) -> Registration[events.ResearchFinished]: ...
    @overload
    def on(self, *event: str) -> Registration[Any]: ...
    def on(self, *event: str) -> Registration[Any]:
        """Registers the decorated function for events of these types. Several for one event are called in order."""

        def register(handler: Handler[Any]) -> Handler[Any]:
            for name in event:
                self._handlers.setdefault(name, []).append(handler)
            return handler

        return register

    def run(self) -> None:
        """Serves the lab on standard input and output until the lab ends the session."""
        reader, writer = take_standard_streams()
        try:
            self.serve(reader, writer)
        except ProtocolError as error:
            sys.exit(f"the conversation with the lab broke: {error}")

    def serve(self, reader: BinaryIO, writer: BinaryIO) -> None:
        """Serves the lab on any two streams."""
        with contextlib.suppress(Ended, BrokenPipeError):
            Conversation(self._handlers, Wire(reader, writer)).hold()


class Conversation:
    """The session of one process with the lab, from `initialize` to `shutdown`."""

    def __init__(self, handlers: dict[str, list[Handler[Any]]], wire: Wire) -> None:
        self._handlers = handlers
        self._wire = wire
        self._lab: Lab | None = None
        self._asked = 0
        # A handler may call from several threads; calls and answers must not mix.
        self._turn = threading.RLock()

    def hold(self) -> None:
        while True:
            self._take(self._next())

    def _next(self) -> dict[str, Any]:
        message = self._wire.receive()
        if message is None:
            raise Ended(0)
        return message

    def _take(self, message: dict[str, Any]) -> None:
        """Answers a request."""
        if "method" not in message:
            raise ProtocolError("an answer came to nothing that was asked")
        if "id" not in message:
            return  # a notification; the lab sends none
        method, params = message["method"], message.get("params") or {}
        try:
            # Encoded here, so that an answer that cannot be sent counts as an error of the handler.
            line = encode(reply(message["id"], {"result": self._answer(method, params)}))
        except ProtocolError:
            raise
        except CallError as error:
            line = encode(reply(message["id"], {"error": {"code": error.code, "message": error.message}}))
        except Exception as error:
            print(traceback.format_exc(), file=sys.stderr, end="", flush=True)
            fault = {"code": errors.HANDLER_FAILED, "message": last_line(error)}
            line = encode(reply(message["id"], {"error": fault}))
        self._wire.write(line)
        if method == "shutdown":
            raise Ended(0)

    def _answer(self, method: str, params: dict[str, Any]) -> Any:
        if method == "initialize":
            return self._introduce(params)
        if method == "handle":
            return {"messages": self._handle(params)}
        if method == "shutdown":
            return None
        raise CallError(errors.METHOD_NOT_FOUND, f"an agent has no method `{method}`")

    def _introduce(self, params: dict[str, Any]) -> dict[str, Any]:
        protocol = params.get("protocol")
        if protocol not in PROTOCOLS:
            spoken = " and ".join(map(str, PROTOCOLS))
            raise CallError(errors.INVALID_PARAMS, f"this agent speaks protocols {spoken}, not {protocol!r}")
        self._lab = Lab(params, self._call, self._notify)
        return {"protocol": protocol}

    def _handle(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        if self._lab is None:
            raise CallError(errors.INVALID_REQUEST, "`initialize` must come first")
        self._lab.occasion = Occasion(event.get("id", ""), event.get("type", ""), event.get("attempt", 1))
        said: list[dict[str, Any]] = []
        for handler in self._handlers.get(event.get("type", ""), []):
            try:
                said += [message.to_json() for message in messages_of(handler(event.get("body") or {}, self._lab))]
            except CallError as error:
                # The call's error has a code of the lab's; a failed event gets the agent's code.
                raise Unhandled(last_line(error)) from error
        return said

    def _call(self, method: str, params: dict[str, Any]) -> Any:
        """Calls the lab and waits for the answer."""
        with self._turn:
            self._asked += 1
            number = self._asked
            self._wire.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
            while True:
                message = self._next()
                if "method" in message:
                    self._interrupted(message)
                elif message.get("id") != number:
                    raise ProtocolError(f"an answer has the number {message.get('id')!r}, and {number} was asked")
                elif "error" in message:
                    error = message["error"] or {}
                    raise CallError.of(error.get("code", errors.CALL_FAILED), error.get("message", "no reason given"))
                else:
                    return message.get("result")

    def _interrupted(self, message: dict[str, Any]) -> None:
        """Handles a request during a call: events come one at a time, so it can only be the end."""
        if message["method"] == "shutdown":
            self._take(message)
        elif "id" in message:
            error = {"code": errors.INVALID_REQUEST, "message": "an event is being handled"}
            self._wire.send(reply(message["id"], {"error": error}))

    def _notify(self, method: str, params: dict[str, Any]) -> None:
        with self._turn:
            self._wire.send({"jsonrpc": "2.0", "method": method, "params": params})


def reply(number: Any, answer: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, **answer}


def messages_of(answer: Answer) -> list[Message]:
    """A handler's result as a list."""
    if answer is None:
        return []
    found = [answer] if isinstance(answer, Message) else list(answer) if isinstance(answer, Iterable) else [answer]
    for message in found:
        if not isinstance(message, Message):
            raise TypeError(f"a handler gives messages, such as Remark(text=...), and not {type(message).__name__}")
    return found


def last_line(error: BaseException) -> str:
    """An exception's message, with the last line of the agent's own code in its traceback."""
    if isinstance(error, Unhandled):
        return str(error)
    text = shorten(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
    places = traceback.extract_tb(error.__traceback__)
    own = [place for place in places if Path(place.filename).parent != HERE] or places
    return f"{text} ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else text


def take_standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """Takes the protocol's streams away from other users: what a handler, a library or a child process
    prints goes to standard error, and reading standard input finds nothing."""
    reader, writer = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)
    return reader, writer
