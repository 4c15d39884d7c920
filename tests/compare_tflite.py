#!/usr/bin/env python3
"""Compares every output element of TensorFlow Lite models with LiteRT: of float models |a-b| <= 1e-4 + 1e-3 |b|, of
quantised ones every byte with the reference kernels' (BUILTIN_REF).

Elements outside that are "noise" and no failure when they are off by no more than 4 times what LiteRT's reference
kernels and its default ones are from each other: the model amplifies float32 rounding on that input.

Not part of continuous integration: it wants LiteRT (pip install ai-edge-litert) and models. A model that is refused is
listed with its operators. LiteRT has MediaPipe's own operators not: where it refuses a model, only Minnow's side is run.
Times are the least of TURNS times RUNS in turns, one thread each, LiteRT with its default delegate (XNNPACK).
Inputs are random; --picture fills them with a picture instead.
Usage: compare_tflite.py [--markdown] [--picture FILE] MODEL.tflite|FOLDER…
"""
import argparse
import json
import pathlib
import re
import subprocess
import tempfile
import time

import numpy as np
from ai_edge_litert import interpreter as litert

ROOT = pathlib.Path(__file__).resolve().parents[1]
MINNOW = ROOT / "build/minnow"
ABSOLUTE, RELATIVE = 1e-4, 1e-3
NOISE = 4  # one pair of runs measures it; its tail reaches a few times further
RUNS, TURNS = 10, 4


def file_name(name):
    return re.sub(r"[^A-Za-z0-9._-]", "_", name) + ".npy"


def minnow(*arguments):
    return subprocess.run([MINNOW, *map(str, arguments)], capture_output=True, text=True, check=False)


def refusal(errors):
    """The operators and reasons of a refused conversion, each once."""
    found = re.findall(r"\(([^()]*(?:\([^()]*\))?[^()]*), (?:opset|version) \d+\): (.*)", errors)
    return sorted({f"{op}: {reason[:70]}" for op, reason in found}) or [errors.strip()[-200:]]


def run_litert(path, folder, kernels):
    session = litert.Interpreter(model_path=str(path), num_threads=1, experimental_op_resolver_type=kernels)
    session.allocate_tensors()
    for detail in session.get_input_details():
        session.set_tensor(detail["index"], np.load(folder / "in" / file_name(detail["name"])))
    session.invoke()
    return session


def least_ms(call):
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def times_of(model, session):
    """Minnow's ms and LiteRT's, the least of runs in turns."""
    return [min(times) for times in zip(*[(bench_ms(model), least_ms(session.invoke)) for _ in range(TURNS)])]


def bench_ms(model):
    done = minnow("bench", model, "--runs", RUNS, "--threads", 1, "--json")
    return json.loads(done.stdout)[0]["min_ms"] if done.returncode == 0 else float("nan")


def errors_of(session, reference, folder):
    """The largest error, LiteRT's from itself, the elements beyond the tolerance, those beyond the noise too, all."""
    largest, noisy, wrong, beyond, count = 0.0, 0.0, 0, 0, 0
    for detail in session.get_output_details():
        expected, other = session.get_tensor(detail["index"]), reference.get_tensor(detail["index"])
        actual = np.load(folder / "out" / file_name(detail["name"]))
        assert actual.shape == expected.shape and actual.dtype == expected.dtype, \
            f"{detail['name']}: {actual.dtype} {actual.shape}, LiteRT has {expected.dtype} {expected.shape}"
        expected = expected.astype(np.float64)
        error = np.abs(actual - expected)
        allowed = ABSOLUTE + RELATIVE * np.abs(expected)
        noise = np.abs(expected - other).max(initial=0)
        noisy = max(noisy, float(noise))
        wrong += int((~(error <= allowed)).sum())
        beyond += int((~(error <= allowed + NOISE * noise)).sum())
        count += error.size
        largest = max(largest, float(error.max(initial=0)))
    return largest, noisy, wrong, beyond, count


def is_quantised(path):
    """True if integers that stand for real numbers go from operator to operator."""
    session = litert.Interpreter(model_path=str(path), experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF)
    return any(d["dtype"] in (np.int8, np.uint8, np.int16) and d["quantization_parameters"]["scales"].size == 1
               for d in session.get_tensor_details())


def bytes_verdict(path, folder):
    """How many elements of integers are not the reference's, and of real numbers beyond an ulp of the largest."""
    session, other, count, largest = run_litert(path, folder, litert.OpResolverType.BUILTIN_REF), 0, 0, 0.0
    for detail in session.get_output_details():
        expected = session.get_tensor(detail["index"])
        actual = np.load(folder / "out" / file_name(detail["name"]))
        assert actual.shape == expected.shape and actual.dtype == expected.dtype, detail["name"]
        error = np.abs(actual.astype(np.float64) - expected.astype(np.float64))
        allowed = 0 if expected.dtype != np.float32 else 2e-7 * np.abs(expected).max(initial=0)
        other, count = other + int((error > allowed).sum()), count + error.size
        largest = max(largest, float(error.max(initial=0)))
    return ("converted; equal" if other == 0 else f"converted; {other} of {count} elements differ"), largest


def compare(path, picture):
    """(verdict, largest error, LiteRT's from itself, Minnow's ms, LiteRT's ms)"""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model = folder / "model.minnow"
        done = minnow("convert", path, "-o", model)
        if done.returncode != 0:
            return "refused: " + "; ".join(refusal(done.stderr)), None, None, None, None
        done = minnow("run", model, "--input", f"all={picture or 'random:1'}", "-o", folder / "out",
                      "--save-inputs", folder / "in", *(["--scale", "0.00392157"] if picture else []))
        if done.returncode != 0:
            return "FAILED: " + done.stderr.strip(), None, None, None, None
        try:
            session = run_litert(path, folder, litert.OpResolverType.AUTO)
        except (RuntimeError, ValueError) as error:
            return f"converted; LiteRT refuses it ({str(error).splitlines()[0][:60]})", None, None, bench_ms(model), None
        try:
            if is_quantised(path):
                verdict, largest = bytes_verdict(path, folder)
                return verdict, largest, None, *times_of(model, session)
            reference = run_litert(path, folder, litert.OpResolverType.BUILTIN_REF)
        except RuntimeError:  # which has no operators of MediaPipe's
            reference = session
        largest, noisy, wrong, beyond, count = errors_of(session, reference, folder)
        verdict = f"FAILED: {beyond} of {count} elements beyond" if beyond else \
            f"converted; {wrong} of {count} elements are noise" if wrong else "converted"
        return verdict, largest, noisy, *times_of(model, session)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--picture", type=pathlib.Path)
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    paths = [p for one in arguments.models for p in (sorted(one.rglob("*.tflite")) if one.is_dir() else [one])]
    failed = False
    for path in paths:
        verdict, *errors, ours, theirs = compare(path, arguments.picture)
        failed |= verdict.startswith("FAILED")
        numbers = ["" if x is None else f"{x:.2g}" for x in errors] + ["" if x is None else f"{x:.2f}" for x in (ours, theirs)]
        ratio = f"{ours / theirs:.2f}" if ours and theirs else ""
        cells = [path.stem, verdict, *numbers, ratio]
        print("| " + " | ".join(cells) + " |" if arguments.markdown else "  ".join(cells), flush=True)
    raise SystemExit(failed or not paths)


if __name__ == "__main__":
    main()
