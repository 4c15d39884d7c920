#!/usr/bin/env bash
# OpenVINO 2026.4.1, CPU: Shrink and ThresholdedRelu of infinite numbers give NaN.
#
# Seen: Shrink of infinity is infinity, ThresholdedRelu of -infinity is 0, by the operators' texts and in ONNX
# Runtime; OpenVINO gives NaN for both. That is what a product with a mask of 0 and 1 gives, 0 times infinity
# being NaN, where a selection gives no NaN.
#
# Most would guess that an operator which selects does not compute with what it did not select.
#
# Source: Shrink-9, ThresholdedRelu-10 (https://onnx.ai/onnx/operators/onnx__Shrink.html).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1
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


def openvino(m, inputs):
    import openvino as ov

    core = ov.Core()
    compiled = core.compile_model(core.read_model(m.SerializeToString(), b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(list(inputs.values()))[0]


for name, value, right in (("Shrink", np.inf, np.inf), ("ThresholdedRelu", -np.inf, 0)):
    x = np.array([value], np.float32)
    m = model(helper.make_node(name, ["x"], ["y"]), {"x": x}, TensorProto.FLOAT, 17)
    found = {f.__name__: float(f(m, {"x": x})[0]) for f in (onnxruntime, openvino)}
    print(name, "of", value, found)
    assert found["onnxruntime"] == right and np.isnan(found["openvino"])
PYTHON
"$folder/python/bin/python" "$folder/try.py"
