#!/usr/bin/env bash
# ONNX Runtime 1.32.0 leaves the dilation out of the padding of a MaxPool with auto_pad SAME_UPPER.
#
# Seen: of five elements (kernel 3, dilation 2, stride 1) it gives three results; SAME means as many results
# as elements, and the ReferenceEvaluator of onnx 1.23.2 gives five.
#
# Most would guess that SAME gives the same size: that is what it is named for.
#
# Source: MaxPool-12, "output_shape[i] = ceil(input_shape[i] / strides[i])"
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
m = model(helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[3], dilations=[2], auto_pad="SAME_UPPER"), {"x": x},
          TensorProto.FLOAT, 17)
found = {f.__name__: f(m, {"x": x}).ravel().tolist() for f in (onnxruntime, reference)}
print(found)
assert found == {"onnxruntime": [4, 5, 4], "reference": [3, 4, 5, 4, 5]}
PYTHON
"$folder/python/bin/python" "$folder/try.py"
