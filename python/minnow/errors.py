"""Errors: one exception for each code of minnow/status.h, all of them `minnow.Error`, with the engine's message."""
from __future__ import annotations

_BUILT_IN = {  # what else an exception is, for programs that know nothing of Minnow
    "InvalidArgument": ValueError, "NotFound": LookupError, "Io": OSError, "BadModel": ValueError,
    "VersionMismatch": ValueError, "Unsupported": NotImplementedError, "ShapeMismatch": ValueError,
    "OutOfMemory": MemoryError, "Busy": RuntimeError, "Stopped": RuntimeError, "Internal": RuntimeError,
    "DeviceFailed": RuntimeError,
}


class Error(Exception):
    """What went wrong, in the engine's words: file, node and operator, what was expected, what to do."""

    #: The code's name in minnow/status.h.
    code = "Internal"


def _exception(code):
    built_in = _BUILT_IN[code]
    bases = (Error,) if built_in is RuntimeError else (Error, built_in)
    return type(code, bases, {"code": code, "__module__": "minnow", "__doc__": f"ErrorCode::{code} of minnow/status.h."})


InvalidArgument = _exception("InvalidArgument")
NotFound = _exception("NotFound")
Io = _exception("Io")
BadModel = _exception("BadModel")
VersionMismatch = _exception("VersionMismatch")
Unsupported = _exception("Unsupported")
ShapeMismatch = _exception("ShapeMismatch")
OutOfMemory = _exception("OutOfMemory")
Busy = _exception("Busy")
Stopped = _exception("Stopped")
Internal = _exception("Internal")
DeviceFailed = _exception("DeviceFailed")


def error_of(code: str, message: str) -> Error:
    """The exception of a code."""
    made = globals().get(code) if code in _BUILT_IN else None
    return (made or Internal)(message)
