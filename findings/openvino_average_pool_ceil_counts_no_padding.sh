#!/usr/bin/env bash
# OpenVINO 2026.4.1, CPU: AveragePool with ceil_mode and count_include_pad divides the last, incomplete window
# by the wrong number of elements.
#
# Seen: over [1 … 8] (kernel 3, stride 2, one pad on each side) the last window holds 8 and one pad, so its
# average is 4, as ONNX Runtime, PyTorch and the ReferenceEvaluator have it. OpenVINO gives 2.67: it divides
# by 3, though the third element lies beyond the padding.
#
# Most would guess that the divisor counts elements of the padded input, as ONNX's text has said since opset
# 19.
#
# Source: AveragePool-19 (https://onnx.ai/onnx/operators/onnx__AveragePool.html).
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


x = np.arange(1, 9, dtype=np.float32).reshape(1, 1, 8)
node = helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[3], strides=[2], pads=[1, 1], ceil_mode=1, count_include_pad=1)
m = model(node, {"x": x}, TensorProto.FLOAT, 19)
last = {f.__name__: float(f(m, {"x": x}).ravel()[-1]) for f in (onnxruntime, openvino)}
print(last)
assert last["onnxruntime"] == 4 and abs(last["openvino"] - 8 / 3) < 1e-5
PYTHON
"$folder/python/bin/python" "$folder/try.py"
