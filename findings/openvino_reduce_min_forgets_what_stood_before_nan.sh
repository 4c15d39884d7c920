#!/usr/bin/env bash
# OpenVINO 2026.4.1, CPU: ReduceMin and ReduceMax forget what stood before a NaN.
#
# Seen: the least of [1, 2, NaN, 5, 4] is 4: neither NaN, as numpy has it, nor 1, the least number. A NaN is kept
# only if it is the last element: the least of [3, 1, NaN] is NaN, that of [NaN, 1, 3] is 1.
#
# Most would guess one of two rules, NaN wins or NaN is left out; here each NaN begins the reduction anew, so that
# the result depends on where it stands.
#
# Source: ReduceMin-13 (https://onnx.ai/onnx/operators/onnx__ReduceMin.html), whose ReferenceEvaluator is
# numpy.minimum.reduce, which gives NaN.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet numpy==2.4.6 onnx==1.23.2 openvino==2026.4.1
cat > "$folder/try.py" <<'PYTHON'
import numpy as np
import openvino as ov
from onnx import TensorProto, helper


def reduced(kind, row):
    x = np.array([row], np.float32)
    graph = helper.make_graph(
        [helper.make_node(kind, ["x"], ["y"], axes=[1], keepdims=0)], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])])
    m = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    core = ov.Core()
    compiled = core.compile_model(core.read_model(m.SerializeToString(), b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return float(compiled([x])[0][0])


nan = float("nan")
for kind, row, seen in [("ReduceMin", [1, 2, nan, 5, 4], 4), ("ReduceMax", [9, 8, nan, 5, 4], 5),
                        ("ReduceMin", [nan, 1, 3], 1), ("ReduceMin", [3, 1, nan], nan)]:
    found = reduced(kind, row)
    print(kind, row, found)
    assert np.array_equal(found, seen, equal_nan=True)
PYTHON
"$folder/python/bin/python" "$folder/try.py"
