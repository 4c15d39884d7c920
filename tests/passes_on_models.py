#!/usr/bin/env python3
"""Every pass switched off in turn, and all of them, on small real models: the outputs must agree. Without passes every
tensor is one of the ONNX file, so names are checked as well: what a trace calls by such a name must be that tensor.

Usage: passes_on_models.py MINNOW        Exit code 77 when no model is on this machine.
"""
import array
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

from real_models import count_required, find

MODELS = {"ultraface_RFB_320.onnx": [], "gtsrb_mobile_dmitry.onnx": [], "FastestDet_352.onnx": [],
          "face_detection_front_128x128_barracuda.onnx": [],
          "ch_ppocr_mobile_v2.0_cls_infer.onnx": ["--shape", "x=1,3,48,192"],
          "ch_PP-OCRv4_rec_infer.onnx": ["--shape", "x=1,3,48,64"]}

# For names alone: they have what the others have not, layout copies and upsampling.
NAMES = {"nanodet_m_320.onnx": [], "ch_PP-OCRv4_det_infer.onnx": ["--shape", "x=1,3,96,160"]}


def floats(path):
    """The elements of a float32 .npy file (version 1.0)."""
    data = path.read_bytes()
    start = 10 + struct.unpack("<H", data[8:10])[0]
    return struct.unpack(f"<{(len(data) - start) // 4}f", data[start:])


def convert(minnow, model, shape, disabled, folder):
    converted = folder / "model.minnow"
    off = [flag for name in disabled for flag in ("--disable", name)]
    subprocess.run([minnow, "convert", str(model), "-o", str(converted), *shape, *off], check=True,
                   stdout=subprocess.DEVNULL)
    return converted


def outputs(minnow, model, shape, disabled, folder):
    converted = convert(minnow, model, shape, disabled, folder)
    subprocess.run([minnow, "run", str(converted), "--input", "all=random:7", "--output-dir", str(folder / "out")],
                   check=True, stdout=subprocess.DEVNULL)
    return {path.name: floats(path) for path in sorted((folder / "out").iterdir())}


def worst(actual, expected):
    """The largest error as a part of 1e-4 + 1e-3 |expected|."""
    assert actual.keys() == expected.keys(), f"{list(actual)} instead of {list(expected)}"
    return max(abs(a - b) / (1e-4 + 1e-3 * abs(b)) for name in expected
               for a, b in zip(actual[name], expected[name], strict=True))


def trace(minnow, model, shape, disabled, folder):
    """Shape and elements of every float32 tensor."""
    path = folder / "trace.npz"
    subprocess.run([minnow, "trace", str(convert(minnow, model, shape, disabled, folder)), "--input", "all=random:7",
                    "-o", str(path)], check=True, stdout=subprocess.DEVNULL)
    with zipfile.ZipFile(path) as archive:
        records = json.loads(archive.read("minnow.json"))["tensors"]
        tensors = {}
        for name, record in records.items():
            if record["type"] == "float32":
                data = archive.read(name + ".npy")
                tensors[name] = record["shape"], array.array("f", data[10 + struct.unpack("<H", data[8:10])[0]:])
    return tensors


def is_another(actual, expected):
    """True if two tensors of one name are not one tensor: rounding is none of the business here, so most elements
    need to agree only to a hundredth of the largest."""
    if actual[0] != expected[0]:
        return True
    step = 1 + len(expected[1]) // 5000
    pairs = list(zip(actual[1][::step], expected[1][::step], strict=True))
    scale = max((abs(b) for _, b in pairs), default=0)
    return sum(abs(a - b) > 0.01 * scale for a, b in pairs) > 0.1 * len(pairs)


def wrong_names(minnow, model, shape, passes):
    with tempfile.TemporaryDirectory() as folder:
        actual = trace(minnow, model, shape, [], pathlib.Path(folder))
        expected = trace(minnow, model, shape, passes, pathlib.Path(folder))
    common = [name for name in actual if name in expected]
    added = [name for name in actual if name not in expected]
    wrong = [name for name in common if is_another(actual[name], expected[name])]
    wrong += [name for name in added if not name.startswith("~")]
    print(f"{'WRONG' if wrong else 'good '} {model.name}: names of {len(common)} tensors {' '.join(wrong)}", flush=True)
    return len(wrong) + (not common)


def main():
    minnow = sys.argv[1]
    listed = subprocess.run([minnow, "convert", "--list-passes"], check=True, capture_output=True, text=True).stdout
    passes = [line.split()[0] for line in listed.splitlines() if line.strip()]
    models = [(path, shape) for file, shape in MODELS.items() if (path := find(file))]
    named = models + [(path, shape) for file, shape in NAMES.items() if (path := find(file))]
    wrong = count_required([*MODELS, *NAMES])
    if not models:
        sys.exit(1 if wrong else 77)
    wrong += sum(wrong_names(minnow, model, shape, passes) for model, shape in named)
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
