#!/usr/bin/env bash
# The onnx package's ReferenceEvaluator (1.23.2) normalises by a mixture of the stored and the batch's
# statistics in BatchNormalization of opset 9, although the node has one output and so is in test mode.
#
# Seen: with scale 1, bias 0, mean 5 and variance 1 an element x should become x - 5; the reference is off by
# 0.5. ONNX Runtime gives x - 5.
#
# Most would guess inference, as opset 9 defines the two modes by the number of outputs.
#
# Source: BatchNormalization-9, "Output case #2: Y (test mode)"
# (https://onnx.ai/onnx/operators/onnx__BatchNormalization.html#batchnormalization-9).
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
one, zero = np.ones(3, np.float32), np.zeros(3, np.float32)
inputs = {"x": x, "scale": one, "bias": zero, "mean": 5 * one, "variance": one}
m = model(helper.make_node("BatchNormalization", list(inputs), ["y"]), inputs, TensorProto.FLOAT, 9)
error = {f.__name__: np.abs(f(m, inputs) - (x - 5)).max() for f in (reference, onnxruntime)}
print(error)
assert error["reference"] > 0.3 and error["onnxruntime"] < 1e-3
PYTHON
"$folder/python/bin/python" "$folder/try.py"
