#!/usr/bin/env python3
"""Minnow beside ONNX Runtime and MNN on the same models, one machine, one run, one thread.

Usage: speed.py --minnow build/minnow [--before other/minnow] [--threads 1] [--seconds 2] MODEL.onnx[:NAME=1,3,H,W]…

Each engine gets `--seconds` of steady runs a round, the engines take turns for three rounds, and the minimum counts.
ONNX Runtime and MNN come from PyPI (pip install onnxruntime MNN); each has its thread setting set. The table ends with
Minnow's time over the best peer's. `--before` is another build of Minnow, of an earlier commit say, measured in the same
turns.
"""
import argparse
import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import mnn_convert
import numpy as np


def steady_minimum(run, seconds):
    run(), run()
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best * 1e3


class OnnxRuntime:
    name = "ONNX Runtime"

    def __init__(self, path, shapes, threads, _folder):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.feed = {}
        for entry in self.session.get_inputs():
            shape = shapes.get(entry.name) or [d if isinstance(d, int) else 1 for d in entry.shape]
            self.feed[entry.name] = np.full(shape, 0.46875, np.float32)

    def measure(self, seconds):
        return steady_minimum(lambda: self.session.run(None, self.feed), seconds)


class Mnn:
    name = "MNN"

    def __init__(self, path, shapes, threads, folder):
        import MNN
        converted = folder / (path.stem + ".mnn")
        mnn_convert.convert(path, converted)
        self.interpreter = MNN.Interpreter(str(converted))
        self.session = self.interpreter.createSession({"backend": "CPU", "numThread": threads, "precision": "high"})
        for name, tensor in self.interpreter.getSessionInputAll(self.session).items():
            if name in shapes:
                self.interpreter.resizeTensor(tensor, tuple(shapes[name]))
        self.interpreter.resizeSession(self.session)
        for tensor in self.interpreter.getSessionInputAll(self.session).values():
            shape = tensor.getShape()
            host = MNN.Tensor(shape, MNN.Halide_Type_Float, np.full(shape, 0.46875, np.float32),
                              tensor.getDimensionType())
            tensor.copyFrom(host)

    def measure(self, seconds):
        return steady_minimum(lambda: self.interpreter.runSession(self.session), seconds)


class Minnow:
    name = "Minnow"

    def __init__(self, path, shapes, threads, folder, binary):
        self.model = folder / f"{path.stem}.{self.name}.minnow"
        fixed = [f"--shape={name}=" + ",".join(map(str, shape)) for name, shape in shapes.items()]
        subprocess.run([binary, "convert", str(path), "-o", str(self.model), *fixed], check=True,
                       stdout=subprocess.DEVNULL)
        self.command = [binary, "bench", str(self.model), "--threads", str(threads), "--json"]
        self.runs = 20

    def measure(self, seconds):  # conversion is part of what is compared: each build has its own file
        first = json.loads(subprocess.check_output(self.command + ["--runs", "5"]))[0]
        runs = max(10, int(seconds * 1e3 / max(first["median_ms"], 1e-3)))
        return json.loads(subprocess.check_output(self.command + ["--runs", str(runs)]))[0]["min_ms"]


class Before(Minnow):
    name = "before"


def parse(argument):
    path, _, shapes = argument.partition(":")
    fixed = {}
    if shapes:
        name, _, dims = shapes.rpartition("=")
        fixed[name] = [int(d) for d in dims.split(",")]
    return pathlib.Path(path), fixed


def prepare(engine, path, shapes, options, folder):
    extra = {Minnow: [options.minnow], Before: [options.before]}.get(engine, [])
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return engine(path, shapes, options.threads, folder, *extra)
    except Exception as error:  # a peer that cannot load a model is left out of its row, Minnow is not
        if engine in (Minnow, Before):
            raise
        print(f"{engine.name} cannot run {path.name}: {error}")
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--minnow", default="build/minnow")
    parser.add_argument("--before", help="another build of Minnow, measured in the same turns")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--json")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    kinds = [Minnow, OnnxRuntime, Mnn] + ([Before] if options.before else [])
    ratios = ["Minnow / best peer"] + (["Minnow / before"] if options.before else [])
    rows = []
    print(f"| model | {' | '.join([e.name for e in kinds] + ratios)} |")
    print("|---" * (1 + len(kinds) + len(ratios)) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for argument in options.models:
            path, shapes = parse(argument)
            engines = [prepare(e, path, shapes, options, pathlib.Path(folder)) for e in kinds]
            best = [float("inf")] * len(kinds)
            for _ in range(3):
                for i, engine in enumerate(engines):
                    if engine:
                        best[i] = min(best[i], engine.measure(options.seconds / 3))
            found = [best[0] / min(best[1:3])] + [best[0] / before for before in best[3:]]
            cells = [f"{t:.2f}" if t < float("inf") else "" for t in best] + [f"{r:.2f}" for r in found]
            print(f"| {path.stem} | {' | '.join(cells)} |", flush=True)
            rows.append({"model": path.stem, "minnow_ms": best[0], "onnxruntime_ms": best[1], "mnn_ms": best[2],
                         "ratio": found[0]} | ({"before_ms": best[3]} if options.before else {}))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
