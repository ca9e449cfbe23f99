"""Errors between an agent and the lab."""

METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INVALID_REQUEST = -32600
HANDLER_FAILED = -32000
NOT_PERMITTED = -32001
LIMIT_REACHED = -32002
CALL_FAILED = -32003


class ProtocolError(Exception):
    """The other side violated the protocol. Its messages cannot be relied on any more, so the process ends."""


class CallError(Exception):
    """The lab answered a call with an error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @staticmethod
    def of(code: int, message: str) -> "CallError":
        """The error with that code, as a class that handlers can catch."""
        kind = {NOT_PERMITTED: NotPermitted, LIMIT_REACHED: LimitReached, CALL_FAILED: CallFailed}.get(code, CallError)
        return kind(code, message)


class NotPermitted(CallError):
    """`agent.toml` does not request this permission, or it was not granted."""


class LimitReached(CallError):
    """A limit or a budget is exhausted: the same call will fail later, too."""


class CallFailed(CallError):
    """The call was permitted but failed."""
