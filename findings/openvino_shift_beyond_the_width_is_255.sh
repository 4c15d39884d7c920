#!/usr/bin/env bash
# OpenVINO 2026.4.1, CPU: BitShift of a uint8 to the left by 8 or more gives 255.
#
# Seen: 1 << 8 and 255 << 9 give 255; ONNX Runtime and the ReferenceEvaluator give 0, 3 << 1 is 6 everywhere.
#
# Most would guess 0: bits that are moved out are lost.
#
# Source: BitShift-11, "the bits of binary representation are moved … to the left side"
# (https://onnx.ai/onnx/operators/onnx__BitShift.html).
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


inputs = {"x": np.array([1, 255, 3], np.uint8), "n": np.array([8, 9, 1], np.uint8)}
m = model(helper.make_node("BitShift", ["x", "n"], ["y"], direction="LEFT"), inputs, TensorProto.UINT8, 17)
found = {f.__name__: f(m, inputs).tolist() for f in (onnxruntime, openvino)}
print(found)
assert found == {"onnxruntime": [0, 0, 6], "openvino": [255, 255, 6]}
PYTHON
"$folder/python/bin/python" "$folder/try.py"
