#!/usr/bin/env bash
# OpenVINO 2026.4.1, CPU on x86-64: the exponential of NaN is infinity.
#
# Seen: Exp gives infinity for NaN, where ONNX Runtime gives NaN.
#
# Most would guess that NaN stays NaN through arithmetic. Here a broken value becomes a number that a
# comparison takes.
#
# Source: IEEE 754-2019, 6.2.3; ONNX Exp-13 (https://onnx.ai/onnx/operators/onnx__Exp.html).
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


x = np.array([np.nan, 1], np.float32)
m = model(helper.make_node("Exp", ["x"], ["y"]), {"x": x}, TensorProto.FLOAT, 17)
found = {f.__name__: f(m, {"x": x}).tolist() for f in (onnxruntime, openvino)}
print(found)
assert np.isnan(found["onnxruntime"][0]) and np.isinf(found["openvino"][0])
PYTHON
"$folder/python/bin/python" "$folder/try.py"
