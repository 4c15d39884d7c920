#!/usr/bin/env bash
# ONNX Runtime 1.32.0 on x86-64: the function of a number depends on where in the array the number stands.
#
# Seen: of 200 arrays that hold one value 37 times, Log, Sin, Cos and Atan return two different results within
# one array for 10 to 40 %, the last elements (behind the last whole vector) differing by one unit in the last
# place. Exp, Tanh and Sigmoid do not.
#
# Most would guess that an elementwise function is a function: equal inputs, equal outputs. A hash of a
# feature map, or a comparison of two crops of one picture, shows that it is not.
#
# Source: ONNX Log-13 says "the natural log of the given input tensor, element-wise"
# (https://onnx.ai/onnx/operators/onnx__Log.html).
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


import onnxruntime as ort


def arrays_with_two_results(function):
    x = np.zeros(37, np.float32)
    m = model(helper.make_node(function, ["x"], ["y"]), {"x": x}, TensorProto.FLOAT, 17)
    session = ort.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"])
    values = np.random.default_rng(0).uniform(0.1, 5, 200).astype(np.float32)
    return sum(len(np.unique(session.run(None, {"x": np.full(37, v)})[0].view(np.uint32))) > 1 for v in values)


found = {f: arrays_with_two_results(f) for f in ("Log", "Sin", "Cos", "Atan", "Exp", "Tanh", "Sigmoid")}
print(found)
assert all(found[f] > 5 for f in ("Log", "Sin", "Cos", "Atan"))
assert not any(found[f] for f in ("Exp", "Tanh", "Sigmoid"))
PYTHON
"$folder/python/bin/python" "$folder/try.py"
