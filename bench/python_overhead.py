#!/usr/bin/env python3
"""What an inference costs more in Python: session.run in turns with the same call from C, and ONNX Runtime beside.

Usage: python_overhead.py [MODEL.onnx] [ROUNDS]   (PYTHONPATH=python MINNOW_LIBRARY=build/libminnow_tools.so)
Without a model: relu of six numbers, where next to nothing is computed. Minima and medians, microseconds.
"""
import ctypes
import pathlib
import statistics
import sys
import tempfile
import time

import numpy as np

import minnow
from minnow import _c
from minnow.engine import _InferenceCall

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python/tests"))
import models  # noqa: E402

CALLS = 200


def timed(call):
    begin = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - begin) / CALLS * 1e6


def in_c(session, feed):
    """minnow_session_infer alone. ctypes' own cost is measured apart, by a function that does nothing, and taken off."""
    call = _InferenceCall(session._handle.pointer, session.inputs, session.outputs)
    held = call.run(feed, [info.name for info in session.outputs])
    for tensor, array in zip(call._out, held):
        tensor.data = array.ctypes.data
    nothing = _c.LIBRARY["minnow_version"]
    nothing.argtypes, nothing.restype = call._infer.argtypes, ctypes.c_int
    return (lambda held=held: call._infer(*call._arguments)), (lambda: nothing(*call._arguments))


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else folder + "/relu.onnx")
        if len(sys.argv) < 2:
            path.write_bytes(models.relu((2, 3)))
        session = minnow.InferenceSession(path, threads=1)
        feed = {info.name: np.ones(info.shape, info.dtype) for info in session.session.inputs}
        runs = {"session.run": lambda: session.run(None, feed)}
        runs["C, by ctypes"], runs["ctypes alone"] = in_c(session.session, feed)
        try:
            import onnxruntime
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            theirs = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            runs["ONNX Runtime's session.run"] = lambda: theirs.run(None, feed)
        except ImportError:
            print("no onnxruntime here")
        times = {name: [] for name in runs}
        for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 100):
            for name, call in runs.items():
                times[name].append(timed(call))
        for name, each in times.items():
            print(f"{name:28} minimum {min(each):7.2f}  median {statistics.median(each):7.2f} us")
        less = min(times["session.run"]) - (min(times["C, by ctypes"]) - min(times["ctypes alone"]))
        print(f"session.run above C: {less:.2f} us")


main()
