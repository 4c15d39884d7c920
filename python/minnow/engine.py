"""The engine's own face: Runtime → Model → Session → Frame, as minnow/runtime.h has it.

    runtime = minnow.Runtime(threads=2)
    model = minnow.Model("signs.minnow", runtime)
    session = minnow.Session(model)
    with session.begin() as frame:           # leases an arena, in which inputs and outputs lie
        frame.input("images")[...] = pixels  # no copy but this one
        frame.run()
        print(frame.output("scores").argmax())
"""
from __future__ import annotations

import ctypes
import math
import os
import threading
import weakref
from typing import Iterable, Mapping, NamedTuple, Optional, Sequence, Union

import numpy as np

from . import _arrays, _c
from .conversion import Conversion, convert
from .errors import Busy, Error, InvalidArgument, NotFound, ShapeMismatch

Path = Union[str, "os.PathLike[str]"]
_MAGIC = b"MINNOW\r\n"
_IN_MEMORY = "model in memory"  # as the engine calls what has no file


class Ledger(NamedTuple):
    """Bytes that are held (minnow/memory.h, MemoryLedger)."""
    model_bytes: int    #: of model files and buffers, except weights
    static_bytes: int   #: weights and other constants
    dynamic_bytes: int  #: arenas: feature maps and workspace
    heap_bytes: int     #: graphs, plans and names
    device_bytes: int   #: of a device's own memory

    @property
    def total(self) -> int:
        return sum(self)


class MemoryReport(NamedTuple):
    """Bytes that are needed (minnow/memory.h, MemoryReport)."""
    model_bytes: int
    static_bytes: int
    dynamic_bytes: int
    lower_bound_bytes: int  #: no arena can be smaller
    metadata_bytes: int
    device_bytes: int

    @property
    def total(self) -> int:
        return sum(self) - self.lower_bound_bytes


def _taken(kind, account):
    return kind._make(getattr(account, name) for name in kind._fields)


class Runtime:
    """Threads, the arenas that sessions share, and the memory budget. One a process as a rule.

    threads: that compute, the callers' included; frames that run at once share them. Results do not depend on it.
    concurrency: frames that may be under way at once; each has an arena as large as the largest plans need.
    memory_budget: most bytes that everything made from it may hold; 0 for no limit. What does not fit is refused with
        OutOfMemory, and nothing changes.
    """

    def __init__(self, threads: int = 1, concurrency: int = 1, memory_budget: int = 0):
        options = _c.RuntimeOptions(threads=threads, concurrency=concurrency, memory_budget=memory_budget)
        self._handle = _c.Handle(_c.runtime_create, _c.runtime_destroy, ctypes.byref(options))
        self._leases = weakref.WeakSet()  # of frames, and of arrays that outlive theirs
        self._leases_lock = threading.Lock()

    def ledger(self) -> Ledger:
        """What is held now."""
        return self._ledgers()[0]

    def peak(self) -> Ledger:
        """What was held at the moment of the largest total."""
        return self._ledgers()[1]

    def _ledgers(self):
        both = _c.Ledger(), _c.Ledger()
        _c.runtime_ledger(self._handle.pointer, *both)
        return [_taken(Ledger, account) for account in both]

    def predicted(self, concurrency: int = 0) -> MemoryReport:
        """What all models and sessions that exist need at `concurrency` frames at once (0: the runtime's own)."""
        report = _c.MemoryReport()
        _c.runtime_predicted(self._handle.pointer, concurrency, report)
        return _taken(MemoryReport, report)

    def _living_leases(self) -> list:
        with self._leases_lock:
            return list(self._leases)

    def _explained(self, busy: Busy) -> Busy:
        """With the arrays named that keep an arena."""
        kept = sorted({name for lease in self._living_leases() if lease.has_ended for name in lease.names()})
        if not kept:
            return busy
        names = ", ".join(f"'{name}'" for name in kept)
        return Busy(f"{busy}. Arrays of frames that have ended still lie in their arenas: {names}. Keep a copy, as "
                    f"frame.output('{kept[0]}').copy(), or delete them before the next frame begins")


