"""Sessions as users of ONNX Runtime write them, and what they are told where something is wrong."""
import os

import models
import numpy as np
import pytest

import minnow


def test_runs_as_onnx_runtime_does(conv):
    session = minnow.InferenceSession(conv, providers=["CPUExecutionProvider"])
    x = models.whole_numbers((1, 3, 8, 8))
    (y,) = session.run(None, {"x": x})
    np.testing.assert_array_equal(y, models.conv_of(x))
    assert y.flags.owndata and y.flags.c_contiguous
    (again,) = session.run(["y"], {"x": x})
    np.testing.assert_array_equal(again, y)
    assert not np.shares_memory(again, y)


def test_extents_are_of_inputs(relu):
    with pytest.raises(minnow.NotFound, match="no input 'z'; it has: x"):
        minnow.InferenceSession(relu).session.extent("z", 0)


def test_says_what_goes_in_and_out(relu):
    session = minnow.InferenceSession(relu, shapes={"x": ("1..4", 3)})
    assert [tuple(arg) for arg in session.get_inputs()] == [("x", ["n", 3], "tensor(float)")]
    assert [tuple(arg) for arg in session.get_outputs()] == [("y", [4, 3], "tensor(float)")]
    assert session.get_providers() == ["CPUExecutionProvider"]


def test_says_what_integers_stand_for(tmp_path):
    (tmp_path / "q.onnx").write_bytes(models.quantize_linear(scale=0.5, zero=3))
    session = minnow.Session(minnow.Model(tmp_path / "q.onnx"))
    assert session.inputs[0].quantisation is None
    by = session.outputs[0].quantisation
    assert (by.scales.tolist(), by.zero_points.tolist(), by.axis, by.rule) == ([0.5], [3], -1, "ONNX Runtime")
    x = np.array([[-2, -1.25, 0, 0.75, 1, 500]], np.float32)
    y = session.run({"x": x})["y"]
    np.testing.assert_array_equal(y, by.quantised(x, np.uint8))
    np.testing.assert_array_equal(by.dequantised(y), np.float32([[-1.5, -1, 0, 1, 1, 126]]))
    assert by.dequantised(y).dtype == np.float32
    beyond = np.array([[np.nan, np.inf, -np.inf, 1e30, 0, 0]], np.float32)
    assert session.run({"x": beyond})["y"].tolist() == by.quantised(beyond, np.uint8).tolist() == [[0, 255, 0, 255, 3, 3]]
    assert by.quantised(np.float32(np.nan), np.int8) == -128
    rows = minnow.Quantisation(np.float32([1, 2]), np.int32([0, 10]), 1, "")
    assert rows.dequantised(np.array([[[1, 2], [11, 12]]], np.int8)).tolist() == [[[1, 2], [2, 4]]]


@pytest.mark.parametrize("feed, error, words", [
    ({"z": np.zeros((2, 3), np.float32)}, minnow.NotFound, "the model has no input 'z'; it has: x"),
    ({}, minnow.InvalidArgument, "no array for the input 'x'; the model has: x"),
    ({"x": np.zeros((2, 3), np.float32), "z": 1}, minnow.NotFound, "the model has no input 'z'"),
    ({"x": np.zeros((2, 3))}, minnow.ShapeMismatch, "input 'x' is float32 2x3, not float64 2x3"),
    ({"x": np.zeros((2, 3), ">i4")}, minnow.ShapeMismatch, "not int32 2x3"),
    ({"x": np.zeros(6, np.float32)}, minnow.ShapeMismatch, "input 'x' has 2 axes, the shape 6 has 1"),
    ({"x": np.zeros((9, 3), np.float32)}, minnow.ShapeMismatch, "9"),
    ({"x": np.zeros((2, 3), complex)}, minnow.InvalidArgument, "no tensors of complex128"),
    ({"x": np.zeros((1,) * 9, np.float32)}, minnow.InvalidArgument, "a rank of 9 is not possible"),
    ({"x": "words"}, minnow.InvalidArgument, "no tensors of <U5"),
])
def test_wrong_feeds_are_refused(relu, feed, error, words):
    session = minnow.InferenceSession(relu, shapes={"x": ("1..4", 3)})
    session.session.resize({"x": (2, 3)})
    with pytest.raises(minnow.ShapeMismatch, match=f"^{relu}: "):
        session.session.resize({"x": (9, 3)})
    with pytest.raises(error) as caught:
        session.run(None, feed)
    assert words in str(caught.value)
    good = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(session.run(None, {"x": good})[0], good)


