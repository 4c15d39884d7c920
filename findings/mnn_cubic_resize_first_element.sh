#!/usr/bin/env bash
# MNN 3.6.1: Resize, cubic, half_pixel: the first element of a row comes from the wrong weights.
#
# Seen: [0 … 5] twice as large begins with -0.105 and ends with 5.105 by ONNX Runtime, symmetric as the data are.
# MNN gives the same for eleven of the twelve elements, but 0.668 for the first, which is the value of the third.
#
# Most would guess that both ends of a row are treated alike: the sample lies at -0.25, so its four neighbours are
# -2 to 1 (the outer ones are the first element again) and the fraction is 0.75. MNN gives what belongs to 0.75,
# one element further on.
#
# Source: Resize-13 (https://onnx.ai/onnx/operators/onnx__Resize.html), half_pixel:
# x_original = (x_resized + 0.5) / scale - 0.5.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 MNN==3.6.1
cat > "$folder/try.py" <<'PYTHON'
import pathlib
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper

folder = pathlib.Path(__file__).parent

x = np.arange(6, dtype=np.float32).reshape(1, 1, 1, 6)


def mnn(m):
    """As the wheel converts it: in a process of its own, because the converter prints and keeps what it took."""
    import MNN

    onnx.save(m, folder / "m.onnx")
    convert = "import _tools; _tools.mnnconvert([\"mnnconvert\", \"-f\", \"ONNX\", \"--modelFile\", \"m.onnx\", \"--MNNModel\", \"m.mnn\"])"
    subprocess.run([sys.executable, "-c", convert], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    interpreter = MNN.Interpreter(str(folder / "m.mnn"))
    session = interpreter.createSession({"backend": "CPU", "precision": "high"})
    tensor = interpreter.getSessionInput(session, "x")
    tensor.copyFrom(MNN.Tensor(tensor.getShape(), MNN.Halide_Type_Float, x, MNN.Tensor_DimensionType_Caffe))
    interpreter.runSession(session)
    out = interpreter.getSessionOutput(session, "y")
    host = MNN.Tensor(out.getShape(), MNN.Halide_Type_Float, np.zeros(out.getShape(), np.float32), MNN.Tensor_DimensionType_Caffe)
    out.copyToHostTensor(host)
    return np.array(host.getData(), np.float32)


def onnxruntime(m):
    import onnxruntime as ort

    session = ort.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0].ravel()


graph = helper.make_graph(
    [helper.make_node("Resize", ["x", "", "s"], ["y"], mode="cubic", coordinate_transformation_mode="half_pixel")], "g",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 1, 12])],
    [helper.make_tensor("s", TensorProto.FLOAT, [4], [1, 1, 1, 2])])
m = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
right, found = onnxruntime(m), mnn(m)
print(right, found, sep="\n")
assert np.allclose(right, 5 - right[::-1], atol=1e-5), "symmetric"
assert np.allclose(right[1:], found[1:], atol=1e-5)
assert abs(right[0] + 0.10546875) < 1e-5 and abs(found[0] - right[2]) < 1e-5
PYTHON
"$folder/python/bin/python" "$folder/try.py"