class Model:
    """A loaded model. An .onnx or .tflite file is converted in memory, by `conversion` (see minnow.convert); a .minnow file is
    mapped, and must stay as it is while the model is in use (it may be deleted, or replaced by renaming)."""

    def __init__(self, source: Union[Path, bytes, Conversion], runtime: Optional[Runtime] = None, *,
                 verify_weights: bool = False, **conversion):
        self.runtime = runtime or Runtime()
        #: For messages: the file.
        self.name = os.fspath(source) if isinstance(source, (str, os.PathLike)) else _IN_MEMORY
        options = _c.InterpreterOptions(verify_weights=int(verify_weights))
        held = _held(source, conversion)
        runtime_pointer = self.runtime._handle.pointer
        if held is None:
            self._handle = _c.Handle(_c.interpreter_create_from_file, _c.interpreter_destroy, runtime_pointer,
                                     os.fsencode(source), ctypes.byref(options), parent=self.runtime._handle)
        else:
            self._handle = _c.Handle(_c.interpreter_create_from_buffer, _c.interpreter_destroy, runtime_pointer,
                                     held.bytes.data, held.bytes.count, ctypes.byref(options),
                                     parent=(self.runtime._handle, held))

    def release_model(self) -> None:
        """Tells the system that the file's pages are not needed now."""
        _c.interpreter_release_model(self._handle.pointer)


    def _told(self, error: Error) -> Error:
        """The error with the file named that the model was converted from, and what keeps an arena."""
        named = type(error)(str(error).replace(_IN_MEMORY, str(self.name), 1))
        return self.runtime._explained(named) if isinstance(named, Busy) else named


