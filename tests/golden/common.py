"""What making goldens and comparing with ONNX Runtime share: finding models, making inputs, running both."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from real_models import find as find_model  # noqa: E402
from tiny_onnx import onnx_model  # noqa: E402

TABLE = json.loads((ROOT / "tests/golden/models.json").read_text())
ABSOLUTE, RELATIVE = 1e-4, 1e-3


def split_mix_64(seed, count):
    """The generator of `random:SEED` (tools/minnow/random.h): uniform multiples of 2^-24 in [0, 1)."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15) * np.arange(1, count + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)).astype(np.float64) * 2.0**-24).astype(np.float32)


def file_name(tensor_name):
    return re.sub(r"[^A-Za-z0-9._-]", "_", tensor_name) + ".npy"


def run_minnow(minnow, path, row, spec, folder):
    """Runs one model on one input; outputs go to folder/out, inputs to folder/in."""
    command = [minnow, "run", str(path), "--output-dir", f"{folder}/out", "--save-inputs", f"{folder}/in"]
    if "shape" in row:
        command += ["--shape", f"{row['input']}={','.join(map(str, row['shape']))}"]
    if spec == "picture":
        command += [*row["picture"], "--input", f"{row['input']}={TABLE['picture']}"]
    else:
        command += ["--input", f"{row['input']}={spec}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def open_session(path, optimised=True):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def answers_and_noise(path, feeds):
    """ONNX Runtime's outputs, and per output its own noise: 0 as a rule; where ONNX Runtime misses the tolerance against
    itself (its graph optimisations off, or every input element moved to a neighbouring float), by how much it moves."""
    session = open_session(path)
    answers = session.run(None, feeds)
    nudged = {name: np.nextafter(x, np.where(np.arange(x.size).reshape(x.shape) % 2, np.inf, -np.inf).astype(x.dtype))
              for name, x in feeds.items()}
    noises = [0.0] * len(answers)
    for others in (open_session(path, optimised=False).run(None, feeds), session.run(None, nudged)):
        for i, (a, b) in enumerate(zip(answers, others)):
            moved = np.abs(a.astype(np.float64) - b)
            if (moved > ABSOLUTE + RELATIVE * np.abs(a)).any():
                noises[i] = max(noises[i], float(moved.max()))
    return answers, noises


def input_shape(session, row):
    declared = session.get_inputs()[0].shape
    return row.get("shape", [d if isinstance(d, int) else 1 for d in declared])


def picture_input(minnow, shape, row):
    """A picture as Minnow's vision room prepares it for a model of this input: what is compared is the engine."""
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder, "tiny.onnx")
        model.write_bytes(onnx_model(["Relu"], shape))
        run_minnow(minnow, model, {"input": "x", "picture": row["picture"]}, "picture", folder)
        return np.load(f"{folder}/in/x.npy")


def make_input(minnow, row, spec, session):
    shape = input_shape(session, row)
    if spec == "picture":
        return picture_input(minnow, shape, row)
    if spec.startswith("const:"):
        return np.full(shape, float(spec[6:]), np.float32)
    return split_mix_64(int(spec[7:]), int(np.prod(shape))).reshape(shape)


def cases(only):
    """(row, spec, path) of every model that is there; prints which are not."""
    for row in TABLE["models"]:
        path = find_model(row["file"])
        if path is None:
            print(f"{row['file']} is not there: left out")
            continue
        if only and row["id"] not in only:
            continue
        for spec in TABLE["inputs"]:
            yield row, spec, path
