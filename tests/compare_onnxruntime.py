#!/usr/bin/env python3
"""Compares every output element of every real model with ONNX Runtime: |a-b| <= 1e-4 + 1e-3 |b|.

Needs numpy and onnxruntime (pip install numpy onnxruntime; tests/golden/make_goldens.py makes an environment with
them in .cache/golden-venv). Exit code 77 where they are missing.
Usage: compare_onnxruntime.py [MODEL_ID…]
"""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/golden"))
try:
    import numpy as np
    import onnxruntime

    import common
except ImportError as error:
    print(f"{error}: not compared")
    sys.exit(77)


def compare(path, row, spec):
    """(elements, elements out of tolerance, largest error, largest error as a part of the tolerance)"""
    with tempfile.TemporaryDirectory() as folder:
        common.run_minnow(str(ROOT / "build/minnow"), path, row, spec, folder)
        session = common.open_session(path)
        data = np.load(f"{folder}/in/{common.file_name(row['input'])}")
        if spec != "picture":
            assert np.array_equal(data, common.make_input(None, row, spec, session)), "inputs differ"
        names = [o.name for o in session.get_outputs()]
        count = wrong = 0
        largest = ratio = 0.0
        for name, expected in zip(names, session.run(None, {row["input"]: data})):
            actual = np.load(f"{folder}/out/{common.file_name(name)}")
            assert actual.shape == expected.shape and actual.dtype == expected.dtype, f"{name}: {actual.shape}"
            error = np.abs(actual.astype(np.float64) - expected)
            allowed = common.ABSOLUTE + common.RELATIVE * np.abs(expected.astype(np.float64))
            bad = ~(error <= allowed)
            count, wrong = count + error.size, wrong + int(bad.sum())
            largest, ratio = max(largest, float(error.max())), max(ratio, float((error / allowed).max()))
    return count, wrong, largest, ratio


def main():
    good = bad = 0
    for row, spec, path in common.cases(sys.argv[1:]):
        try:
            count, wrong, largest, ratio = compare(path, row, spec)
        except (subprocess.CalledProcessError, AssertionError) as error:
            reason = "minnow run ended with an error" if isinstance(error, subprocess.CalledProcessError) else error
            print(f"FAILED {row['id']} {spec}: {reason}")
            bad += 1
            continue
        verdict = "good  " if wrong == 0 else "FAILED"
        print(f"{verdict} {row['id']:22} {spec:14} {count:8} elements, {wrong} out, largest error {largest:.3g}, "
              f"{100 * ratio:.2f} % of the tolerance")
        good, bad = good + (wrong == 0), bad + (wrong != 0)
    print(f"{good} passed, {bad} failed")
    sys.exit(1 if bad or not good else 0)


if __name__ == "__main__":
    main()
