"""Conversion: from ONNX or TensorFlow Lite to a .minnow model."""
from __future__ import annotations

import ctypes
import json
import os
import subprocess
import tempfile
from typing import Iterable, Mapping, Optional, Sequence, Union

import numpy as np

from . import _c
from .errors import Error, InvalidArgument, Io, Unsupported

#: An axis is a number, a range "32..960", a name "H", or a name with either, "H=32..960".
AskedShape = Union[str, Sequence[Union[int, str]]]


class Conversion:
    """A converted model in memory: Model() takes it, save() writes it, bytes() copies it.

    report: "operators_before", "operators_after", "weight_bytes", "opset", "passes" with their changes, "warnings".
    """

    def __init__(self, memory: _c.Memory, report: Optional[dict] = None):
        self._memory = memory
        self.report = report or {}

    @classmethod
    def of_bytes(cls, model) -> "Conversion":
        """A copy of a .minnow file's bytes where the engine wants them."""
        view = np.frombuffer(model, np.uint8)
        block = np.empty(view.size + 64, np.uint8)
        start = -block.ctypes.data % 64
        block[start:start + view.size] = view
        return cls(_Borrowed(block, start, view.size))

    def __bytes__(self) -> bytes:
        return ctypes.string_at(self._memory.bytes.data, self._memory.bytes.count)

    def save(self, path: Union[str, "os.PathLike[str]"]) -> None:
        """Writes a .minnow file; one that was there is replaced at once, so that programs that have it mapped go on. Of a link it
        is the file that it names; what is no file, as a pipe, is written to."""
        place = os.path.realpath(path)
        is_file = os.path.isfile(place) or not os.path.exists(place)
        written = f"{place}.{os.getpid()}.part" if is_file else place
        try:
            with open(written, "wb") as file:
                file.write((ctypes.c_char * self._memory.bytes.count).from_address(self._memory.bytes.data))
            if is_file:
                os.replace(written, place)
        except OSError as problem:
            if is_file and os.path.exists(written):
                os.remove(written)
            raise Io(f"{os.fspath(path)}: {problem.strerror}") from problem


class _Borrowed:
    """Bytes that NumPy holds, as a Memory."""

    def __init__(self, block, start, count):
        self._block = block
        self.bytes = _c.Bytes(block.ctypes.data + start, count)


def convert(source: Union[str, "os.PathLike[str]"], output: Union[str, "os.PathLike[str]", None] = None, *,
            shapes: Optional[Mapping[str, AskedShape]] = None, values: Optional[Mapping[str, object]] = None,
            bounds: Optional[Mapping[str, int]] = None, disable: Iterable[str] = (), winograd: bool = True,
            optimise: str = "memory", weights: str = "as-they-are", byte_inputs: bool = False) -> Conversion:
    """Turns an .onnx or .tflite file into a .minnow model, as `minnow convert` does, and writes it where `output` says.

    shapes: of inputs by name, {"x": (1, 3, 48, "32..960")}: needed for sizes that the model leaves open.
    values: of inputs that become constants, {"sizes": [1, 64]}, or the name of an .npy file.
    bounds: the most that a size can be which data decide, {"boxes": 300}.
    disable: names of passes to leave out (`minnow convert --list-passes`).
    winograd: False keeps direct convolution's bits.
    optimise: "memory" or "speed"; weights: "as-they-are" or "float16".
    byte_inputs: inputs that the model rounds to bytes are these bytes; report["byte_inputs"] says what they stand for.
    Raises Unsupported, which names all nodes that cannot be converted, with advice.
    """
    if optimise not in ("memory", "speed") or weights not in ("as-they-are", "float16"):
        raise InvalidArgument(f'optimise is {optimise!r}, "memory" or "speed"; weights {weights!r}, "as-they-are" or "float16"')
    passes = list(disable) + ([] if winograd else ["choose-winograd"])
    lists = [_pairs(shapes, _shape), _pairs(values, _numbers), _pairs(bounds, str), _c.words(passes)]
    options = _c.ConvertOptions(for_speed=optimise == "speed", float16_weights=weights == "float16",
                                byte_inputs=int(byte_inputs))
    options.shapes, options.values, options.bounds, options.disabled_passes = (
        ctypes.cast(words, _c.Words) for words in lists)
    model, report = _c.Memory(), _c.Memory()
    _c.convert(os.fsencode(source), options, model.bytes, report.bytes)
    made = Conversion(model, json.loads(report.text()))
    if output is not None:
        made.save(output)
    return made


def quantize(source: Union[str, "os.PathLike[str]"], calibrate, output: Union[str, "os.PathLike[str]", None] = None, *,
             inputs: Optional[Mapping[str, str]] = None, shapes: Optional[Mapping[str, AskedShape]] = None,
             ranges: str = "squares", percentile: float = 99.99, equalise: bool = True, correct_bias: bool = True, keep: int = 0,
             max_error: float = 0, measured: int = 16, threads: int = 1, picture: Sequence[str] = ()) -> Conversion:
    """Turns a float .onnx or .tflite file into a model in integers, as `minnow quantize` does (docs/quantisation.md).

    calibrate: what the model will see: a folder of pictures or .npy files, or arrays of the input's shape.
    inputs: of the other inputs, {"sizes": "const:1"}, as `minnow run --input` has them; shapes: as of convert().
    ranges: "squares", "minmax", "percentile" or "divergence".
    keep: as many of the layers that cost most stay float; max_error: as few as bring the outputs' error to so many percent.
    picture: how pictures become inputs, in the command line's words: ["--color", "bgr", "--scale", "0.0039"].
    The report has "output_error", and "layers" with what each costs by itself ("single") and in the whole ("entire").
    """
    with tempfile.TemporaryDirectory() as folder:
        samples = calibrate if isinstance(calibrate, (str, os.PathLike)) else _saved(calibrate, folder)
        model = os.path.join(folder, "model.minnow")
        words = [f"--{name}={value}" for name, value in (
            ("calibrate", os.fspath(samples)), ("output", model), ("ranges", ranges), ("percentile", percentile),
            ("equalise", "on" if equalise else "off"), ("correct-bias", "on" if correct_bias else "off"), ("keep", keep),
            ("measured", measured), ("threads", threads), *([("max-error", max_error)] if max_error else []))]
        words += [f"--input={name}={spec}" for name, spec in (inputs or {}).items()]
        words += [f"--shape={name}={_shape(shape)}" for name, shape in (shapes or {}).items()]
        done = subprocess.run([str(_c.COMMAND), "quantize", os.fspath(source), *words, *picture, "--json"], capture_output=True,
                              text=True)
        if done.returncode:
            kind = {2: InvalidArgument, 3: Unsupported}.get(done.returncode, Error)
            raise kind(done.stderr.strip().removeprefix("minnow: "))
        with open(model, "rb") as file:
            made = Conversion.of_bytes(file.read())
    made.report = json.loads(done.stdout)
    if output is not None:
        made.save(output)
    return made


def _saved(arrays, folder) -> str:
    """Arrays as a folder of files, in their order."""
    place = os.path.join(folder, "samples")
    os.mkdir(place)
    for number, array in enumerate(arrays):
        np.save(os.path.join(place, f"{number:08d}.npy"), np.asarray(array))
    return place


def _pairs(values, text):
    return _c.words(f"{name}={text(value)}" for name, value in (values or {}).items())


def _shape(shape) -> str:
    return shape if isinstance(shape, str) else ",".join(str(extent) for extent in shape)


def _numbers(value) -> str:
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    return ",".join(repr(number + 0) for number in np.asarray(value).ravel().tolist())  # True is 1
