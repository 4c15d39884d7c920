"""The C functions of libminnow_tools.so, by ctypes.

ctypes is in Python itself and lets go of the GIL during a call. So there is nothing to compile for each Python, and one wheel a
platform serves all of them; what a call costs more than in C is told in docs/python.md.
"""
from __future__ import annotations

import ctypes
import os
import pathlib
from ctypes import POINTER, c_char_p, c_double, c_float, c_int, c_int32, c_int64, c_size_t, c_ssize_t, c_void_p

from .errors import InvalidArgument, error_of

MAX_RANK = 8
_HERE = pathlib.Path(__file__).resolve().parent
#: The library; MINNOW_LIBRARY names another one, of a build folder say.
PATH = pathlib.Path(os.environ.get("MINNOW_LIBRARY") or _HERE / "lib/libminnow_tools.so")
#: The command line lies beside it.
COMMAND = PATH.with_name("minnow")


class Sized(ctypes.Structure):
    """Options and accounts that begin with their size, and then with C's defaults, MINNOW_…_INIT."""
    _defaults_ = {}

    def __init__(self, **members):
        super().__init__(size=ctypes.sizeof(self), **{**self._defaults_, **members})
        for name, given in members.items():
            if isinstance(given, int):
                fitting(name, given, getattr(self, name))


def fitting(name, given, held):
    """ctypes cuts integers off without a word: -1 bytes would be no limit, and a crop at 2**32 one at 0."""
    if given != held:
        raise InvalidArgument(f"{name} is {given}, which is out of range")


def sized(name, members, **defaults):
    fields = [("size", c_size_t), *members]
    return type(name, (Sized,), {"_fields_": fields, "_defaults_": defaults, "__doc__": f"minnow_{name} of the C headers."})


class Tensor(ctypes.Structure):
    """minnow_tensor of minnow.h."""
    _fields_ = [("type", c_int), ("rank", c_int), ("shape", c_int64 * MAX_RANK), ("strides", c_int64 * MAX_RANK),
                ("data", c_void_p)]


class Bytes(ctypes.Structure):
    """minnow_bytes of minnow_vision.h."""
    _fields_ = [("data", c_void_p), ("count", c_size_t)]


class Extent(ctypes.Structure):
    """minnow_extent of minnow.h."""
    _fields_ = [("name", c_char_p), ("least", c_int64), ("most", c_int64)]


class InputShape(ctypes.Structure):
    """minnow_input_shape of minnow.h."""
    _fields_ = [("name", c_char_p), ("shape", POINTER(c_int64)), ("rank", c_int)]


class Tolerance(ctypes.Structure):
    """minnow_tolerance of minnow_tools.h."""
    _fields_ = [("absolute", c_double), ("relative", c_double)]


Words = POINTER(c_char_p)
RuntimeOptions = sized("runtime_options", [
    ("threads", c_int), ("concurrency", c_int), ("memory_budget", c_size_t), ("kernel_cache", c_char_p)],
    threads=1, concurrency=1)
Ledger = sized("ledger", [(name, c_size_t) for name in (
    "model_bytes", "static_bytes", "dynamic_bytes", "heap_bytes", "device_bytes")])
InterpreterOptions = sized("interpreter_options", [("verify_weights", c_int), ("reserved", c_int)])
SessionOptions = sized("session_options", [
    ("wait_for_arena", c_int), ("in_strips", c_int), ("frames", c_int), ("reserved", c_int), ("backends", c_char_p),
    ("paths", c_void_p), ("path_count", c_size_t), ("auto_paths", c_int), ("precision", c_int)],
    wait_for_arena=1, in_strips=1, frames=1)
MemoryReport = sized("memory_report", [(name, c_size_t) for name in (
    "model_bytes", "static_bytes", "dynamic_bytes", "lower_bound_bytes", "metadata_bytes", "device_bytes")])
Quantisation = sized("quantisation", [
    ("scales", POINTER(c_float)), ("zero_points", POINTER(c_int32)), ("scale_count", c_size_t), ("zero_point_count", c_size_t),
    ("axis", c_int), ("rule", c_int)])
Image = sized("image", [
    ("data", c_void_p), ("width", c_int), ("height", c_int), ("row_bytes", c_ssize_t), ("format", c_int), ("matrix", c_int),
    ("chroma", c_void_p * 2), ("chroma_row_bytes", c_ssize_t * 2), ("full_range", c_int), ("reserved", c_int)])
PreProcess = sized("pre_process", [
    ("fit", c_int), ("anchor", c_int), ("colour", c_int), ("channels", c_int), ("mean", c_float * 3), ("scale", c_float * 3),
    ("pad", c_float * 3), ("has_alpha", c_int), ("alpha", c_float), ("crop_x", c_int), ("crop_y", c_int),
    ("crop_width", c_int), ("crop_height", c_int), ("quarters", c_int), ("mirror", c_int), ("nearest", c_int), ("byte_zero", c_int),
    ("byte_scale", c_float)],
    scale=(1, 1, 1), byte_scale=1)
Placement = sized("placement", [
    ("scale_x", c_double), ("scale_y", c_double), ("offset_x", c_double), ("offset_y", c_double), ("quarters", c_int),
    ("mirror", c_int), ("width", c_int), ("height", c_int)])
ConvertOptions = sized("convert_options", [
    ("shapes", Words), ("values", Words), ("bounds", Words), ("disabled_passes", Words), ("for_speed", c_int),
    ("float16_weights", c_int), ("byte_inputs", c_int)])

