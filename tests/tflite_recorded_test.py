#!/usr/bin/env python3
"""Quantised TensorFlow Lite operators against what LiteRT's reference kernels gave for them: every byte.

One random case of each kind, recorded by tflite_quantised.py --record, so that LiteRT need not be there.
Usage: tflite_recorded_test.py MINNOW
"""
import ast
import pathlib
import subprocess
import sys
import tempfile
import zipfile

RECORDS = pathlib.Path(__file__).resolve().parent / "golden/data/tflite_quantised.npz"


def parsed(npy):
    """Type and shape of a .npy file, and its elements as bytes."""
    begin = 10 + int.from_bytes(npy[8:10], "little")
    header = ast.literal_eval(npy[10:begin].decode().strip())
    return (header["descr"], header["shape"]), npy[begin:]


def run(minnow, record, folder):
    """What is wrong, or nothing."""
    (folder / "model.tflite").write_bytes(parsed(record["model"])[1])
    feed = []
    for name, npy in record.items():
        if name.startswith("in"):
            (folder / f"{name}.npy").write_bytes(npy)
            feed += ["--input", f"{name}={folder / name}.npy"]
    done = subprocess.run([minnow, "run", folder / "model.tflite", *feed, "-o", folder / "out"], capture_output=True,
                          text=True, check=False)
    if done.returncode:
        return done.stderr.strip()
    for name, npy in record.items():
        if name.startswith("out"):
            (kind, expected), (found, actual) = parsed(npy), parsed((folder / "out" / f"{name}.npy").read_bytes())
            if found != kind:
                return f"{name} is {found}, expected {kind}"
            if actual != expected:
                return f"{name} differs"
    return ""


def main():
    records = {}
    with zipfile.ZipFile(RECORDS) as data:
        for key in data.namelist():
            name, part = key.removesuffix(".npy").split("/")
            records.setdefault(name, {})[part] = data.read(key)
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
