#!/usr/bin/env bash
# The onnx package's own ReferenceEvaluator (1.23.2) computes Softmax of opsets 1 to 12 by the rule of opset
# 13.
#
# Seen: with opset 11 and axis 1 the values of a 2x3x4 tensor add up to 4 a row of the batch. By opset 11 the
# tensor is taken as a matrix of 2 rows, each of which adds up to 1; ONNX Runtime does that.
#
# Most would guess that the reference follows the opset that the model declares. Old exports of classification
# networks over more than two axes are judged wrongly by it.
#
# Source: Softmax-11, "the input does not need to explicitly be a 2D vector; rather, it will be coerced into
# one" (https://onnx.ai/onnx/operators/text_diff_Softmax_11_13.html).
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


x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
m = model(helper.make_node("Softmax", ["x"], ["y"], axis=1), {"x": x}, TensorProto.FLOAT, 11)
sums = {f.__name__: f(m, {"x": x}).sum(axis=(1, 2)) for f in (reference, onnxruntime)}
print(sums)
assert np.allclose(sums["reference"], 4) and np.allclose(sums["onnxruntime"], 1)
PYTHON
"$folder/python/bin/python" "$folder/try.py"
