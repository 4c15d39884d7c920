#!/usr/bin/env python3
"""Writes the ONNX seeds of fuzz/seeds/onnx (needs the onnx package): one small model a family of operators."""
import pathlib
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(1)


n = helper.make_node


def floats(name, *shape):
    return numpy_helper.from_array(rng.standard_normal(shape).astype(np.float32), name)


def ints(name, *values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def bytes_of(name, *values, kind=np.uint8):
    return numpy_helper.from_array(np.array(values, kind), name)


def scalar(name, value, kind=np.float32):
    return numpy_helper.from_array(np.array(value, kind), name)


def model(nodes, shape, initializers, opset=13, y_type=TensorProto.FLOAT, functions=()):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info("y", y_type, None)
    domains = [helper.make_opsetid("", opset)] + [helper.make_opsetid("own", 1)] * bool(functions)
    return helper.make_model(helper.make_graph(nodes, "seed", [x], [y], initializers), opset_imports=domains,
                             functions=functions, ir_version=8)


def branch(node):
    """A graph without inputs of one node, whose output is y."""
    return helper.make_graph([node], "branch", [], [helper.make_tensor_value_info("b", TensorProto.FLOAT, None)])


def loop_body():
    """The carried tensor grows by x; each step's sum is an output."""
    values = [helper.make_tensor_value_info(name, kind, []) for name, kind in
              (("i", TensorProto.INT64), ("go", TensorProto.BOOL))]
    carried = helper.make_tensor_value_info("c", TensorProto.FLOAT, [2, 3])
    outputs = [helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
               helper.make_tensor_value_info("grown", TensorProto.FLOAT, [2, 3]),
               helper.make_tensor_value_info("sum", TensorProto.FLOAT, [1, 1])]
    return helper.make_graph([n("Identity", ["go"], ["go_on"]), n("Add", ["c", "x"], ["grown"]),
                              n("ReduceSum", ["grown"], ["sum"])], "body", values + [carried], outputs)


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
                  [scalar("two", 2), scalar("eps", 1e-5), floats("w", 8, 6)]),
    "nonzero": model([n("NonZero", ["x"], ["places"]), n("Cast", ["places"], ["f"], to=TensorProto.FLOAT),
                      n("Transpose", ["f"], ["t"], perm=[1, 0]), n("Relu", ["t"], ["y"])], [3, 4], []),
    "compress": model([n("Less", ["x", "half"], ["small"]), n("Compress", ["x", "small"], ["kept"], axis=0),
                       n("Neg", ["kept"], ["y"])], [6], [scalar("half", 0.5)]),
    "compress_fixed": model([n("Compress", ["x", "which"], ["y"], axis=1)], [2, 3],
                            [bytes_of("which", True, False, True, kind=bool)]),
    "boxes": model([n("Reshape", ["x", "to_scores"], ["scores"]),
                    n("NonMaxSuppression", ["boxes", "scores", "most", "overlap", "least"], ["chosen"]),
                    n("Cast", ["chosen"], ["y"], to=TensorProto.FLOAT)], [4],
                   [floats("boxes", 1, 4, 4), ints("to_scores", 1, 1, 4), ints("most", 2),
                    numpy_helper.from_array(np.array([0.5], np.float32), "overlap"),
                    numpy_helper.from_array(np.array([0.1], np.float32), "least")]),
    "if": model([n("If", ["yes"], ["c"], then_branch=branch(n("Relu", ["x"], ["b"])),
                   else_branch=branch(n("Neg", ["x"], ["b"]))), n("Exp", ["c"], ["y"])], [2, 3],
                [scalar("yes", True, bool)]),
    "loop": model([n("Loop", ["times", "go", "x"], ["grown", "sums"], body=loop_body()),
                   n("Add", ["grown", "grown"], ["y"])], [2, 3], [scalar("times", 3, np.int64), scalar("go", True, bool)]),
    "functions": model([n("Twice", ["x"], ["a"], domain="own"), n("Twice", ["a"], ["y"], domain="own", alpha=0.5)],
                       [2, 3], [], functions=[helper.make_function(
                           "own", "Twice", ["a"], ["b"], [n("Once", ["a"], ["t"], domain="own"),
                                                          n("Once", ["t"], ["b"], domain="own")],
                           [helper.make_opsetid("", 13), helper.make_opsetid("own", 1)],
                           attribute_protos=[helper.make_attribute("alpha", 0.1)]),
                           helper.make_function("own", "Once", ["a"], ["b"], [n("Elu", ["a"], ["b"])],
                                                [helper.make_opsetid("", 13)])]),
    "quantised": model([n("QuantizeLinear", ["x", "s", "z"], ["q"]),
                        n("QLinearConv", ["q", "s", "z", "w", "s", "wz", "s", "z", "b"], ["c"], pads=[1, 1, 1, 1]),
                        n("DequantizeLinear", ["c", "s", "z"], ["y"])], [1, 2, 3, 3],
                       [scalar("s", 0.1), scalar("z", 128, np.uint8), scalar("wz", 0, np.int8),
                        numpy_helper.from_array(rng.integers(-9, 9, (2, 2, 3, 3)).astype(np.int8), "w"),
                        bytes_of("b", 5, -7, kind=np.int32)]),
    "quantised_dynamic": model([n("DynamicQuantizeLinear", ["x"], ["q", "qs", "qz"]),
                                n("MatMulInteger", ["q", "w", "qz"], ["p"]),
                                n("Cast", ["p"], ["f"], to=TensorProto.FLOAT), n("Mul", ["f", "qs"], ["y"])], [2, 3],
                               [numpy_helper.from_array(rng.integers(-9, 9, (3, 2)).astype(np.int8), "w")]),
    "quantised_products": model([n("QuantizeLinear", ["x", "s", "z"], ["q"]),
                                 n("QLinearMatMul", ["q", "s", "z", "w", "s", "z", "s", "z"], ["p"]),
                                 n("DequantizeLinear", ["p", "s", "z"], ["y"])], [2, 3],
                                [scalar("s", 0.1), scalar("z", 3, np.uint8),
                                 numpy_helper.from_array(rng.integers(0, 9, (3, 2)).astype(np.uint8), "w")]),
    "convolution_of_integers": model([n("Cast", ["x"], ["q"], to=TensorProto.UINT8),
                                      n("ConvInteger", ["q", "w", "z"], ["p"]),
                                      n("Cast", ["p"], ["y"], to=TensorProto.FLOAT)], [1, 1, 4, 4],
                                     [scalar("z", 3, np.uint8),
                                      numpy_helper.from_array(rng.integers(0, 9, (1, 1, 2, 2)).astype(np.uint8), "w")]),
}

for name, seed in SEEDS.items():
    path = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "fuzz/seeds/onnx") / f"{name}.onnx"
    path.write_bytes(seed.SerializeToString())
