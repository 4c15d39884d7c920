#!/usr/bin/env bash
# onnxruntime 1.32.0: quantize_static with per_channel=True turns a model of opset 11 into one that onnxruntime does not load.
#
# Seen: the tool warns of nothing that stops it and writes the file, in which DequantizeLinear of opset 11 has an attribute
# `axis`; a session of that file ends with INVALID_GRAPH, "Unrecognized attribute: axis for operator DequantizeLinear". The same model declared as opset 13 works.
#
# Most would guess that a quantiser that accepts a model gives one which its own runtime loads, or raises the opset.
#
# Source: DequantizeLinear-10 has no attributes; `axis` came with version 13 (https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cat > "$folder/try.py" <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static


class Pictures(CalibrationDataReader):
    def __init__(self):
        self.left = [{"x": np.linspace(-1, 1, 48, dtype=np.float32).reshape(1, 3, 4, 4)}]

    def get_next(self):
        return self.left.pop() if self.left else None


def convolution(opset):
    weights = np.linspace(-1, 1, 108, dtype=np.float32).reshape(4, 3, 3, 3)
    graph = helper.make_graph([helper.make_node("Conv", ["x", "w"], ["y"])], "g",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4, 4])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 2, 2])],
                              [numpy_helper.from_array(weights, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def loads(opset):
    before, after = f"{sys.argv[1]}/{opset}.onnx", f"{sys.argv[1]}/{opset}_int8.onnx"
    onnx.save(convolution(opset), before)
    quantize_static(before, after, Pictures(), quant_format=QuantFormat.QDQ, per_channel=True)
    try:
        ort.InferenceSession(after, providers=["CPUExecutionProvider"])
    except Exception as error:
        return str(error).split(":", 5)[-1].strip()
    return "loads"


found = {opset: loads(opset) for opset in (11, 13)}
print(found)
assert "axis" in found[11] and found[13] == "loads"
PYTHON
"$folder/python/bin/python" "$folder/try.py" "$folder"
