#!/usr/bin/env bash
# ONNX Runtime 1.32.0: Hardmax of a row that begins with NaN has no 1 in it.
#
# Seen: [NaN 3 7 1] gives [0 0 0 0]. The ReferenceEvaluator of onnx 1.23.2 gives 1 at the NaN.
#
# Most would guess that every row of a Hardmax adds up to 1, which code behind it takes for granted when it
# multiplies by it to choose a row.
#
# Source: Hardmax-13, "Hardmax(element in input, axis) = 1 if the element is the first maximum value along the
# specified axis, 0 otherwise" (https://onnx.ai/onnx/operators/onnx__Hardmax.html).
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


def reference(m, inputs):
    from onnx.reference import ReferenceEvaluator

    return ReferenceEvaluator(m).run(None, inputs)[0]


x = np.array([[np.nan, 3, 7, 1]], np.float32)
m = model(helper.make_node("Hardmax", ["x"], ["y"]), {"x": x}, TensorProto.FLOAT, 17)
found = {f.__name__: f(m, {"x": x}).ravel().tolist() for f in (onnxruntime, reference)}
print(found)
assert found == {"onnxruntime": [0, 0, 0, 0], "reference": [1, 0, 0, 0]}
PYTHON
"$folder/python/bin/python" "$folder/try.py"
