"""Between NumPy's arrays and the engine's tensors: types, strides, addresses. Nothing is copied unless it says so."""
from __future__ import annotations

import ctypes
import sys

import numpy as np

from . import _c
from .errors import InvalidArgument, ShapeMismatch

#: Numbers of minnow_type, which are ONNX's.
DTYPES = {1: np.dtype(np.float32), 2: np.dtype(np.uint8), 3: np.dtype(np.int8), 4: np.dtype(np.uint16), 5: np.dtype(np.int16),
          6: np.dtype(np.int32), 7: np.dtype(np.int64), 9: np.dtype(np.bool_), 10: np.dtype(np.float16),
          11: np.dtype(np.float64), 12: np.dtype(np.uint32), 13: np.dtype(np.uint64)}
NUMBERS = {dtype: number for number, dtype in DTYPES.items()}
#: As ONNX Runtime names types.
ONNX_NAMES = {np.dtype(np.float32): "float", np.dtype(np.float64): "double"}


def onnx_name(dtype) -> str:
    return f"tensor({ONNX_NAMES.get(dtype, dtype.name)})"


def as_array(value):
    """An array of what is one, of what speaks DLPack (PyTorch, JAX, CuPy on the host), or of numbers; shares memory where it
    can."""
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        return np.from_dlpack(value)
    try:
        return np.asarray(value)
    except (TypeError, RuntimeError, ValueError) as problem:
        raise InvalidArgument(f"no array can be made of a {type(value).__name__}: {problem}") from problem


def _is_regular(array) -> bool:
    """Whether elements lie at whole multiples of their size from each other, aligned, in this machine's byte order."""
    size = array.itemsize
    return array.flags.aligned and array.dtype.isnative and all(stride % size == 0 for stride in array.strides)


def regular(array):
    """The array, or a copy of one that only NumPy can read: fields of records, unaligned or swapped bytes."""
    if _is_regular(array):
        return array
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))


def fill_tensor(tensor, array):
    """Describes a regular array, which has to live as long as the tensor is used."""
    number = NUMBERS.get(array.dtype)
    if number is None:
        raise InvalidArgument(f"there are no tensors of {array.dtype} elements")
    if array.ndim > _c.MAX_RANK:
        raise ShapeMismatch(f"an array of {array.ndim} axes; a tensor has at most {_c.MAX_RANK}")
    size = array.itemsize
    tensor.type, tensor.rank = number, array.ndim
    for axis, (extent, stride) in enumerate(zip(array.shape, array.strides)):
        tensor.shape[axis], tensor.strides[axis] = extent, stride // size
    tensor.data = array.ctypes.data
    return tensor


def tensor_of(array):
    return fill_tensor(_c.Tensor(), array)


def shape_of(tensor):
    return tuple(tensor.shape[:tensor.rank])


class ArenaMemory:
    """What an array that lies in a frame's arena is based on: as long as the array lives, so does the frame's lease, and
    nobody else gets the arena. It knows what the elements stand for."""
    __slots__ = ("__array_interface__", "lease", "quantisation", "__weakref__")

    def __init__(self, tensor, lease, quantisation):
        dtype = DTYPES[tensor.type]
        self.lease, self.quantisation = lease, quantisation
        self.__array_interface__ = {
            "version": 3, "typestr": dtype.str, "data": (tensor.data, False), "shape": shape_of(tensor),
            "strides": tuple(stride * dtype.itemsize for stride in tensor.strides[:tensor.rank])}


def quantisation_of(array):
    """What an array in a frame's arena, or a part of it, stands for; None elsewhere."""
    while isinstance(array, np.ndarray):
        array = array.base
    return getattr(array, "quantisation", None)


_first_byte = ctypes.c_char.from_buffer


def address(array) -> int:
    """As array.ctypes.data; of an array that can be written and has no gaps in a third of the time."""
    try:
        return ctypes.addressof(_first_byte(array))
    except (TypeError, ValueError, BufferError):
        return array.ctypes.data


def input_shapes(shapes):
    """C's shapes of inputs by name, and what they point to."""
    array = (_c.InputShape * max(len(shapes), 1))()
    for entry, (name, shape) in zip(array, shapes.items()):
        try:
            extents = (ctypes.c_int64 * len(shape))(*shape)
        except TypeError as problem:
            raise InvalidArgument(f"the shape of '{name}' is {shape!r}; a session takes whole numbers") from problem
        for given, held in zip(shape, extents):
            _c.fitting(f"an extent of '{name}'", given, held)
        entry.name, entry.shape, entry.rank = name.encode(), extents, len(shape)
    return array


assert sys.byteorder == "little"  # as the engine's files are