def _held(source, conversion) -> Optional[_c.Memory]:
    """A model's bytes; None for a .minnow file."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        source = Conversion.of_bytes(source) if bytes(source[:len(_MAGIC)]) == _MAGIC else _converted_bytes(source, conversion)
    elif not isinstance(source, Conversion) and is_source(source):
        source = convert(source, **conversion)
    elif conversion:
        raise InvalidArgument(f"{', '.join(conversion)}: only what is converted takes that, and this is a model already")
    return source._memory if isinstance(source, Conversion) else None


def _converted_bytes(source, conversion):
    import tempfile
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        file.write(source)
        file.flush()
        try:
            return convert(file.name, **conversion)
        except Error as error:  # the file is ours, and gone when the message is read
            raise type(error)(str(error).replace(file.name, _IN_MEMORY)) from None


def is_source(path: Path) -> bool:
    """Whether a file has to be converted first: .onnx or .tflite."""
    return os.path.splitext(os.fspath(path))[1].lower() in (".onnx", ".tflite")


class Quantisation(NamedTuple):
    """What a tensor's integers stand for: (integer - zero point) * scale.

    scales, zero_points: arrays of one number, or one a position along `axis`; -1 where one scale is the whole tensor's.
    rule: whose arithmetic makes the integers, "ONNX Runtime" or "TensorFlow Lite".
    """
    scales: np.ndarray
    zero_points: np.ndarray
    axis: int
    rule: str

    def dequantised(self, integers: np.ndarray) -> np.ndarray:
        """The real numbers, float32."""
        steps = integers.astype(np.int32) - self._along(self.zero_points, integers)
        return steps.astype(np.float32) * self._along(self.scales, integers)

    def quantised(self, numbers: np.ndarray, dtype) -> np.ndarray:
        """The nearest integers of a type, halves to even; of NaN the least."""
        steps = np.rint(np.asarray(numbers, np.float32) / self._along(self.scales, numbers))
        limits = np.iinfo(dtype)
        above = np.fmax(steps + self._along(self.zero_points, numbers), limits.min)
        return np.fmin(above, limits.max).astype(dtype)

    def _along(self, row, tensor):
        return row if self.axis < 0 or len(row) == 1 else row.reshape([-1] + [1] * (np.ndim(tensor) - self.axis - 1))


class TensorInfo(NamedTuple):
    """An input or output of a session: `shape` is what is planned for; what depends on data may turn out smaller."""
    name: str
    dtype: np.dtype
    shape: tuple
    quantisation: Optional[Quantisation] = None


class Session:
    """A model made ready for the sizes of its inputs. It holds no feature-map memory: frames lease that from the runtime.

    shapes: of inputs by name, where they are not to be what the model was converted for.
    wait: whether begin() and run() wait for a free arena, or raise Busy.
    frames: that may be alive at a time.
    in_strips: False computes layer by layer, for traces: the same bits in more memory.
    backends: where operators are computed, "cpu" or "cl,cpu".
    """

    def __init__(self, model: Model, *, shapes: Optional[Mapping[str, Sequence[int]]] = None, wait: bool = True,
                 frames: int = 1, in_strips: bool = True, backends: str = "cpu"):
        self.model = model
        options = _c.SessionOptions(wait_for_arena=int(wait), frames=frames, in_strips=int(in_strips),
                                    backends=backends.encode())
        shapes = shapes or {}
        try:
            self._handle = _c.Handle(_c.interpreter_create_session_for, _c.session_destroy, model._handle.pointer,
                                     ctypes.byref(options), _arrays.input_shapes(shapes), len(shapes), parent=model._handle)
        except Error as error:
            raise model._told(error) from None
        self._lock = threading.Lock()  # of run() and resize()
        self._describe()

    def _describe(self) -> None:
        pointer = self._handle.pointer
        self.inputs = _infos(pointer, _c.session_input_count, _c.session_input_name, _c.session_describe_input, 0)
        self.outputs = _infos(pointer, _c.session_output_count, _c.session_output_name, _c.session_describe_output, 1)
        self._call = _InferenceCall(pointer, self.inputs, self.outputs)

    def extent(self, name: str, axis: int) -> tuple:
        """What resizing may make of an input's axis: its name or "", the least and the most."""
        found = _c.Extent()
        names = [info.name for info in self.inputs]
        if name not in names:
            raise NotFound(f"the model has no input '{name}'; it has: {', '.join(names)}")
        index = names.index(name)
        _c.interpreter_input_extent(self.model._handle.pointer, index, axis, found)
        return (found.name or b"").decode(), found.least, found.most

    def resize(self, shapes: Mapping[str, Sequence[int]]) -> None:
        """Plans anew for other shapes of some inputs; axes of one name have one extent. On error all stays as it was."""
        self._enter()
        try:
            self._plan(shapes)
        except Error as error:
            raise self.model._told(error) from None
        finally:
            self._lock.release()

    def _enter(self) -> None:
        """Takes the lock. A thread that has an arena does not wait: who is inside may be waiting for that arena."""
        if self._lock.acquire(blocking=False):
            return
        thread = threading.get_ident()
        if any(lease.thread == thread for lease in self.model.runtime._living_leases()):
            raise Busy("another thread is inside this session, and may wait for the arena that this thread's frame, or an array "
                       "of one, holds; end the frame before")
        self._lock.acquire()

    def memory(self) -> MemoryReport:
        """What the session needs with its model."""
        report = _c.MemoryReport()
        _c.session_memory(self._handle.pointer, report)
        return _taken(MemoryReport, report)

    def begin(self) -> "Frame":
        """Leases an arena: `with session.begin() as frame: …` gives it back."""
        try:
            return Frame(self)
        except Error as error:
            raise self.model._told(error) from None

    def run(self, feed: Mapping[str, "np.ndarray"], outputs: Optional[Iterable[str]] = None) -> dict:
        """One inference: arrays by the inputs' names in, row-major arrays of their own by the outputs' names out.

        feed: arrays of the inputs' types and shapes, of any strides, or what speaks DLPack.
        outputs: names of those that are wanted; None for all.
        Calls from several threads run one after another; sessions of one runtime run side by side, as many as its
        `concurrency`.
        """
        names = [info.name for info in self.outputs] if outputs is None else list(outputs)
        return dict(zip(names, self._infer(feed, names)))

    def _infer(self, feed, names, resizes: bool = False) -> list:
        """resizes: whether arrays of other shapes have the session planned anew."""
        self._enter()
        try:
            return self._resizing(feed, names) if resizes else self._call.run(feed, names)
        except Error as error:
            raise self.model._told(error) from None
        finally:
            self._lock.release()

    def _resizing(self, feed, names) -> list:
        """In one lock, or another thread's shapes would come between."""
        try:
            return self._call.run(feed, names)
        except ShapeMismatch:
            shapes = {info.name: tuple(np.shape(feed[info.name])) for info in self.inputs}
            if all(shapes[info.name] == info.shape for info in self.inputs):
                raise
        self._plan(shapes)
        return self._call.run(feed, names)

    def _plan(self, shapes) -> None:
        _c.session_resize_inputs(self._handle.pointer, _arrays.input_shapes(shapes), len(shapes))
        self._describe()


