#!/usr/bin/env python3
"""`minnow export` of real models: converted again they give the same hashes, and ONNX Runtime, which opens what was
written, gives the same answers within |a-b| <= 1e-4 + 1e-3 |b|, of integers within one step.

Usage: export_on_models.py MINNOW [FILE…]      (exit code 77 where there are no models or no ONNX Runtime)
"""
import pathlib
import subprocess
import sys
import tempfile

from real_models import count_required, end_without, find, shared, use_packages

use_packages()
try:
    import onnxruntime  # noqa: F401
except ImportError:
    end_without("ONNX Runtime is not there")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "golden"))
import common  # noqa: E402
import numpy as np  # noqa: E402

# File: arguments of a conversion; and whether weights of Winograd's tiles have been transformed, which is undone but for a
# rounding.
MODELS = {"face_detection_front_128x128_barracuda.onnx": [], "mlsd_320x320_tiny.onnx": [],
          "ch_ppocr_mobile_v2.0_cls_infer.onnx": ["--shape", "x=1,3,48,192"],
          "ch_PP-OCRv4_det_infer.onnx": ["--shape", "x=1,3,96,160"],
          "ch_PP-OCRv4_rec_infer.onnx": ["--shape", "x=1,3,48,64"]}
SHARED = {"gtsrb_mobile_dmitry.onnx": ["--shape", "input=1,30,30,3"]}
FOR_SPEED = ["--optimise", "speed"]
SEED = "all=random:7"
NOISE = 4  # as tests/compare_onnxruntime.py


class Refused(Exception):
    """By name: what Minnow does not take, or ONNX has no form for (TensorFlow Lite's rounding of integers)."""


def minnow_run(minnow, *arguments):
    done = subprocess.run([minnow, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        raise Refused(done.stderr.strip().splitlines()[0])
    if done.returncode != 0:
        raise AssertionError(f"minnow {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def answers(exported, feeds):
    """ONNX Runtime's, and by how much it misses itself: models amplify rounding (tests/golden/common.py)."""
    if all(x.dtype.kind == "f" for x in feeds.values()):
        return common.answers_and_noise(exported, feeds)
    found = common.open_session(exported).run(None, feeds)
    return found, [0.0] * len(found)


def compare_with_onnxruntime(minnow, converted, exported, folder):
    """Elements, how many of them are outside, the largest difference."""
    minnow_run(minnow, "run", converted, "--input", SEED, "--save-inputs", folder / "in", "--output-dir", folder / "out")
    session = common.open_session(exported)
    feeds = {i.name: np.load(folder / "in" / common.file_name(i.name)) for i in session.get_inputs()}
    elements, wrong, largest = 0, 0, 0.0
    for output, expected, noise in zip(session.get_outputs(), *answers(exported, feeds)):
        actual = np.load(folder / "out" / common.file_name(output.name))
        assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape), f"{output.name}: {actual.dtype} {actual.shape}"
        error = np.abs(actual.astype(np.float64) - expected)
        floats = expected.dtype.kind == "f"
        allowed = common.ABSOLUTE + common.RELATIVE * np.abs(expected.astype(np.float64)) + NOISE * noise if floats else 1
        elements, wrong = elements + expected.size, wrong + int((~(error <= allowed)).sum())
        largest = max(largest, float(error.max(initial=0)))
    return elements, wrong, largest


def check(minnow, model, arguments, folder):
    converted, exported = folder / "model.minnow", folder / "model.onnx"
    minnow_run(minnow, "convert", model, "-o", converted, *arguments)
    minnow_run(minnow, "export", converted, "-o", exported)
    before, after = (minnow_run(minnow, "hash", path, "--input", SEED) for path in (converted, exported))
    elements, wrong, largest = compare_with_onnxruntime(minnow, converted, exported, folder)
    same = before == after or FOR_SPEED[1] in arguments
    print(f"{'good ' if same and not wrong else 'WRONG'} {model.name} {' '.join(arguments)}: hashes "
          f"{'equal' if before == after else 'DIFFER'}, {wrong} of {elements} elements outside, largest difference "
          f"{largest:.3g}", flush=True)
    return same and not wrong


def main():
    wanted = MODELS | ({path.name: SHARED.get(path.name, []) for path in sorted(shared("models").iterdir())
                        if path.suffix in (".onnx", ".tflite")} if shared("models") else {})
    wanted = {name: wanted[name] for name in sys.argv[2:] or wanted}
    bad = count_required(wanted)
    cases = [(find(name), arguments) for name, arguments in wanted.items() if find(name)]
    cases += [(path, [*arguments, *FOR_SPEED]) for path, arguments in cases if path.name == "mlsd_320x320_tiny.onnx"]
    if not cases:
        sys.exit(1 if bad else 77)
    for path, arguments in cases:
        with tempfile.TemporaryDirectory() as folder:
            try:
                bad += not check(sys.argv[1], path, arguments, pathlib.Path(folder))
            except Refused as error:
                print(f"none  {path.name}: {error}", flush=True)
                bad += path.suffix == ".onnx"
            except Exception as error:  # ONNX Runtime's are of many kinds
                print(f"WRONG {path.name}: {error}", flush=True)
                bad += 1
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
