#!/usr/bin/env python3
"""Compares every output element of every real model with ONNX Runtime: |a-b| <= 1e-4 + 1e-3 |b|.

A case with elements outside that is still "noise" and no failure when they are off by no more than 4 times what ONNX
Runtime is from itself with its graph optimisations off: the model amplifies float32 rounding beyond the tolerance on that input.
Fetches the models that a registry has (make models) and, where Python lacks them, numpy and onnxruntime
(scripts/onnx_venv.sh). Models beside the checkout take part where MINNOW_SHARED names their folder. Fails where nothing
was compared.
Usage: compare_onnxruntime.py [MODEL_ID…]
"""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/golden"))
import real_models  # noqa: E402

try:
    import onnxruntime  # noqa: F401
except ImportError:
    subprocess.run([ROOT / "scripts/onnx_venv.sh", real_models.VENV], check=True)
    real_models.use_packages()
import common  # noqa: E402
import numpy as np  # noqa: E402

# One pair of runs measures the noise; its tail reaches a few times further.
NOISE = 4


def compare(path, row, spec):
    """(elements, out of tolerance, out by more than the noise, largest error, the noise)"""
    with tempfile.TemporaryDirectory() as folder:
        common.run_minnow(str(ROOT / "build/minnow"), path, row, spec, folder)
        session = common.open_session(path)
        data = np.load(f"{folder}/in/{common.file_name(row['input'])}")
        if spec != "picture":
            assert np.array_equal(data, common.make_input(None, row, spec, session)), "inputs differ"
        names = [o.name for o in session.get_outputs()]
        count = wrong = beyond = 0
        largest = 0.0
        answers, noises = common.answers_and_noise(path, {row["input"]: data})
        for name, expected, noise in zip(names, answers, noises):
            actual = np.load(f"{folder}/out/{common.file_name(name)}")
            assert actual.shape == expected.shape and actual.dtype == expected.dtype, f"{name}: {actual.shape}"
            error = np.abs(actual.astype(np.float64) - expected)
            allowed = common.ABSOLUTE + common.RELATIVE * np.abs(expected.astype(np.float64))
            wrong += int((~(error <= allowed)).sum())
            beyond += int((~(error <= allowed + NOISE * noise)).sum())
            count, largest = count + error.size, max(largest, float(error.max()))
    return count, wrong, beyond, largest, max(noises)


def main():
    real_models.fetch()
    good = bad = 0
    for row, spec, path in common.cases(sys.argv[1:]):
        try:
            count, wrong, beyond, largest, noise = compare(path, row, spec)
        except (subprocess.CalledProcessError, AssertionError) as error:
            reason = "minnow run ended with an error" if isinstance(error, subprocess.CalledProcessError) else error
            print(f"FAILED {row['id']} {spec}: {reason}")
            bad += 1
            continue
        verdict = "FAILED" if beyond else "noise " if wrong else "good  "
        print(f"{verdict} {row['id']:22} {spec:14} {count:8} elements, {wrong} out, largest error {largest:.3g} "
              f"(ONNX Runtime from itself {noise:.3g})")
        good, bad = good + (beyond == 0), bad + (beyond != 0)
    print(f"{good} passed, {bad} failed" if good or bad else "FAILED: nothing was compared; make models")
    sys.exit(1 if bad or not good else 0)


if __name__ == "__main__":
    main()
