"""JSON-RPC 2.0 on two streams: one object per line, UTF-8, each line ends with a line feed."""

import dataclasses
import json
from typing import IO, Any

from .errors import ProtocolError

LINE_LIMIT = 4 * 1024 * 1024
"""Maximum length of a line in bytes, including its line feed."""


class Wire:
    """Both directions of one session."""

    def __init__(self, reader: IO[bytes], writer: IO[bytes]) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, message: dict[str, Any]) -> None:
        """Writes one object.

        Raises ValueError before a byte is written if it cannot be a line (too long, or not JSON).
        """
        self.write(encode(message))

    def write(self, line: bytes) -> None:
        """Writes a line made by `encode`."""
        self._writer.write(line)
        self._writer.flush()

    def receive(self) -> dict[str, Any] | None:
        """The next object, or None if the other side has closed the stream."""
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
    """Encodes an object as a line."""
    text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=plain)
    try:
        line = text.encode() + b"\n"
    except UnicodeEncodeError:
        # Unpaired surrogates come from broken text. JSON could escape them, but the other side would reject them.
        line = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode() + b"\n"
    if len(line) > LINE_LIMIT:
        raise ValueError(f"{len(line)} bytes are too many: a line may have {LINE_LIMIT}")
    return line


def decode(line: bytes) -> dict[str, Any]:
    """Decodes a line into an object."""
    try:
        message = json.loads(line.decode(), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a line is not JSON: {error}") from error
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise ProtocolError("a line is not a JSON-RPC 2.0 object")
    return message


def refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def plain(value: Any) -> Any:
    """Converts values that a handler may return but JSON lacks: data classes, and numpy's scalars and arrays."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
