"""InferenceSession as users of ONNX Runtime write it."""
from __future__ import annotations

import os
import warnings
from typing import Mapping, NamedTuple, Optional, Sequence, Union

from . import _arrays
from .engine import Model, Path, Runtime, Session, is_source
from .errors import InvalidArgument, Unsupported

_CPU = "CPUExecutionProvider"


class NodeArg(NamedTuple):
    """An input or output; an axis of `shape` that may be resized is its name, or None."""
    name: str
    shape: list
    type: str  #: "tensor(float)"


class InferenceSession:
    """A model in a runtime of its own, or in `runtime`, whose arenas it then shares with others.

        session = minnow.InferenceSession("signs.onnx")
        scores, = session.run(None, {"images": pixels})

    path_or_bytes: a .minnow, .onnx or .tflite file, or a model's bytes.
    sess_options: anything with `intra_op_num_threads`, as ONNX Runtime's SessionOptions; `threads` says the same. Without
        either: as many as this process has CPUs.
    providers: has to name CPUExecutionProvider, where it names any; others are passed over with a warning.
    shapes: of inputs by name, where the model leaves sizes open (minnow.convert).
    """

    def __init__(self, path_or_bytes: Union[Path, bytes], sess_options=None, providers: Optional[Sequence] = None, *,
                 threads: int = 0, runtime: Optional[Runtime] = None, shapes: Optional[Mapping] = None):
        _check_providers(providers)
        if runtime is None:
            runtime = Runtime(threads or getattr(sess_options, "intra_op_num_threads", 0) or len(os.sched_getaffinity(0)))
        elif threads:
            raise InvalidArgument("threads are the runtime's, which is given: Runtime(threads=…)")
        converts = not isinstance(path_or_bytes, (str, os.PathLike)) or is_source(path_or_bytes)
        model = Model(path_or_bytes, runtime, **({"shapes": shapes} if converts and shapes else {}))
        self._session = Session(model, shapes=None if converts else shapes)
        self._names = [info.name for info in self._session.outputs]

    def get_inputs(self) -> list:
        """Names, shapes and types; what may be resized is named, as in the file."""
        return [NodeArg(info.name, [self._axis(info, axis) for axis in range(len(info.shape))], _arrays.onnx_name(info.dtype))
                for info in self._session.inputs]

    def _axis(self, info, axis):
        name, least, most = self._session.extent(info.name, axis)
        return info.shape[axis] if least == most or not name else name

    def get_outputs(self) -> list:
        """Names, types, and shapes as they are planned now."""
        return [NodeArg(info.name, list(info.shape), _arrays.onnx_name(info.dtype)) for info in self._session.outputs]

    def get_providers(self) -> list:
        return [_CPU]

    @property
    def session(self) -> Session:
        """The engine's own session behind it."""
        return self._session

    def run(self, output_names: Optional[Sequence[str]], input_feed: Mapping, run_options=None) -> list:
        """One inference. `output_names` None: all outputs. Where shapes are others than last time, the session is planned anew
        for them, if the model was converted so that it can."""
        names = self._names if output_names is None else output_names
        return self._session._infer(input_feed, names, resizes=True)


def _check_providers(providers):
    """Others than the CPU are passed over with a warning where the CPU is in the list too, as ONNX Runtime does."""
    names = [provider if isinstance(provider, str) else provider[0] for provider in providers or ()]
    others = [name for name in names if name != _CPU]
    if not others:
        return
    words = f"there is no {', '.join(others)} here, {_CPU} alone; Session(backends=\"cl,cpu\") computes on devices"
    if _CPU not in names:
        raise Unsupported(words)
    warnings.warn(words, stacklevel=3)