def test_errors_are_what_python_calls_them():
    assert issubclass(minnow.ShapeMismatch, (minnow.Error, ValueError)) and minnow.ShapeMismatch.code == "ShapeMismatch"
    assert issubclass(minnow.OutOfMemory, MemoryError) and issubclass(minnow.NotFound, LookupError)
    with pytest.raises(minnow.NotFound, match="nowhere.minnow"):
        minnow.InferenceSession("nowhere.minnow")


def test_providers_that_are_not_here(conv):
    """As ONNX Runtime: a list that ends with the CPU runs there, and says so."""
    both = [("CUDAExecutionProvider", {"device_id": 0}), "CPUExecutionProvider"]
    with pytest.warns(UserWarning, match="no CUDAExecutionProvider here"):
        assert minnow.InferenceSession(conv, providers=both).get_providers() == ["CPUExecutionProvider"]
    with pytest.raises(minnow.Unsupported, match="no CUDAExecutionProvider here"):
        minnow.InferenceSession(conv, providers=both[:1])


def test_unknown_outputs_are_refused_and_left_out_ones_are(conv):
    session = minnow.InferenceSession(conv)
    x = models.whole_numbers((1, 3, 8, 8))
    with pytest.raises(minnow.NotFound, match="no output 'z'; it has: y"):
        session.run(["z"], {"x": x})
    assert session.run([], {"x": x}) == []
    for y in session.run(["y", "y"], {"x": x}):
        np.testing.assert_array_equal(y, models.conv_of(x))


def test_other_shapes_plan_anew_where_the_model_can(relu):
    session = minnow.InferenceSession(relu, shapes={"x": ("1..4", 3)})
    for rows in (3, 1, 4):
        x = models.whole_numbers((rows, 3))
        np.testing.assert_array_equal(session.run(None, {"x": x})[0], np.maximum(x, 0))
    with pytest.raises(minnow.ShapeMismatch):
        session.run(None, {"x": models.whole_numbers((5, 3))})


def test_sizes_that_data_decide(tmp_path):
    (tmp_path / "nonzero.onnx").write_bytes(models.nonzero())
    session = minnow.InferenceSession(tmp_path / "nonzero.onnx")
    for x in ([0, 1, 0, 2, 0, 0], [1] * 6, [0] * 6):
        (y,) = session.run(None, {"x": np.array(x, np.float32)})
        np.testing.assert_array_equal(y, np.array(np.nonzero(x)))
        assert y.dtype == np.int64


@pytest.mark.parametrize("make", [
    lambda x: np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2),  # channels-last
    lambda x: np.ascontiguousarray(x[:, :, ::-1])[:, :, ::-1],  # a flipped picture
    lambda x: np.ascontiguousarray(x[..., ::-1])[..., ::-1],
    lambda x: np.ascontiguousarray(x[:, ::-1])[:, ::-1],  # BGR
    lambda x: np.asfortranarray(x),
    lambda x: np.repeat(x, 2, axis=3)[..., ::2],
    lambda x: x.astype(">f4"),
    lambda x: np.frombuffer(b"?" + x.tobytes(), np.uint8)[1:].view(np.float32).reshape(x.shape),  # unaligned
    lambda x: np.rec.fromarrays([np.zeros(x.shape, np.uint8), x], names="a,b")["b"],
    memoryview,
], ids=["channels-last", "flipped", "mirrored", "bgr", "fortran", "steps", "big-endian", "unaligned", "record", "memoryview"])
def test_strides_are_respected(conv, make):
    session = minnow.InferenceSession(conv)
    x = models.whole_numbers((1, 3, 8, 8))
    np.testing.assert_array_equal(session.run(None, {"x": make(x)})[0], models.conv_of(x))
    np.testing.assert_array_equal(session.run(None, {"x": x})[0], models.conv_of(x))


