#!/usr/bin/env bash
# Two authorities read Resize's align_corners differently when the output's size comes from a scale: onnx
# 1.23.2's ReferenceEvaluator aligns the corner of the fractional length, ONNX Runtime 1.32.0 that of the
# whole one.
#
# Seen: [1 2 3 4] by 1.6 has the length 6.4 and 6 elements. ONNX Runtime ends with 4, at the corner; the
# reference with 3.78, short of it. OpenVINO agrees with ONNX Runtime.
#
# Most would guess that align_corners aligns corners.
#
# Source: Resize-19, "x_original = x_resized * (length_original - 1) / (length_resized - 1)", and of
# output_width "can be a fractional number when it is calculated out of a scale factor"
# (https://onnx.ai/onnx/operators/onnx__Resize.html).
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


inputs = {"x": np.arange(1, 5, dtype=np.float32).reshape(1, 1, 1, 4), "scales": np.array([1, 1, 1, 1.6], np.float32)}
node = helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="linear", coordinate_transformation_mode="align_corners")
m = model(node, inputs, TensorProto.FLOAT, 19)
last = {f.__name__: float(f(m, inputs)[0, 0, 0, -1]) for f in (reference, onnxruntime)}
print(last)
assert abs(last["onnxruntime"] - 4) < 1e-5 and abs(last["reference"] - (1 + 5 * 3 / 5.4)) < 1e-4
PYTHON
"$folder/python/bin/python" "$folder/try.py"
