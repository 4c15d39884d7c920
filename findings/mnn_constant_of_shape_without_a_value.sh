#!/usr/bin/env bash
# MNN 3.6.1: ConstantOfShape without its attribute `value` makes whatever lies in memory, not zeros.
#
# Seen: [1, 4, 6, 6] elements joined to an input of 8 channels. With value = 0 they are 0. Without the attribute they were
# 1.6e11, -2.8e38 and 5.9e-37 in three conversions, each time all the same number. BlazeFace pads its channels so: what
# MNN makes of it has no meaning, and is something else after the next conversion.
#
# Most would guess 0: the attribute is left out by converters from TensorFlow because its default is what they want.
#
# Source: ConstantOfShape-9 (https://onnx.ai/onnx/operators/onnx__ConstantOfShape.html): "If attribute value is not
# specified, the tensor in the output defaults to 0, with datatype float32."
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


x = np.ones((1, 8, 6, 6), np.float32)
shape = onnx.numpy_helper.from_array(np.array([1, 4, 6, 6], np.int64), "s")
join = helper.make_node("Concat", ["x", "z"], ["y"], axis=1)
zero = helper.make_tensor("v", TensorProto.FLOAT, [1], [0.0])


def made(**attributes):
    """The different elements of what ConstantOfShape made, in ONNX Runtime and in MNN."""
    m = model([helper.make_node("ConstantOfShape", ["s"], ["z"], **attributes), join], x,
              (TensorProto.FLOAT, [1, 12, 6, 6]), [shape])
    return [np.unique(np.reshape(y, (12, 36))[8:]).tolist() for y in (onnxruntime(m, x), mnn(m, x))]


given, absent = made(value=zero), [made() for _ in range(3)]
print("value = 0:", given, "no value:", absent, sep="\n")
assert given == [[0.0], [0.0]]
assert all(right == [0.0] for right, _ in absent)
assert any(found != [0.0] for _, found in absent)
PYTHON
"$folder/python/bin/python" "$folder/try.py"
