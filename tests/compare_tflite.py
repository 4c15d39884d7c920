#!/usr/bin/env python3
"""Compares every output element of float TensorFlow Lite models with LiteRT: |a-b| <= 1e-4 + 1e-3 |b|.

Not part of continuous integration: it wants LiteRT (pip install ai-edge-litert) and models. A model that is refused is
listed with its operators. LiteRT has MediaPipe's own operators not: where it refuses a model, only Minnow's side is run.
Times are the least of RUNS in turns, one thread each, LiteRT with its default delegate (XNNPACK).
Usage: compare_tflite.py [--markdown] MODEL.tflite|FOLDER…
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
RUNS = 15


def file_name(name):
    return re.sub(r"[^A-Za-z0-9._-]", "_", name) + ".npy"


def minnow(*arguments):
    return subprocess.run([MINNOW, *map(str, arguments)], capture_output=True, text=True, check=False)


def refusal(errors):
    """The operators and reasons of a refused conversion, each once."""
    found = re.findall(r"\(([^()]*(?:\([^()]*\))?[^()]*), (?:opset|version) \d+\): (.*)", errors)
    return sorted({f"{op}: {reason[:70]}" for op, reason in found}) or [errors.strip()[-200:]]


def open_litert(path):
    session = litert.Interpreter(model_path=str(path), num_threads=1)
    session.allocate_tensors()
    return session


def least_ms(call):
    call()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def bench_ms(model):
    done = minnow("bench", model, "--runs", RUNS, "--threads", 1, "--json")
    return json.loads(done.stdout)[0]["min_ms"] if done.returncode == 0 else float("nan")


def errors_of(session, folder):
    """The largest error and the number of elements beyond the tolerance."""
    largest, beyond, count = 0.0, 0, 0
    for detail in session.get_output_details():
        expected = session.get_tensor(detail["index"])
        actual = np.load(folder / "out" / file_name(detail["name"]))
        assert actual.shape == expected.shape and actual.dtype == expected.dtype, \
            f"{detail['name']}: {actual.dtype} {actual.shape}, LiteRT has {expected.dtype} {expected.shape}"
        error = np.abs(actual.astype(np.float64) - expected.astype(np.float64))
        allowed = ABSOLUTE + RELATIVE * np.abs(expected.astype(np.float64))
        beyond += int((~(error <= allowed)).sum())
        count += error.size
        largest = max(largest, float(error.max(initial=0)))
    return largest, beyond, count


def compare(path):
    """(verdict, largest error, Minnow's ms, LiteRT's ms)"""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model = folder / "model.minnow"
        done = minnow("convert", path, "-o", model)
        if done.returncode != 0:
            return "refused: " + "; ".join(refusal(done.stderr)), None, None, None
        done = minnow("run", model, "--input", "all=random:1", "-o", folder / "out", "--save-inputs", folder / "in")
        if done.returncode != 0:
            return "FAILED: " + done.stderr.strip(), None, None, None
        try:
            session = open_litert(path)
        except (RuntimeError, ValueError) as error:
            return f"converted; LiteRT refuses it ({str(error).splitlines()[0][:60]})", None, bench_ms(model), None
        for detail in session.get_input_details():
            session.set_tensor(detail["index"], np.load(folder / "in" / file_name(detail["name"])))
        session.invoke()
        largest, beyond, count = errors_of(session, folder)
        verdict = f"FAILED: {beyond} of {count} elements beyond" if beyond else "converted"
        return verdict, largest, bench_ms(model), least_ms(session.invoke)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    paths = [p for one in arguments.models for p in (sorted(one.rglob("*.tflite")) if one.is_dir() else [one])]
    failed = False
    for path in paths:
        verdict, largest, ours, theirs = compare(path)
        failed |= verdict.startswith("FAILED")
        numbers = ["" if x is None else f"{x:.2g}" if x is largest else f"{x:.2f}" for x in (largest, ours, theirs)]
        ratio = f"{ours / theirs:.2f}" if ours and theirs else ""
        cells = [path.stem, verdict, *numbers, ratio]
        print("| " + " | ".join(cells) + " |" if arguments.markdown else "  ".join(cells), flush=True)
    raise SystemExit(failed or not paths)


if __name__ == "__main__":
    main()
