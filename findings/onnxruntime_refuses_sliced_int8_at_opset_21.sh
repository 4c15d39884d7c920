#!/usr/bin/env bash
# onnxruntime 1.32.0: a slice between DequantizeLinear and a float operator is refused at opset 21 where the integers are int8.
#
# Seen: QuantizeLinear, DequantizeLinear (int8 zero point), Slice, Div: the onnx checker accepts the model at opsets 19 and 21;
# onnxruntime loads it at 19, and at 21 ends with "Node (e_q) Op (QuantizeLinear) [TypeInferenceError] output_dtype INT8 does not
# match y_zero_point type UINT8". No node of the model is called e_q, and none has output_dtype: the optimiser adds it, to keep the
# slice in integers. With uint8, or without graph optimisations, the model loads.
#
# Most would guess that an optimiser does not make an invalid model of a valid one, and that raising the opset is harmless.
#
# Source: QuantizeLinear-21 gives y the type of y_zero_point (https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html).
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


def sliced(opset, zero):
    nodes = [helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
             helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["d"]),
             helper.make_node("Slice", ["d", "from", "to"], ["e"]), helper.make_node("Div", ["e", "two"], ["y"])]
    constants = {"scale": np.float32(0.1), "zero": zero, "from": np.array([0]), "to": np.array([2]), "two": np.float32(2)}
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])],
                              [numpy_helper.from_array(np.array(value), name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def loads(opset, zero, optimised=True):
    options = ort.SessionOptions()
    if not optimised:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        ort.InferenceSession(sliced(opset, zero), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        return str(error).split(":", 3)[-1].strip()
    return "loads"


found = {"opset 19, int8": loads(19, np.int8(3)), "opset 21, int8": loads(21, np.int8(3)),
         "opset 21, uint8": loads(21, np.uint8(3)), "opset 21, int8, unoptimised": loads(21, np.int8(3), False)}
for case, said in found.items():
    print(f"{case}: {said}")
assert "output_dtype INT8" in found.pop("opset 21, int8") and set(found.values()) == {"loads"}
PYTHON
"$folder/python/bin/python" "$folder/try.py"
