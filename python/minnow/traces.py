"""Looking inside: traces, what compares them, hashes, and where memory goes (docs/when-results-differ.md)."""
from __future__ import annotations

import json
import os
import subprocess
import zipfile
from typing import Mapping, NamedTuple, Optional, Sequence, Union

import numpy as np

from . import _arrays, _c
from .engine import Model, Path, Runtime, Session, is_source
from .errors import Error, InvalidArgument


class Report(NamedTuple):
    """What a comparison found: `minnow diff --json` and `minnow replay --json`."""
    equal: bool       #: within the tolerance; of a replay: no operator's own error is large
    finding: str      #: in sentences
    culprit: Optional[dict]  #: the operator to look at: its entry in `operators`
    operators: list   #: in execution order, with figures
    data: dict        #: all of it

    @classmethod
    def _of(cls, memory: _c.Memory) -> "Report":
        data = json.loads(memory.text())
        operators, culprit = data["operators"], data["culprit"]
        return cls(data["result"] == "equal", data["finding"], None if culprit is None else operators[culprit], operators, data)


def _layerwise(model: Union[Path, Model], threads: int, shapes: Optional[Mapping]) -> Session:
    """A session that runs layer by layer."""
    if isinstance(model, Model):
        return Session(model, shapes=shapes, in_strips=False)
    converts = is_source(model)
    loaded = Model(model, Runtime(threads), verify_weights=True, **({"shapes": shapes} if converts and shapes else {}))
    return Session(loaded, shapes=None if converts else shapes, in_strips=False)


def trace(model: Union[Path, Model], feed: Mapping[str, np.ndarray], output: Path, *, only: str = "", summary: bool = False,
          threads: int = 1, shapes: Optional[Mapping] = None) -> None:
    """Runs a model once, layer by layer, and writes what every operator put out to an .npz file, for numpy.load: arrays by the
    tensors' names in the ONNX file, and "minnow.json" with what is known of them.

    only: a pattern (* ? [abc]) of names and types of operators, or of tensors; the inputs are always there.
    summary: statistics and hashes instead of elements.
    """
    session = _layerwise(model, threads, shapes)
    with session.begin() as frame:
        for info in session.inputs:
            if info.name not in feed:
                raise InvalidArgument(f"no array for the input '{info.name}'")
        for name, given in feed.items():
            array, place = _arrays.as_array(given), frame.input(name)
            if (array.dtype, array.shape) != (place.dtype, place.shape):
                raise InvalidArgument(f"input '{name}' is {place.dtype} {place.shape}, not {array.dtype} {array.shape}")
            place[...] = array
            del place
        loaded = session.model
        _c.trace(loaded.runtime._handle.pointer, loaded._handle.pointer, session._handle.pointer, frame._living().pointer,
                 os.fsencode(output), only.encode(), int(summary))


def diff(a: Path, b: Path, *, tolerance: Sequence[float] = (0, 0)) -> Report:
    """The first operator that differs between two traces; `b` is the reference, of any engine.

    tolerance: (absolute, relative): an element is within it if |a - b| <= absolute + relative * |b|; 0, 0 asks for the same bits.
    Raises an error where the two cannot be compared.
    """
    report = _c.Memory()
    _c.diff(os.fsencode(a), os.fsencode(b), _c.Tolerance(*tolerance), report.bytes)
    return Report._of(report)


def replay(model: Union[Path, Model], reference: Path, *, tolerance: Sequence[float] = (0, 0), threads: int = 1,
           shapes: Optional[Mapping] = None) -> Report:
    """Each operator on the inputs that a reference says it should have had: its own error apart from what it inherits."""
    if shapes is None and not isinstance(model, Model) and is_source(model):
        shapes = _shapes_in(reference)
    session, report = _layerwise(model, threads, shapes), _c.Memory()
    loaded = session.model
    _c.replay(loaded.runtime._handle.pointer, loaded._handle.pointer, session._handle.pointer, os.fsencode(reference),
              _c.Tolerance(*tolerance), report.bytes)
    return Report._of(report)


def _shapes_in(reference: Path) -> Optional[dict]:
    """Where conversion has to know shapes, a trace's inputs say them."""
    try:
        if not zipfile.is_zipfile(reference):
            return None
        with np.load(reference) as arrays:
            info = json.loads(bytes(arrays["minnow.json"])) if "minnow.json" in arrays.files else {}
            return {name: arrays[name].shape for name in info.get("inputs", []) if name in arrays.files}
    except (OSError, ValueError, zipfile.BadZipFile):
        return None  # the engine says better what is wrong with it


def hash(array) -> str:  # noqa: A001  as the verb is called
    """XXH3-128 of the elements in row-major order, 32 digits: what `minnow hash` prints, the same on every machine."""
    import ctypes
    regular = _arrays.regular(_arrays.as_array(array))
    digits = ctypes.create_string_buffer(33)
    _c.tensor_hash(_arrays.tensor_of(regular), digits)
    return digits.value.decode()


def memory(*models: Path, budget: Union[int, str, None] = None, concurrency: int = 1, threads: int = 1,
           shapes: Optional[Mapping[str, object]] = None) -> dict:
    """Leads each model through its life and says what the ledger counts beside what the system sees, all in bytes: what
    `minnow memory --json` prints. It measures a process, and so runs in one of its own.

    budget: bytes, or "24MB": nothing runs, and the answer says whether all fit, and what to do.
    """
    words = [os.fspath(model) for model in models] + ["--json", "--concurrency", str(concurrency), "--threads", str(threads)]
    if budget is not None:
        words += ["--budget", str(budget)]
    for name, shape in (shapes or {}).items():
        words += ["--shape", f"{name}={shape if isinstance(shape, str) else ','.join(map(str, shape))}"]
    done = subprocess.run([str(_c.COMMAND), "memory", *words], capture_output=True, text=True)
    if done.returncode not in (0, 4):
        raise Error(done.stderr.strip().removeprefix("minnow: "))
    return json.loads(done.stdout)
