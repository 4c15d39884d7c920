#!/usr/bin/env bash
# ONNX Runtime 1.32.0 rounds a MaxPool's size up where both auto_pad VALID and ceil_mode are given.
#
# Seen: five elements (kernel 2, stride 2) give three results, the last over one element; the formula for
# VALID gives two, and so does the ReferenceEvaluator of onnx 1.23.2.
#
# Most would guess either that VALID, whose formula knows no ceil_mode, decides, or that the combination is
# refused.
#
# Source: MaxPool-12, "VALID: output_spatial_shape[i] = ceil((input_spatial_shape[i] -
# ((kernel_spatial_shape[i] - 1) * dilations[i] + 1) + 1) / strides_spatial_shape[i])"
# (https://onnx.ai/onnx/operators/onnx__MaxPool.html).
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


x = np.arange(1, 6, dtype=np.float32).reshape(1, 1, 5)
m = model(helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[2], strides=[2], auto_pad="VALID", ceil_mode=1), {"x": x},
          TensorProto.FLOAT, 17)
found = {f.__name__: f(m, {"x": x}).ravel().tolist() for f in (onnxruntime, reference)}
print(found)
assert found == {"onnxruntime": [2, 4, 5], "reference": [2, 4]}
PYTHON
"$folder/python/bin/python" "$folder/try.py"
