#!/usr/bin/env bash
# The onnx package's ReferenceEvaluator (1.23.2) gives a Loop's scanned scalars one axis more than the text.
#
# Seen: three iterations that scan a scalar give the shape (3, 1). By the text a scanned output has one axis
# more than what an iteration gives, so (3,), which ONNX Runtime 1.32.0 gives.
#
# Most would guess that scalars are stacked as everything else is. A comparison of shapes fails, one that
# broadcasts passes unseen.
#
# Source: Loop-16, "the scan_outputs … will be the concatenation, over all iterations"; in its pseudo-code,
# user_defined_vals of shape [max_trip_count] from scalars (https://onnx.ai/onnx/operators/onnx__Loop.html).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cat > "$folder/try.py" <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

info = helper.make_tensor_value_info
nodes = [helper.make_node("Identity", ["go"], ["next"]), helper.make_node("Identity", ["i"], ["k"])]
body = helper.make_graph(nodes, "body", [info("i", TensorProto.INT64, []), info("go", TensorProto.BOOL, [])],
                         [info("next", TensorProto.BOOL, []), info("k", TensorProto.INT64, [])])
graph = helper.make_graph([helper.make_node("Loop", ["trips", "first"], ["y"], body=body)], "g",
                          [info("trips", TensorProto.INT64, []), info("first", TensorProto.BOOL, [])],
                          [info("y", TensorProto.INT64, None)])
m = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
inputs = {"trips": np.array(3), "first": np.array(True)}
theirs = ReferenceEvaluator(m).run(None, inputs)[0].shape
session = onnxruntime.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"])
right = session.run(None, inputs)[0].shape
print("ReferenceEvaluator", theirs, "ONNX Runtime", right)
assert theirs == (3, 1) and right == (3,)
PYTHON
"$folder/python/bin/python" "$folder/try.py"
