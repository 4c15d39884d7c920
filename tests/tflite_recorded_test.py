#!/usr/bin/env python3
"""Quantised TensorFlow Lite operators against what LiteRT's reference kernels gave for them: every byte.

One random case of each kind, recorded by tflite_quantised.py --record, so that LiteRT need not be there.
Usage: tflite_recorded_test.py MINNOW
"""
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    sys.exit(77)

RECORDS = pathlib.Path(__file__).resolve().parent / "golden/data/tflite_quantised.npz"


def run(minnow, record, folder):
    """What is wrong, or nothing."""
    (folder / "model.tflite").write_bytes(record["model"].tobytes())
    feed = []
    for name, value in record.items():
        if name.startswith("in"):
            np.save(folder / f"{name}.npy", value)
            feed += ["--input", f"{name}={folder / name}.npy"]
    done = subprocess.run([minnow, "run", folder / "model.tflite", *feed, "-o", folder / "out"], capture_output=True,
                          text=True, check=False)
    if done.returncode:
        return done.stderr.strip()
    for name, expected in record.items():
        if name.startswith("out"):
            actual = np.load(folder / "out" / f"{name}.npy")
            if (actual.shape, actual.dtype) != (expected.shape, expected.dtype):
                return f"{name} is {actual.dtype} {actual.shape}, expected {expected.dtype} {expected.shape}"
            if actual.tobytes() != expected.tobytes():
                return f"{name}: {np.count_nonzero(actual != expected)} of {expected.size} elements differ"
    return ""


def main():
    records = {}
    with np.load(RECORDS) as data:
        for key in data.files:
            name, part = key.split("/")
            records.setdefault(name, {})[part] = data[key]
    failed = False
    for name, record in records.items():
        with tempfile.TemporaryDirectory() as folder:
            wrong = run(sys.argv[1], record, pathlib.Path(folder))
        if wrong:
            print(f"{name}: {wrong}")
        failed |= bool(wrong)
    print(f"{len(records)} operators")
    sys.exit(failed or len(records) < 100)


if __name__ == "__main__":
    main()
