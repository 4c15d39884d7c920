#!/usr/bin/env bash
# ONNX Runtime 1.32.0 refuses LRN over an even number of channels when the session is created.
#
# Seen: "size_ % 2 == 1 was false". The operator's text defines even sizes by floor and ceil of (size - 1) /
# 2, and the ReferenceEvaluator computes them.
#
# Most would guess that a valid ONNX file of one of the oldest operators loads.
#
# Source: LRN-13, "max(0, c - floor((size - 1) / 2)) <= i <= min(C - 1, c + ceil((size - 1) / 2))"
# (https://onnx.ai/onnx/operators/onnx__LRN.html).
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


x = np.ones((1, 6, 1, 1), np.float32)
m = model(helper.make_node("LRN", ["x"], ["y"], size=4), {"x": x}, TensorProto.FLOAT, 13)
assert reference(m, {"x": x}).shape == (1, 6, 1, 1)
try:
    onnxruntime(m, {"x": x})
except Exception as error:
    print(str(error)[:200])
    assert "size_ % 2 == 1 was false" in str(error)
else:
    raise SystemExit("LRN of even size is accepted now")
PYTHON
"$folder/python/bin/python" "$folder/try.py"
