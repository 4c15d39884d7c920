#!/usr/bin/env python3
"""Writes tests/golden/data/MODEL.INPUT.json: what ONNX Runtime answers, summarised.

Where Python lacks numpy and onnxruntime it runs itself in the environment that scripts/onnx_venv.sh makes.
A summary holds, per output: shape, min, max, mean, L2 norm and the values at at least 512 fixed places:
element (k * 2654435761) mod n for k = 0, 1, … (all elements in order when there are no more than 512). `noise` is 0
but for the models (M-LSD) on which ONNX Runtime misses 1e-4 + 1e-3 |b| against itself: there, by how much it moves when its
graph optimisations are off or the input is moved to neighbouring floats. No engine can be held to less.
Usage: make_goldens.py [MODEL_ID…]        (build/minnow prepares the picture)
"""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = 512


def inside_environment():
    """Starts this script again in the environment, unless the packages are already here."""
    try:
        import numpy  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError:
        venv = ROOT / ".cache/onnx-venv"
        subprocess.run([ROOT / "scripts/onnx_venv.sh", venv], check=True)
        sys.exit(subprocess.run([str(venv / "bin/python"), __file__, *sys.argv[1:]], check=False).returncode)


def summary(name, values, noise):
    import numpy as np
    flat = values.astype(np.float64).ravel()
    n = flat.size
    places = np.arange(n) if n <= SAMPLES else (np.arange(SAMPLES, dtype=np.uint64) * np.uint64(2654435761)) % np.uint64(n)
    return {
        "name": name,
        "noise": float(f"{noise:.3g}"),
        "shape": list(values.shape),
        "min": float(flat.min()), "max": float(flat.max()), "mean": float(flat.mean()),
        "l2": float(np.sqrt((flat * flat).sum())),
        "samples": [float(f"{v:.8g}") for v in flat[places.astype(np.int64)]],
    }


def main():
    inside_environment()
    import onnxruntime

    import common
    minnow = str(ROOT / "build/minnow")
    out = ROOT / "tests/golden/data"
    out.mkdir(exist_ok=True)
    for row, spec, path in common.cases(sys.argv[1:]):
        session = common.open_session(path)
        data = common.make_input(minnow, row, spec, session)
        answers, noise = common.answers_and_noise(path, {row["input"]: data})
        names = [o.name for o in session.get_outputs()]
        golden = {
            "model": row["file"], "input": row["input"], "spec": spec, "shape": list(data.shape),
            "picture": row["picture"], "made_by": f"onnxruntime {onnxruntime.__version__}",
            "input_mean": float(data.astype("float64").mean()),
            "outputs": [summary(*o) for o in zip(names, answers, noise)],
        }
        file = out / f"{row['id']}.{spec.split(':')[0]}.json"
        file.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
        print(file.relative_to(ROOT))


if __name__ == "__main__":
    main()
