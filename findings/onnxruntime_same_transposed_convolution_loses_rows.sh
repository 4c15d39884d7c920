#!/usr/bin/env bash
# onnxruntime 1.32.0: ConvTranspose with auto_pad=SAME_UPPER gives fewer elements than the input's times the stride, where the kernel is smaller
# than the stride.
#
# Seen: an input of 4, kernel 1, stride 2: seven elements, 1 0 2 0 3 0 4. Kernel 2, stride 3: eleven; kernel 1, stride 3: ten. That is what no
# padding at all gives, and onnx's shape inference says the same; SAME_LOWER does so too. onnx's reference evaluator gives 8, 12 and 12. With kernels
# as large as the stride all agree.
#
# Most would guess 8, 12 and 12: "SAME" names a size, and the text gives it for this operator by a formula without the kernel. A network
# that doubles a map in this way and adds it to one of the doubled size does not fit together there.
#
# Source: https://onnx.ai/onnx/operators/onnx__ConvTranspose.html: "SAME_UPPER or SAME_LOWER mean pad the input so that
# output_shape[i] = input_shape[i] * strides[i] for each axis i".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cat > "$folder/try.py" <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, reference

INPUT = np.arange(1, 5, dtype=np.float32).reshape(1, 1, 4)


def transposed(kernel, stride, auto_pad):
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], kernel_shape=[kernel], strides=[stride], auto_pad=auto_pad)
    graph = helper.make_graph([node], "transposed",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, INPUT.shape)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
                              [helper.make_tensor("w", TensorProto.FLOAT, [1, 1, kernel], [1.0] * kernel)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def elements(kernel, stride, auto_pad):
    model = transposed(kernel, stride, auto_pad)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    run, = session.run(None, {"x": INPUT})
    referred, = reference.ReferenceEvaluator(model).run(None, {"x": INPUT})
    inferred = onnx.shape_inference.infer_shapes(model).graph.output[0].type.tensor_type.shape.dim[2].dim_value
    print(f"kernel {kernel}, stride {stride}, {auto_pad}: {run.ravel()}; {inferred} by inference, {referred.size} by the reference evaluator, "
          f"{INPUT.size * stride} by the formula")
    return run.size, inferred, referred.size


for auto_pad in ("SAME_UPPER", "SAME_LOWER"):
    seen = [elements(kernel, stride, auto_pad) for kernel, stride in ((1, 2), (2, 3), (1, 3), (2, 2), (3, 2))]
    assert seen == [(7, 7, 8), (11, 11, 12), (10, 10, 12), (8, 8, 8), (8, 8, 8)], seen
PYTHON
"$folder/python/bin/python" "$folder/try.py"
