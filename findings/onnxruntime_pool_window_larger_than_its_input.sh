#!/usr/bin/env bash
# ONNX Runtime 1.32.0 gives a row of results for a pooling window that is taller than its input.
#
# Seen: an image of 1x4 through a MaxPool of 2x2 with stride 2, no padding and no ceil_mode, gives 1x2: the shape inference of
# onnx 1.23.2 and ONNX Runtime both say one row, the maxima over the row that is there. With stride 1 both say no row. The
# ReferenceEvaluator of onnx gives no row in either case.
#
# Most would guess that floor((1 - 2) / 2) + 1 is 0 rows. The quotient is computed with integers of C++, which round towards
# zero: (1 - 2) / 2 is 0, and (1 - 2) / 1 is -1. So pictures that are too small for a network go through it unnoticed
# if it halves them.
#
# Source: MaxPool-12, "output_spatial_shape[i] = floor((input_spatial_shape[i] + pad_shape[i] - dilation[i] *
# (kernel_shape[i] - 1) - 1) / strides_spatial_shape[i] + 1)" (https://onnx.ai/onnx/operators/onnx__MaxPool.html).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cat > "$folder/try.py" <<'PYTHON'
import numpy as np
import onnx
from onnx import TensorProto, helper, shape_inference
from onnx.reference import ReferenceEvaluator

import onnxruntime as ort

x = np.array([[[[1, 4, 2, 3]]]], dtype=np.float32)


def model(stride):
    node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], strides=[stride, 2])
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def tried(run):
    try:
        return run()
    except Exception as error:
        return type(error).__name__


def inferred(m):
    found = shape_inference.infer_shapes(m, strict_mode=True).graph.output[0].type.tensor_type.shape
    return [d.dim_value for d in found.dim]


def runtime(m):
    session = ort.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0].tolist()


for stride in (2, 1):
    m = model(stride)
    found = {"inferred": tried(lambda: inferred(m)), "onnxruntime": tried(lambda: runtime(m)),
             "reference": tried(lambda: list(ReferenceEvaluator(m).run(None, {"x": x})[0].shape))}
    print("stride", stride, found)
    rows = 1 if stride == 2 else 0
    assert found["inferred"] == [1, 1, rows, 2] and found["reference"] == [1, 1, 0, 2]
    assert found["onnxruntime"] == ([[[[4, 3]]]] if rows else [[[]]])
PYTHON
"$folder/python/bin/python" "$folder/try.py"
