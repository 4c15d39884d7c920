#!/usr/bin/env bash
# ONNX Runtime 1.32.0 casts float64 to float16 by way of float32, and so rounds twice.
#
# Seen: 65519.999999999 becomes infinity, though it lies nearer to 65504, the largest float16, and
# 1.0004882812500002 becomes 1 although it lies above the middle between 1 and the next float16. NumPy rounds
# once and gives 65504 and 1.001.
#
# Most would guess that a cast gives the nearest value, as NumPy's and C's casts do.
#
# Source: ONNX Cast-13 (https://onnx.ai/onnx/operators/onnx__Cast.html) names no intermediate type; IEEE
# 754-2019, 5.4.2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cat > "$folder/try.py" <<'PYTHON'
import numpy as np
from onnx import TensorProto, helper


def model(node, inputs, output, opset):
    declared = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in inputs.items()]
    result = helper.make_tensor_value_info("y", output, None)
    graph = helper.make_graph([node], "g", declared, [result])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def onnxruntime(m, inputs):
    import onnxruntime as ort

    session = ort.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]


x = np.array([65519.999999999, 1.0004882812500002])
m = model(helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT16), {"x": x}, TensorProto.FLOAT16, 17)
y = onnxruntime(m, {"x": x})
print("ONNX Runtime", y, "NumPy", x.astype(np.float16))
assert np.isinf(y[0]) and y[1] == 1
assert x.astype(np.float16).tolist() == [65504, 1.0009765625]
PYTHON
"$folder/python/bin/python" "$folder/try.py"
