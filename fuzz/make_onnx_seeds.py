#!/usr/bin/env python3
"""Writes the ONNX seeds of fuzz/corpus (needs the onnx package): one small model a family of operators."""
import pathlib
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(1)


def floats(name, *shape):
    return numpy_helper.from_array(rng.standard_normal(shape).astype(np.float32), name)


def ints(name, *values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def model(nodes, shape, initializers, opset=13):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    made = helper.make_model(helper.make_graph(nodes, "seed", [x], [y], initializers),
                             opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return made


n = helper.make_node
SEEDS = {
    "conv": model([n("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1], strides=[2, 2]),
                   n("BatchNormalization", ["c", "s", "b", "b", "v"], ["d"]),
                   n("Relu", ["d"], ["e"]),
                   n("ConvTranspose", ["e", "t"], ["f"], strides=[2, 2]),
                   n("MaxPool", ["f"], ["y"], kernel_shape=[2, 2], ceil_mode=1)],
                  [1, 3, 6, 6],
                  [floats("w", 4, 3, 3, 3), floats("b", 4), floats("s", 4),
                   numpy_helper.from_array(np.ones(4, np.float32), "v"), floats("t", 4, 2, 2, 2)]),
    "swish": model([n("Sigmoid", ["x"], ["s"]), n("Mul", ["x", "s"], ["m"]),
                    n("Add", ["m", "three"], ["a"]), n("Clip", ["a", "zero", "six"], ["c"]),
                    n("Mul", ["m", "c"], ["p"]), n("Div", ["p", "six"], ["y"])],
                   [1, 4, 3, 3],
                   [numpy_helper.from_array(np.array(v, np.float32), k)
                    for k, v in (("zero", 0), ("three", 3), ("six", 6))]),
    "shapes": model([n("Transpose", ["x"], ["t"], perm=[0, 2, 3, 1]),
                     n("Reshape", ["t", "r"], ["a"]),
                     n("Slice", ["a", "from", "to", "axes"], ["b"]),
                     n("Split", ["b"], ["c", "d"], axis=2),
                     n("Concat", ["d", "c"], ["e"], axis=2),
                     n("Pad", ["e", "pads"], ["f"]),
                     n("Unsqueeze", ["f", "axes"], ["g"]),
                     n("Tile", ["g", "times"], ["y"])],
                    [1, 4, 3, 3],
                    [ints("r", 0, -1, 4), ints("from", 1), ints("to", 1 << 40), ints("axes", 1),
                     ints("pads", 0, 1, 0, 0, 0, 2), ints("times", 1, 2, 1, 1)]),
    "rows": model([n("ReduceMean", ["x"], ["m"], axes=[-1]), n("Sub", ["x", "m"], ["s"]),
                   n("Pow", ["s", "two"], ["q"]), n("ReduceMean", ["q"], ["v"], axes=[-1]),
                   n("Add", ["v", "eps"], ["e"]), n("Sqrt", ["e"], ["r"]),
                   n("Div", ["s", "r"], ["d"]), n("MatMul", ["d", "w"], ["p"]),
                   n("Softmax", ["p"], ["y"], axis=-1)],
                  [1, 5, 8],
                  [numpy_helper.from_array(np.array(2, np.float32), "two"),
                   numpy_helper.from_array(np.array(1e-5, np.float32), "eps"),
                   floats("w", 8, 6)]),
}

for name, seed in SEEDS.items():
    path = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "fuzz/corpus") / f"{name}.onnx"
    path.write_bytes(seed.SerializeToString())