def _infos(pointer, count, name, describe, output):
    infos = []
    for index in range(count(pointer)):
        tensor, by = _c.Tensor(), _c.Quantisation()
        describe(pointer, index, tensor)
        _c.session_quantisation(pointer, output, index, by)
        infos.append(TensorInfo(name(pointer, index).decode(), _arrays.DTYPES[tensor.type], _arrays.shape_of(tensor),
                                _quantisation_of(by)))
    return tuple(infos)


def _quantisation_of(by) -> Optional[Quantisation]:
    """A copy: the library's own lives no longer than the model."""
    if by.scale_count == 0:
        return None
    return Quantisation(np.array(by.scales[:by.scale_count], np.float32),
                        np.array(by.zero_points[:by.zero_point_count], np.int32), by.axis,
                        {0: "ONNX Runtime", 1: "TensorFlow Lite"}.get(by.rule, ""))


def _plain_strides(info: TensorInfo) -> tuple:
    strides, step = [], info.dtype.itemsize
    for extent in reversed(info.shape):
        strides.append(step)
        step *= extent
    return tuple(reversed(strides))


class _InferenceCall:
    """minnow_session_infer with its tensors made once: what is left to do for each call is what differs."""

    def __init__(self, pointer, inputs, outputs):
        self._session, self._infos = pointer, inputs
        self._in = (_c.Tensor * max(len(inputs), 1))()
        self._out = (_c.Tensor * max(len(outputs), 1))()
        self._rows = [(index, info.name, info.dtype, info.shape, _plain_strides(info), tensor)
                      for index, (info, tensor) in enumerate(zip(inputs, self._in))]
        self._is_plain = [False] * len(inputs)  # whether the tensor describes a row-major array
        self._results = {info.name: (info.shape, info.dtype, list(info.shape), tensor)
                         for info, tensor in zip(outputs, self._out)}
        infer = _c.LIBRARY["minnow_session_infer"]  # of its own: without a check of the status in Python
        infer.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t]
        infer.restype = ctypes.c_int
        self._infer = infer
        self._arguments = (pointer, ctypes.addressof(self._in), len(inputs), ctypes.addressof(self._out), len(outputs))

    def run(self, feed, names):
        alive = []  # what the tensors point to
        for row in self._rows:
            index, name, dtype, shape, plain, tensor = row
            array = feed.get(name)
            if (type(array) is np.ndarray and self._is_plain[index] and array.dtype == dtype and array.shape == shape
                    and array.strides == plain):
                tensor.data = _arrays.address(array)
            else:
                array = self._take(row, array, feed)
            alive.append(array)
        if len(feed) != len(alive):
            self._refuse_names(feed)
        made = {}
        for name in names:
            if name not in self._results:
                raise NotFound(f"the model has no output '{name}'; it has: {', '.join(self._results)}")
            shape, dtype, _, tensor = self._results[name]
            array = np.empty(shape, dtype)
            tensor.data = _arrays.address(array)
            made[name] = array
        status = self._infer(*self._arguments)
        for tensor in self._out:  # what is not asked for again is not to be written
            tensor.data = None
        if status:
            raise _c._last_error(status)
        for name in made:
            _, _, planned, tensor = self._results[name]
            shape = tensor.shape[:len(planned)]
            if shape != planned:  # less came out than there was room for
                made[name] = made[name].reshape(-1)[:math.prod(shape)].reshape(shape).copy()
        return [made[name] for name in names]

    def _take(self, row, array, feed):
        """Describes an input, and returns what keeps it alive."""
        index, _, _, _, plain, tensor = row
        if array is None:
            self._refuse_names(feed)
        array = _arrays.regular(_arrays.as_array(array))
        self._is_plain[index] = False
        _arrays.fill_tensor(tensor, array)
        info = self._infos[index]
        self._is_plain[index] = (array.dtype, array.shape, array.strides) == (info.dtype, info.shape, plain)
        return array

    def _refuse_names(self, feed):
        """In the engine's words where a name is none of the model's."""
        known = [info.name for info in self._infos]
        for name in feed:
            if name not in known:
                shape = {name: ()}
                _c.session_resize_inputs(self._session, _arrays.input_shapes(shape), 1)
        missing = [name for name in known if feed.get(name) is None]
        raise InvalidArgument(f"no array for the input '{missing[0]}'; the model has: {', '.join(known)}")