def test_broadcast_arrays(conv):
    session = minnow.InferenceSession(conv)
    x = np.broadcast_to(np.float32(2), (1, 3, 8, 8))
    np.testing.assert_array_equal(session.run(None, {"x": x})[0], models.conv_of(np.array(x)))


class OnlyDlpack:
    """A tensor of a library that NumPy does not know."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


def test_dlpack_goes_in(conv):
    x = models.whole_numbers((1, 3, 8, 8))
    session = minnow.InferenceSession(conv)
    np.testing.assert_array_equal(session.run(None, {"x": OnlyDlpack(x)})[0], models.conv_of(x))


def test_models_come_as_bytes_and_files(conv, tmp_path):
    x = models.whole_numbers((1, 3, 8, 8))
    minnow.convert(conv, tmp_path / "conv.minnow")
    for source in (conv.read_bytes(), (tmp_path / "conv.minnow").read_bytes(), str(tmp_path / "conv.minnow"), minnow.convert(conv)):
        session = minnow.Session(minnow.Model(source))
        np.testing.assert_array_equal(session.run({"x": x})["y"], models.conv_of(x))
    with pytest.raises(minnow.InvalidArgument, match="shapes: only what is converted"):
        minnow.Model(tmp_path / "conv.minnow", shapes={"x": (1, 3, 8, 8)})


@pytest.mark.parametrize("model, words", [
    (b"no model", "the file is damaged"), (b"", "empty"), (b"MINNOW\r\n" + bytes(99), "format version 0"),
    (b"\0\0\0\0TFL3" + bytes(50), "no TensorFlow Lite model"), (models.onnx_model(["NoSuch"], [2]), "NoSuch"),
], ids=["words", "nothing", "minnow", "tflite", "operator"])
def test_bytes_that_are_no_model_have_no_file(model, words):
    with pytest.raises(minnow.Error, match=f"(?s)^model in memory: .*{words}") as caught:
        minnow.Model(model)
    assert "/" not in str(caught.value)


def test_numbers_that_c_cannot_hold_are_refused(relu):
    """ctypes cuts them off: -1 bytes were no limit, and 2**32 + 1 threads one."""
    for options in ({"threads": 2**32 + 1}, {"memory_budget": -1}, {"concurrency": 2**32 + 1}):
        with pytest.raises(minnow.InvalidArgument, match="out of range"):
            minnow.Runtime(**options)
    with pytest.raises(minnow.InvalidArgument, match="an extent of 'x' is 18446744073709551617"):
        minnow.Session(minnow.Model(relu), shapes={"x": (2**64 + 1, 3)})


def test_a_budget_is_kept(conv):
    with pytest.raises(MemoryError, match="budget"):
        minnow.Session(minnow.Model(conv, minnow.Runtime(memory_budget=4096)))


def test_accounts(conv):
    runtime = minnow.Runtime()
    session = minnow.Session(minnow.Model(conv, runtime))
    need = runtime.predicted()
    session.run({"x": models.whole_numbers((1, 3, 8, 8))})
    assert runtime.ledger().total == need.total == runtime.peak().total
    assert session.memory().lower_bound_bytes <= session.memory().dynamic_bytes


def test_the_same_bits_on_every_target(conv):
    session = minnow.InferenceSession(conv)
    wanted = os.environ.get("MINNOW_TESTED_TARGET")
    assert wanted in (None, "", minnow.cpu_target())
    x = models.whole_numbers((1, 3, 8, 8)) / np.float32(7)
    digits = minnow.hash(session.run(None, {"x": x})[0])
    best = minnow.cpu_target()
    try:
        minnow.limit_cpu_target("scalar-fma")
        assert minnow.cpu_target() == "scalar-fma"
        assert minnow.hash(minnow.InferenceSession(conv).run(None, {"x": x})[0]) == digits
    finally:
        minnow.limit_cpu_target()
    assert minnow.cpu_target() == best
    assert digits == "fdb6252b62210b44086c3c62bf1b501a"
    with pytest.raises(minnow.NotFound, match="no target \"mmx\""):
        minnow.limit_cpu_target("mmx")
