#!/usr/bin/env bash
# MNN 3.6.1: an ONNX model's Round takes halves away from zero.
#
# Seen: of 0.5, 1.5, 2.5 and their negatives ONNX Runtime makes 0, 2, 2, MNN 1, 2, 3.
#
# Most would guess halves to even: ONNX demands it, NumPy, PyTorch and TensorFlow do it, and so does the rounding of every
# CPU. What a model quantises by Round is a step off wherever it lies halfway.
#
# Source: Round-11 (https://onnx.ai/onnx/operators/onnx__Round.html): "In case of halves, the rule is to round them to the
# nearest even integer."
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 MNN==3.6.1
cat > "$folder/try.py" <<'PYTHON'
import pathlib
import subprocess
import sys

import MNN
import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

folder = pathlib.Path(__file__).parent


def model(nodes, x, y, constants=()):
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
                              [helper.make_tensor_value_info("y", *y)], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def onnxruntime(m, x):
    return ort.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0].ravel()


def fill(tensor, x):
    tensor.copyFrom(MNN.Tensor(x.shape, MNN.Halide_Type_Float, x, MNN.Tensor_DimensionType_Caffe))


def opened(m):
    """As the wheel converts it: in a process of its own, because the converter prints and keeps what it took."""
    onnx.save(m, folder / "m.onnx")
    convert = "import _tools; _tools.mnnconvert(['mnnconvert', '-f', 'ONNX', '--modelFile', 'm.onnx', '--MNNModel', 'm.mnn'])"
    subprocess.run([sys.executable, "-c", convert], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    interpreter = MNN.Interpreter(str(folder / "m.mnn"))
    return interpreter, interpreter.createSession({"backend": "CPU", "precision": "high"})


def run(interpreter, session):
    interpreter.runSession(session)
    out = interpreter.getSessionOutput(session, "y")
    kind = np.int32 if out.getDataType() == MNN.Halide_Type_Int else np.float32
    host = MNN.Tensor(out.getShape(), out.getDataType(), np.zeros(out.getShape(), kind), MNN.Tensor_DimensionType_Caffe)
    out.copyToHostTensor(host)
    return np.array(host.getData())


def mnn(m, x):
    interpreter, session = opened(m)
    fill(interpreter.getSessionInput(session, "x"), x)
    return run(interpreter, session)


x = np.array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4999], np.float32)
m = model([helper.make_node("Round", ["x"], ["y"])], x, (TensorProto.FLOAT, x.shape))
right, found = onnxruntime(m, x), mnn(m, x).ravel()
print(right, found, sep="\n")
assert right.tolist() == [0, 2, 2, 0, -2, -2, 2]
assert found.tolist() == [1, 2, 3, -1, -2, -3, 2]
PYTHON
"$folder/python/bin/python" "$folder/try.py"
