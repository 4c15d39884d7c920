#!/usr/bin/env bash
# pnnx 20261020 (the converter to ncnn) drops attributes of ONNX Resize without a message, and the network
# runs with other pixels.
#
# Seen: linear with coordinate_transformation_mode asymmetric becomes half_pixel (the second pixel of [1 2 3
# 4] by two is 1.25 instead of 1.5), antialias is ignored (3.5 instead of 4.125), cubic_coeff_a is always
# -0.75. Nearest with nearest_mode ceil, in contrast, is left as a layer that ncnn refuses to load.
#
# Most would guess that a converter which knows the operator honours its attributes or refuses them.
# Upsampling of TensorFlow's exports is asymmetric.
#
# Source: Resize-18 (https://onnx.ai/onnx/operators/onnx__Resize.html); ncnn's Interp has no such parameters
# (https://github.com/Tencent/ncnn/wiki/operators#interp).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 ncnn==1.0.20261020
"$folder/python/bin/pip" install --quiet --no-deps pnnx==20261020
cat > "$folder/try.py" <<'PYTHON'
import pathlib
import subprocess
import sys
import sysconfig

import ncnn
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

folder = pathlib.Path(sys.argv[0]).parent
x = np.arange(1, 17, dtype=np.float32).reshape(1, 1, 4, 4)


def first_row(scale, **attributes):
    """The first row of the resized picture, by ncnn and by ONNX Runtime."""
    scales = numpy_helper.from_array(np.array([1, 1, scale, scale], np.float32), "s")
    node = helper.make_node("Resize", ["x", "", "s"], ["y"], **attributes)
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], [scales])
    m = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.save(onnx.shape_inference.infer_shapes(m), folder / "m.onnx")
    program = pathlib.Path(sysconfig.get_path("purelib")) / "pnnx" / "pnnx"
    subprocess.run([program, "m.onnx", "fp16=0"], cwd=folder, check=True, capture_output=True)
    net = ncnn.Net()
    assert net.load_param(str(folder / "m.ncnn.param")) == 0 and net.load_model(str(folder / "m.ncnn.bin")) == 0
    extractor = net.create_extractor()
    extractor.input("in0", ncnn.Mat(x[0]))
    theirs = np.array(extractor.extract("out0")[1])[0, 0]
    right = onnxruntime.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    print(attributes, "ncnn", theirs[:3], "ONNX Runtime", right[0, 0, 0, :3])
    return theirs, right[0, 0, 0]


theirs, right = first_row(2, mode="linear", coordinate_transformation_mode="asymmetric")
assert theirs[1] == 1.25 and right[1] == 1.5
theirs, right = first_row(0.5, mode="linear", antialias=1)
assert theirs[0] == 3.5 and right[0] == 4.125
theirs, right = first_row(2, mode="cubic", cubic_coeff_a=-0.5)
assert abs(theirs[0] - right[0]) > 0.1
PYTHON
"$folder/python/bin/python" "$folder/try.py"
