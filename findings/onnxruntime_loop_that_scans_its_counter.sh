#!/usr/bin/env bash
# ONNX Runtime 1.32.0: a Loop whose scanned output is the iteration number itself gives the last number for
# every iteration.
#
# Seen: three iterations give [3 3 3]. With an Identity between the counter and the output they give [0 1 2],
# as the text has it; the onnx package's ReferenceEvaluator gives 0, 1, 2 both ways.
#
# Most would guess that an Identity changes nothing, and exporters' clean-up passes remove it.
#
# Source: Loop-16, "scan_outputs … are concatenated … at each iteration", with the iteration_num of that
# iteration (https://onnx.ai/onnx/operators/onnx__Loop.html).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cat > "$folder/try.py" <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper


def scanned(nodes, output):
    info = helper.make_tensor_value_info
    body = helper.make_graph([helper.make_node("Identity", ["go"], ["next"]), *nodes], "body",
                             [info("i", TensorProto.INT64, []), info("go", TensorProto.BOOL, [])],
                             [info("next", TensorProto.BOOL, []), info(output, TensorProto.INT64, [])])
    graph = helper.make_graph([helper.make_node("Loop", ["trips", "first"], ["y"], body=body)], "g",
                              [info("trips", TensorProto.INT64, []), info("first", TensorProto.BOOL, [])],
                              [info("y", TensorProto.INT64, None)])
    m = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"trips": np.array(3), "first": np.array(True)})[0].tolist()


direct = scanned([], "i")
copied = scanned([helper.make_node("Identity", ["i"], ["k"])], "k")
print("the counter itself", direct, "a copy of it", copied)
assert direct == [3, 3, 3] and copied == [0, 1, 2]
PYTHON
"$folder/python/bin/python" "$folder/try.py"
