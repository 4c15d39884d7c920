#!/usr/bin/env bash
# ONNX Runtime (1.32.0) computes a QDQ convolution in integers also where a channel's sum leaves 32 bits: it wraps around, and
# the channel comes out at the other end of the range. The same file at a lower optimisation level is right.
#
# Seen: bytes of 200 (scale 0.01) times weights of -50 (scale 0.01), a bias of -2147483648 times 0.0001: each result is far below
# 0, the least byte. By default it is 255, the greatest; with ORT_DISABLE_ALL it is 0.
#
# Such biases are what quantisers write for channels whose weights are next to nothing: the bias is divided by a tiny scale and
# saturates. Most would guess that a sum saturates, or that what does not fit stays in float, as the model says it.
#
# Source: DequantizeLinear gives real numbers, of which Conv is a sum (https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cat > "$folder/try.py" <<'PYTHON'
import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

constants = {"xs": np.float32(0.01), "xz": np.uint8(0), "w": np.full((16, 4, 1, 1), -50, np.int8), "ws": np.float32(0.01),
             "wz": np.int8(0), "b": np.full(16, -2**31, np.int32), "bs": np.float32(0.01) * np.float32(0.01), "bz": np.int32(0),
             "ys": np.float32(1000), "yz": np.uint8(128)}
nodes = [helper.make_node("DequantizeLinear", [f"{n}", f"{n}s", f"{n}z"], [f"{n}f"]) for n in "xwb"]
nodes += [helper.make_node("Conv", ["xf", "wf", "bf"], ["yf"]), helper.make_node("QuantizeLinear", ["yf", "ys", "yz"], ["y"])]
graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.UINT8, [1, 4, 3, 3])],
                          [helper.make_tensor_value_info("y", TensorProto.UINT8, None)],
                          [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


def results(level):
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return np.unique(session.run(None, {"x": np.full((1, 4, 3, 3), 200, np.uint8)})[0])


fused, plain = results(ort.GraphOptimizationLevel.ORT_ENABLE_ALL), results(ort.GraphOptimizationLevel.ORT_DISABLE_ALL)
print("by default", fused, "without optimisation", plain)
assert fused == [255] and plain == [0]
PYTHON
"$folder/python/bin/python" "$folder/try.py"
