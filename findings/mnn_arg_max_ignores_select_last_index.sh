#!/usr/bin/env bash
# MNN 3.6.1: ArgMax and ArgMin with select_last_index=1 name the first of equal elements.
#
# Seen: of [1, 3, 3, 2, 3, 1] the last greatest stands at 4 and the last least at 5, by ONNX Runtime; MNN says 1 and 0. The
# converter takes the model without a word.
#
# Most would guess that an attribute which a converter does not know is refused, as it refuses operators.
#
# Source: ArgMax-12 (https://onnx.ai/onnx/operators/onnx__ArgMax.html): "If select_last_index is True (default False), the
# index of the last occurrence of the max is selected if the max appears more than once in the input."
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


x = np.array([[1, 3, 3, 2, 3, 1]], np.float32)
for op, last, first in (("ArgMax", 4, 1), ("ArgMin", 5, 0)):
    node = helper.make_node(op, ["x"], ["y"], axis=1, keepdims=0, select_last_index=1)
    m = model([node], x, (TensorProto.INT64, [1]))
    right, found = onnxruntime(m, x), mnn(m, x).ravel()
    print(op, right, found)
    assert right.tolist() == [last] and found.tolist() == [first]
PYTHON
"$folder/python/bin/python" "$folder/try.py"
