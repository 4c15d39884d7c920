#!/usr/bin/env bash
# OpenVINO 2026.4.1, CPU: a Cast of float32 to int64 gives 32-bit results in an int64 tensor.
#
# Seen: 3e9 becomes -2147483648. ONNX Runtime and NumPy give 3000000000.
#
# Most would guess that a result of type int64 holds what fits in int64: pixel counts and time stamps do not
# fit in 32 bits.
#
# Source: ONNX Cast-13 (https://onnx.ai/onnx/operators/onnx__Cast.html); OpenVINO's page on the CPU device
# lists i64 among the supported types of inputs and outputs.
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


x = np.array([3e9], np.float32)
m = model(helper.make_node("Cast", ["x"], ["y"], to=TensorProto.INT64), {"x": x}, TensorProto.INT64, 17)
found = {f.__name__: f(m, {"x": x}) for f in (onnxruntime, openvino)}
print({name: (y.dtype, int(y[0])) for name, y in found.items()})
assert found["openvino"].dtype == np.int64 and found["openvino"][0] == -(2**31)
assert found["onnxruntime"][0] == 3000000000
PYTHON
"$folder/python/bin/python" "$folder/try.py"
