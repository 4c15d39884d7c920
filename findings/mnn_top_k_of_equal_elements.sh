#!/usr/bin/env bash
# MNN 3.6.1: TopK gives equal elements in another order for the greatest than for the least.
#
# Seen: of [1, 3, 3, 2, 3, 1] the greatest four stand at 1, 2, 4, 3 by ONNX Runtime, at 4, 1, 2, 3 by MNN: the last 3 comes
# first, the others after it in their order. The least four are 0, 5, 3, 1 in both.
#
# Most would guess the order of the positions, the one that ONNX demands, or, where a library does not care, an order that
# is either stable or reversed. Detectors whose boxes have equal scores keep others here.
#
# Source: TopK-11 (https://onnx.ai/onnx/operators/onnx__TopK.html): "Given two equivalent values, this operator uses the
# indices along the axis as a tiebreaker. That is, the element with the lower index will appear first."
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
four = onnx.numpy_helper.from_array(np.array([4], np.int64), "k")
for largest, there, here in ((1, [1, 2, 4, 3], [4, 1, 2, 3]), (0, [0, 5, 3, 1], [0, 5, 3, 1])):
    m = model([helper.make_node("TopK", ["x", "k"], ["v", "y"], largest=largest)], x, (TensorProto.INT64, [1, 4]), [four])
    right, found = onnxruntime(m, x), mnn(m, x).ravel()
    print("greatest" if largest else "least", right, found)
    assert right.tolist() == there and found.tolist() == here
PYTHON
"$folder/python/bin/python" "$folder/try.py"