#: Functions that return a status, with their arguments. A handle is a c_void_p.
_FALLIBLE = {
    "limit_cpu_target": [c_char_p],
    "runtime_create": [POINTER(RuntimeOptions), POINTER(c_void_p)],
    "runtime_ledger": [c_void_p, POINTER(Ledger), POINTER(Ledger)],
    "runtime_predicted": [c_void_p, c_int, POINTER(MemoryReport)],
    "interpreter_create_from_file": [c_void_p, c_char_p, POINTER(InterpreterOptions), POINTER(c_void_p)],
    "interpreter_create_from_buffer": [c_void_p, c_void_p, c_size_t, POINTER(InterpreterOptions), POINTER(c_void_p)],
    "interpreter_input_extent": [c_void_p, c_size_t, c_int, POINTER(Extent)],
    "interpreter_create_session_for": [c_void_p, POINTER(SessionOptions), POINTER(InputShape), c_size_t, POINTER(c_void_p)],
    "session_describe_input": [c_void_p, c_size_t, POINTER(Tensor)],
    "session_describe_output": [c_void_p, c_size_t, POINTER(Tensor)],
    "session_quantisation": [c_void_p, c_int, c_size_t, POINTER(Quantisation)],
    "session_resize_inputs": [c_void_p, POINTER(InputShape), c_size_t],
    "session_memory": [c_void_p, POINTER(MemoryReport)],
    "session_begin": [c_void_p, POINTER(c_void_p)],
    "session_infer": [c_void_p, POINTER(Tensor), c_size_t, POINTER(Tensor), c_size_t],
    "frame_input": [c_void_p, c_char_p, POINTER(Tensor)],
    "frame_output": [c_void_p, c_char_p, POINTER(Tensor)],
    "frame_run": [c_void_p],
    "pre_process_for": [c_int, POINTER(Quantisation), POINTER(PreProcess)],
    "write_image": [POINTER(Image), POINTER(PreProcess), POINTER(Tensor), POINTER(Placement)],
    "read_image": [c_char_p, POINTER(Bytes), POINTER(Image)],
    "convert": [c_char_p, POINTER(ConvertOptions), POINTER(Bytes), POINTER(Bytes)],
    "tensor_hash": [POINTER(Tensor), c_char_p],
    "trace": [c_void_p, c_void_p, c_void_p, c_void_p, c_char_p, c_char_p, c_int],
    "diff": [c_char_p, c_char_p, Tolerance, POINTER(Bytes)],
    "replay": [c_void_p, c_void_p, c_void_p, c_char_p, Tolerance, POINTER(Bytes)],
}
#: The others, with their result.
_PLAIN = {
    "last_error": (c_char_p, []),
    "status_name": (c_char_p, [c_int]),
    "version": (c_char_p, []),
    "cpu_target": (c_char_p, []),
    "runtime_destroy": (None, [c_void_p]),
    "interpreter_release_model": (None, [c_void_p]),
    "interpreter_destroy": (None, [c_void_p]),
    "session_destroy": (None, [c_void_p]),
    "session_input_count": (c_size_t, [c_void_p]),
    "session_output_count": (c_size_t, [c_void_p]),
    "session_input_name": (c_char_p, [c_void_p, c_size_t]),
    "session_output_name": (c_char_p, [c_void_p, c_size_t]),
    "frame_destroy": (None, [c_void_p]),
    "placement_to_picture": (None, [POINTER(Placement), c_double, c_double, POINTER(c_double)]),
    "bytes_destroy": (None, [POINTER(Bytes)]),
}


def _opened():
    try:
        return ctypes.CDLL(str(PATH))
    except OSError as problem:
        raise ImportError(f"{PATH} cannot be loaded: {problem}. A wheel has it in minnow/lib; MINNOW_LIBRARY names one of a "
                          "build folder") from problem


LIBRARY = _opened()


def _last_error(status):
    return error_of(LIBRARY.minnow_status_name(status).decode(), LIBRARY.minnow_last_error().decode(errors="replace"))


def _check(status, function, arguments):
    if status:
        raise _last_error(status)


def _bound(name, result, arguments):
    function = getattr(LIBRARY, "minnow_" + name)
    function.restype, function.argtypes = result, arguments
    return function


for _name, (_result, _arguments) in _PLAIN.items():
    globals()[_name] = _bound(_name, _result, _arguments)
for _name, _arguments in _FALLIBLE.items():
    _function = globals()[_name] = _bound(_name, c_int, _arguments)
    _function.errcheck = _check


class Handle:
    """What the library made; destroyed when nothing refers to it, and before what it was made from, which it keeps."""
    __slots__ = ("pointer", "parent", "_destroy", "__weakref__")

    def __init__(self, create, destroy, *arguments, parent=None):
        self.pointer = None
        self.parent, self._destroy = parent, destroy
        made = c_void_p()
        create(*arguments, ctypes.byref(made))
        self.pointer = made

    def __del__(self):
        if self.pointer is not None:
            self._destroy(self.pointer)


class Memory:
    """A minnow_bytes of our own, freed with the last reference."""
    __slots__ = ("bytes", "_destroy")

    def __init__(self):
        self.bytes, self._destroy = Bytes(), bytes_destroy  # noqa: F821

    def __del__(self):
        self._destroy(self.bytes)

    def text(self) -> str:
        return ctypes.string_at(self.bytes.data, self.bytes.count).decode(errors="replace")


def words(values):
    """A list of C's words, which ends with NULL."""
    encoded = [str(value).encode() for value in values]
    return (c_char_p * (len(encoded) + 1))(*encoded, None)
