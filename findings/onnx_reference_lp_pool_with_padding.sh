#!/usr/bin/env bash
# The onnx package's ReferenceEvaluator (1.23.2) scales LpPool's windows that hang over the border.
#
# Seen: the last window of [0 1 2 3 4 5] (kernel 3, stride 2, one pad on each side, ceil_mode) holds 5 alone,
# so its 2-norm is 5; the reference gives 6.12, which is 5 times the root of 3/2. ONNX Runtime and OpenVINO
# give 5.
#
# Most would guess that a norm of one number is its magnitude.
#
# Source: LpPool-18, "applying Lp pooling on a subset of the input tensor according to the kernel size"
# (https://onnx.ai/onnx/operators/onnx__LpPool.html).
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


x = np.arange(6, dtype=np.float32).reshape(1, 1, 6)
node = helper.make_node("LpPool", ["x"], ["y"], kernel_shape=[3], strides=[2], pads=[1, 1], ceil_mode=1, p=2)
m = model(node, {"x": x}, TensorProto.FLOAT, 18)
last = {f.__name__: float(f(m, {"x": x})[0, 0, -1]) for f in (reference, onnxruntime)}
print(last)
assert abs(last["reference"] - 5 * 1.5**0.5) < 1e-3 and last["onnxruntime"] == 5
PYTHON
"$folder/python/bin/python" "$folder/try.py"
