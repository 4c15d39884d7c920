#!/usr/bin/env bash
# onnxruntime 1.32.0: a float output comes out clipped by a QuantizeLinear that stands behind it.
#
# Seen: DequantizeLinear, Pad (reflect), Transpose, QuantizeLinear, all of opset 13. The result of Pad is an output of the graph too. With the
# default options 2.5 comes out of it as 0.25, the greatest number that the last QuantizeLinear can hold (scale 0.125, zero point 125 of
# int8); so does everything above. Without graph optimisations Pad's output is what it should be. No message.
#
# Most would guess that what an optimiser does for the integers behind a value leaves the value alone where it is an output.
#
# Source: QuantizeLinear saturates its own result (https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html); Pad copies
# (https://onnx.ai/onnx/operators/onnx__Pad.html).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cat > "$folder/try.py" <<'PYTHON'
import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

STORED = np.arange(16, dtype=np.int8).reshape(4, 4)


def padded_and_quantised():
    nodes = [helper.make_node("DequantizeLinear", ["x", "half", "none"], ["real"]),
             helper.make_node("Pad", ["real", "ones"], ["padded"], mode="reflect"),
             helper.make_node("Transpose", ["padded"], ["turned"], perm=[1, 0]),
             helper.make_node("QuantizeLinear", ["turned", "eighth", "zero"], ["q"])]
    constants = {"half": np.float32(0.5), "none": np.int8(0), "ones": np.array([1, 1, 1, 1]),
                 "eighth": np.float32(0.125), "zero": np.int8(125)}
    outputs = [helper.make_tensor_value_info("padded", TensorProto.FLOAT, [6, 6]),
               helper.make_tensor_value_info("q", TensorProto.INT8, [6, 6])]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.INT8, [4, 4])], outputs,
                              [numpy_helper.from_array(np.array(value), name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def output(level):
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    session = ort.InferenceSession(padded_and_quantised(), options, providers=["CPUExecutionProvider"])
    return session.run(["padded", "q"], {"x": STORED})[0]


right = np.pad(STORED * np.float32(0.5), 1, mode="reflect")
plain, optimised = output(ort.GraphOptimizationLevel.ORT_DISABLE_ALL), output(ort.SessionOptions().graph_optimization_level)
print("first row, not optimised:", plain[0], "default:", optimised[0])
assert np.array_equal(plain, right)
assert np.array_equal(optimised, np.minimum(right, 0.25))
PYTHON
"$folder/python/bin/python" "$folder/try.py"
