"""Minnow runs convolutional networks in little memory, with the same bits everywhere.

    import minnow
    session = minnow.InferenceSession("signs.onnx")        # as with ONNX Runtime
    scores, = session.run(None, {"images": pixels})

Runtime, Model, Session and Frame are the engine's own face, without copies; docs/python.md tells all.
"""
from __future__ import annotations

from . import _c, vision
from .conversion import Conversion, convert, quantize
from .engine import Frame, Ledger, MemoryReport, Model, Quantisation, Runtime, Session, TensorInfo
from .errors import (BadModel, Busy, DeviceFailed, Error, Internal, InvalidArgument, Io, NotFound, OutOfMemory, ShapeMismatch,
                     Stopped, Unsupported, VersionMismatch)
from .onnxruntime_face import InferenceSession, NodeArg
from .traces import Report, diff, hash, memory, replay, trace

__version__ = _c.version().decode()
__all__ = [
    "BadModel", "Busy", "Conversion", "DeviceFailed", "Error", "Frame", "InferenceSession", "Internal", "InvalidArgument", "Io",
    "Ledger", "MemoryReport", "Model", "NodeArg", "NotFound", "OutOfMemory", "Quantisation", "Report", "Runtime", "Session",
    "ShapeMismatch", "Stopped", "TensorInfo", "Unsupported", "VersionMismatch", "convert", "cpu_target", "diff", "hash",
    "limit_cpu_target", "memory", "quantize", "replay", "trace", "vision",
]


def cpu_target() -> str:
    """The instruction set whose kernels run: "avx3" (AVX-512), "avx2", "sve", "neon" or "scalar-fma". All give the same bits."""
    return _c.cpu_target().decode()


def limit_cpu_target(name: str = "") -> None:
    """From now on the process uses this target; "" lifts the limit. While no frame runs."""
    _c.limit_cpu_target(name.encode())
