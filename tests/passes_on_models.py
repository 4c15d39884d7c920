#!/usr/bin/env python3
"""Every pass switched off in turn, and all of them, on small real models: the outputs must agree.

Usage: passes_on_models.py MINNOW        Exit code 77 when no model is on this machine.
"""
import pathlib
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
MODELS = {"ultraface_RFB_320.onnx": [], "gtsrb_mobile_dmitry.onnx": [], "FastestDet_352.onnx": [],
          "face_detection_front_128x128_barracuda.onnx": [],
          "ch_ppocr_mobile_v2.0_cls_infer.onnx": ["--shape", "x=1,3,48,192"],
          "ch_PP-OCRv4_rec_infer.onnx": ["--shape", "x=1,3,48,64"]}


def find(file):
    for folder in (ROOT / "../shared/models", ROOT / ".cache/npm"):
        for path in folder.rglob(file) if folder.is_dir() else ():
            return path
    return None


def floats(path):
    """The elements of a float32 .npy file (version 1.0)."""
    data = path.read_bytes()
    start = 10 + struct.unpack("<H", data[8:10])[0]
    return struct.unpack(f"<{(len(data) - start) // 4}f", data[start:])


def outputs(minnow, model, shape, disabled, folder):
    converted = folder / "model.minnow"
    off = [flag for name in disabled for flag in ("--disable", name)]
    subprocess.run([minnow, "convert", str(model), "-o", str(converted), *shape, *off], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([minnow, "run", str(converted), "--input", "all=random:7", "--output-dir", str(folder / "out")],
                   check=True, stdout=subprocess.DEVNULL)
    return {path.name: floats(path) for path in sorted((folder / "out").iterdir())}


def worst(actual, expected):
    """The largest error as a part of 1e-4 + 1e-3 |expected|."""
    assert actual.keys() == expected.keys(), f"{list(actual)} instead of {list(expected)}"
    return max(abs(a - b) / (1e-4 + 1e-3 * abs(b)) for name in expected
               for a, b in zip(actual[name], expected[name], strict=True))


def main():
    minnow = sys.argv[1]
    listed = subprocess.run([minnow, "convert", "--list-passes"], check=True, capture_output=True, text=True).stdout
    passes = [line.split()[0] for line in listed.splitlines() if line.strip()]
    models = [(path, shape) for file, shape in MODELS.items() if (path := find(file))]
    if not models:
        print("no model is on this machine: not checked")
        sys.exit(77)
    wrong = 0
    for model, shape in models:
        with tempfile.TemporaryDirectory() as folder:
            expected = outputs(minnow, model, shape, [], pathlib.Path(folder))
        for disabled in [[name] for name in passes] + [passes]:
            with tempfile.TemporaryDirectory() as folder:
                error = worst(outputs(minnow, model, shape, disabled, pathlib.Path(folder)), expected)
            name = disabled[0] if len(disabled) == 1 else "all passes"
            wrong += error > 1
            print(f"{'WRONG' if error > 1 else 'good '} {model.name} without {name}: {100 * error:.1f} % of the tolerance",
                  flush=True)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