class _Lease(_c.Handle):
    """A frame's hold on an arena: it ends when the frame has ended and no array lies there any more."""
    __slots__ = ("memories", "thread", "has_ended")

    def __init__(self, session):
        super().__init__(_c.session_begin, _c.frame_destroy, session._handle.pointer, parent=session._handle)
        self.memories = weakref.WeakKeyDictionary()  # of arrays that lie there, with the tensors' names
        self.thread, self.has_ended = threading.get_ident(), False
        runtime = session.model.runtime
        with runtime._leases_lock:
            runtime._leases.add(self)

    def names(self):
        return list(self.memories.values())


class Frame:
    """One run of a session in an arena. Made by Session.begin().

    Arrays of input() and output() lie in the arena. They stay valid, and keep the arena from everybody else, for as long as they
    live, even when the frame has ended: nothing is freed or changed beneath them. A runtime that has no other arena then says
    Busy, and names them. So keep copies, not the arrays.
    """

    def __init__(self, session: Session):
        self._session = session
        self._lock = threading.Lock()
        self._has_run = False
        self._lease: Optional[_Lease] = None
        self._lease = _Lease(session)

    def __enter__(self) -> "Frame":
        self._living()
        return self

    def __exit__(self, *unused) -> None:
        self.end()

    def end(self) -> None:
        """Gives the arena back. After it the frame can do nothing."""
        with self._lock:
            lease, self._lease = self._lease, None
            if lease is not None:
                lease.has_ended = True  # it lives on with arrays that lie in its arena

    def _living(self) -> _Lease:
        if self._lease is None:
            raise InvalidArgument("the frame has ended")
        return self._lease

    def _array(self, find, name: str, infos) -> np.ndarray:
        lease, tensor = self._living(), _c.Tensor()
        find(lease.pointer, name.encode(), tensor)
        memory = _arrays.ArenaMemory(tensor, lease, next(info.quantisation for info in infos if info.name == name))
        lease.memories[memory] = name
        return np.asarray(memory)

    def input(self, name: str) -> np.ndarray:
        """The input in the arena, to be written: `frame.input("x")[...] = picture`. Axes are the model's own, strides are the
        memory's. It holds no defined values before, and after run()."""
        with self._lock:
            return self._array(_c.frame_input, name, self._session.inputs)

    def run(self) -> None:
        """Computes. May overwrite the inputs' memory: write them again before another run. The GIL is free meanwhile."""
        with self._lock:
            self._has_run = False
            _c.frame_run(self._living().pointer)
            self._has_run = True

    def output(self, name: str) -> np.ndarray:
        """The output in the arena, after run()."""
        with self._lock:
            self._living()
            if not self._has_run:
                raise InvalidArgument(f"output '{name}' holds nothing before the frame has run")
            return self._array(_c.frame_output, name, self._session.outputs)
