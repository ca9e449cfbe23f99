"""JSON-RPC 2.0 on two streams: one object a line, UTF-8, each line ended by a line feed."""

import dataclasses
import json
from typing import IO, Any

from .errors import ProtocolError

LINE_LIMIT = 4 * 1024 * 1024
"""The longest line in bytes, its line feed included."""


class Wire:
    """Both directions of one conversation."""

    def __init__(self, reader: IO[bytes], writer: IO[bytes]) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, message: dict[str, Any]) -> None:
        """Writes one object.

        Raises ValueError where it cannot be a line (too long, or no JSON), before a byte of it is written.
        """
        self.write(encode(message))

    def write(self, line: bytes) -> None:
        """Writes a line that `encode` has made."""
        self._writer.write(line)
        self._writer.flush()

    def receive(self) -> dict[str, Any] | None:
        """The next object, or None where the other side has closed the stream."""
        line = self._reader.readline(LINE_LIMIT + 1)
        if not line:
            return None
        if not line.endswith(b"\n"):
            raise ProtocolError(
                f"a line has more than {LINE_LIMIT} bytes"
                if len(line) > LINE_LIMIT
                else "the stream ends inside a line"
            )
        return decode(line)


def encode(message: dict[str, Any]) -> bytes:
    """The line of an object."""
    text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=plain)
    try:
        line = text.encode() + b"\n"
    except UnicodeEncodeError:
        # Halves of surrogate pairs come from broken text. JSON could escape them, but no other side would take them.
        line = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode() + b"\n"
    if len(line) > LINE_LIMIT:
        raise ValueError(f"{len(line)} bytes are too many: a line may have {LINE_LIMIT}")
    return line


def decode(line: bytes) -> dict[str, Any]:
    """The object of a line."""
    try:
        message = json.loads(line.decode(), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a line is no JSON: {error}") from error
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise ProtocolError("a line is no object of JSON-RPC 2.0")
    return message


def refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def plain(value: Any) -> Any:
    """What JSON has no word for, but a handler may well return: data classes, and the scalars and arrays of numpy."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
