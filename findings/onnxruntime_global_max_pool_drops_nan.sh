#!/usr/bin/env bash
# ONNX Runtime 1.32.0: a NaN survives ReduceMax, and is dropped by GlobalMaxPool of the same tensor.
#
# Seen: over [NaN, 1] ReduceMax gives NaN, GlobalMaxPool 1.
#
# Most would guess that the two are one function, and exporters use them as such. A network that has blown up
# looks healthy behind one of them.
#
# Source: GlobalMaxPool-1, "equivalent to MaxPool with kernel size equal to the spatial dimension of input
# tensor"; the texts say nothing of NaN (https://onnx.ai/onnx/operators/onnx__GlobalMaxPool.html).
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


x = np.array([np.nan, 1], np.float32).reshape(1, 1, 2)
pool = model(helper.make_node("GlobalMaxPool", ["x"], ["y"]), {"x": x}, TensorProto.FLOAT, 17)
reduce = model(helper.make_node("ReduceMax", ["x"], ["y"], axes=[2]), {"x": x}, TensorProto.FLOAT, 17)
found = onnxruntime(pool, {"x": x}).item(), onnxruntime(reduce, {"x": x}).item()
print("GlobalMaxPool", found[0], "ReduceMax", found[1])
assert found[0] == 1 and np.isnan(found[1])
PYTHON
"$folder/python/bin/python" "$folder/try.py"
