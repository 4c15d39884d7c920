#!/usr/bin/env python3
"""Single TensorFlow Lite operators with random shapes and options, each against LiteRT's reference kernels.

Not part of continuous integration: it wants LiteRT (pip install ai-edge-litert), whose schema writes the files. Results
that only move or count are compared exactly, others within 1e-5 + 1e-5 |b|.
Usage: tflite_operators.py [--seed N] [--times N] [--keep FOLDER] [OPERATOR…]
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import flatbuffers
import numpy as np
from ai_edge_litert import interpreter as litert
from ai_edge_litert import schema_py_generated as schema

ROOT = pathlib.Path(__file__).resolve().parents[1]
MINNOW = ROOT / "build/minnow"
TYPES = {np.dtype(name): getattr(schema.TensorType, name.upper())
         for name in ("float32", "float16", "int32", "int64", "uint8", "int8", "bool")}


def options_table(kind, values):
    table = getattr(schema, kind + "T")()
    for name, value in values.items():
        assert hasattr(table, name), name
        setattr(table, name, value)
    return table


class Writer:
    """A graph of one operator: inputs that are fed, constants, outputs."""

    def __init__(self):
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.inputs, self.graph.outputs = [], [], []
        self.buffers = [schema.BufferT()]

    def tensor(self, name, dtype, shape, data=None):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, list(shape), TYPES[np.dtype(dtype)]
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            self.buffers.append(buffer)
            tensor.buffer = len(self.buffers) - 1
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def bytes(self, op, inputs, outputs, options, version):
        node = schema.OperatorT()
        node.opcodeIndex, node.inputs, node.outputs = 0, inputs, outputs
        if options:
            node.builtinOptionsType = getattr(schema.BuiltinOptions, options[0])
            node.builtinOptions = options_table(*options)
        self.graph.operators = [node]
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, op)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), version
        model = schema.ModelT()
        model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [self.graph], self.buffers
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


class Case:
    def __init__(self, op, inputs, options=None, outputs=1, version=1, out_type=None, declared=None):
        self.declared = declared  # the output's shape, where LiteRT wants it in the file
        self.op, self.inputs, self.options, self.version = op, inputs, options, version
        self.outputs, self.out_type = outputs, out_type

    def write(self, out_shapes=None):
        writer, numbers = Writer(), []
        for i, (value, constant) in enumerate(self.inputs):
            if value is None:
                numbers.append(-1)
                continue
            number = writer.tensor(f"in{i}", value.dtype, value.shape, value if constant else None)
            numbers.append(number)
            if not constant:
                writer.graph.inputs.append(number)
        types = self.out_type if isinstance(self.out_type, list) else [self.out_type] * self.outputs
        fed = next((v for v, constant in self.inputs if not constant), None)
        for i in range(self.outputs):
            dtype = types[i] or fed.dtype
            writer.graph.outputs.append(writer.tensor(f"out{i}", dtype, (out_shapes or {}).get(i, [1])))
        return writer.bytes(self.op, numbers, list(writer.graph.outputs), self.options, self.version)


RNG = np.random.default_rng(0)
SAME_VALID = [schema.Padding.SAME, schema.Padding.VALID]


def pick(*values):
    return values[RNG.integers(len(values))]


def number(least, most):
    return int(RNG.integers(least, most + 1))


def floats(*shape, least=-2.0, most=2.0):
    return RNG.uniform(least, most, shape).astype(np.float32)


def fed(value):
    return (value, False)


def const(value, dtype=None):
    return (np.array(value, dtype) if dtype else value, True)


def shape(rank, most=6):
    return [number(1, most) for _ in range(rank)]


def activation():
    return pick(0, 1, 2, 3)


def image(most=9, channels=6):
    return floats(number(1, 2), number(3, most), number(3, most), number(1, channels))


def conv():
    x = image()
    groups = pick(1, 1, 1, x.shape[3])
    outputs = groups * number(1, 4)
    kernel = [number(1, 3), number(1, 3)]
    dilation = pick(1, 1, 2) if min(x.shape[1:3]) >= 5 else 1
    stride = (number(1, 3), number(1, 3)) if dilation == 1 else (1, 1)
    return Case("CONV_2D", [fed(x), const(floats(outputs, *kernel, x.shape[3] // groups)), const(floats(outputs))],
                ("Conv2DOptions", dict(padding=pick(*SAME_VALID), strideH=stride[0], strideW=stride[1],
                                       dilationHFactor=dilation, dilationWFactor=dilation,
                                       fusedActivationFunction=activation())))


def depthwise():
    x, multiplier = image(), number(1, 3)
    kernel = [number(1, 3), number(1, 3)]
    dilation = pick(1, 1, 2) if min(x.shape[1:3]) >= 5 else 1
    stride = number(1, 3) if dilation == 1 else 1
    outputs = x.shape[3] * multiplier
    return Case("DEPTHWISE_CONV_2D", [fed(x), const(floats(1, *kernel, outputs)), const(floats(outputs))],
                ("DepthwiseConv2DOptions", dict(padding=pick(*SAME_VALID), strideH=stride, strideW=stride,
                                                depthMultiplier=multiplier, dilationHFactor=dilation,
                                                dilationWFactor=dilation, fusedActivationFunction=activation())))


def transpose_conv():
    x, outputs, kernel = image(5), number(1, 4), [number(1, 4), number(1, 4)]
    stride, padding = [number(1, 3), number(1, 3)], pick(*SAME_VALID)
    out = []
    for extent, k, s in zip(x.shape[1:3], kernel, stride):  # any extent that a convolution makes the input of
        least = (extent - 1) * s + (1 if padding == schema.Padding.SAME else k)
        out.append(least + number(0, s - 1))
    inputs = [const([x.shape[0], *out, outputs], np.int32), const(floats(outputs, *kernel, x.shape[3])), fed(x)]
    bias = pick(True, False)
    return Case("TRANSPOSE_CONV", inputs + ([const(floats(outputs))] if bias else []),
                ("TransposeConvOptions", dict(padding=padding, strideH=stride[0], strideW=stride[1],
                                              fusedActivationFunction=activation() if bias else 0)),
                version=4 if bias else 1)


def pool(op):
    x = image()
    return lambda: Case(op, [fed(image())], ("Pool2DOptions", dict(
        padding=pick(*SAME_VALID), strideH=number(1, 3), strideW=number(1, 3), filterHeight=number(1, 3),
        filterWidth=number(1, 3), fusedActivationFunction=activation())))


def fully_connected():
    depth, outputs, keep = number(1, 6), number(1, 5), pick(True, False)
    x = floats(*shape(number(1, 3), 3), depth) if keep else floats(*pick([2, 3, depth], [4, depth], [depth * 2]))
    return Case("FULLY_CONNECTED", [fed(x), const(floats(outputs, depth)),
                                    pick(const(floats(outputs)), (None, True))],
                ("FullyConnectedOptions", dict(keepNumDims=keep, fusedActivationFunction=activation())), version=5)


def batch_matmul():
    batch, m, k, n = shape(number(0, 2), 3), number(1, 5), number(1, 5), number(1, 5)
    x, y = pick(True, False), pick(True, False)
    return Case("BATCH_MATMUL", [fed(floats(*batch, *((k, m) if x else (m, k)))),
                                 fed(floats(*batch, *((n, k) if y else (k, n))))],
                ("BatchMatMulOptions", dict(adjX=x, adjY=y)))


def broadcast_pair(make=floats):
    full = shape(number(1, 4), 5)
    other = [pick(n, n, 1) for n in full][number(0, len(full) - 1):]
    a, b = make(*full), make(*(other if number(0, 3) else full))
    second = pick(fed, const)(b)
    return [fed(a), second] if second[1] or number(0, 1) else [second, fed(a)]


def binary(op, options=None, out_type=None, make=floats, version=1):
    def made():
        values = (options, dict(fusedActivationFunction=activation())) if options else None
        return Case(op, broadcast_pair(make), values, out_type=out_type, version=version)
    return made


def ints(*dims):
    return RNG.integers(-9, 10, dims).astype(np.int32)


def not_zero(*dims):
    return np.where(RNG.integers(0, 2, dims), 1, -1).astype(np.int32) * RNG.integers(1, 9, dims).astype(np.int32)


def positive(*dims):
    return floats(*dims, least=0.25, most=3)


def bools(*dims):
    return RNG.integers(0, 2, dims).astype(bool)


def unary(op, options=None, make=floats, out_type=None, version=1):
    return lambda: Case(op, [fed(make(*shape(number(1, 4))))], options() if options else None, out_type=out_type,
                        version=version)


def prelu():
    x = image()
    return Case("PRELU", [fed(x), const(floats(*pick([1, 1, x.shape[3]], x.shape[1:])))])


def reduce(op, make=floats):
    def made():
        dims = shape(number(1, 4), 5)
        count = number(1, len(dims))
        axes = [int(a) for a in RNG.permutation(len(dims))[:count]]
        axes = [a - len(dims) if number(0, 1) else a for a in axes]
        return Case(op, [fed(make(*dims)), const(axes, np.int32)], ("ReducerOptions", dict(keepDims=pick(True, False))))
    return made


def concatenation():
    dims, count = shape(number(1, 4)), number(2, 4)
    axis = number(0, len(dims) - 1)
    parts = []
    for _ in range(count):
        dims[axis] = number(1, 4)
        parts.append(fed(floats(*dims)))
    return Case("CONCATENATION", parts, ("ConcatenationOptions", dict(
        axis=axis - pick(0, len(dims)), fusedActivationFunction=0)))


def resize(op, options):
    def made():
        align, half = pick((False, False), (True, False), (False, True))
        return Case(op, [fed(image(7)), const([number(1, 60), number(1, 20)], np.int32)],
                    (options, dict(alignCorners=align, halfPixelCenters=half)), version=3)
    return made


def reshape():
    dims = shape(number(1, 4))
    flat = [dims[0], int(np.prod(dims[1:]))] if number(0, 1) else [-1, dims[-1]]
    if number(0, 1):
        return Case("RESHAPE", [fed(floats(*dims)), const(flat, np.int32)])
    return Case("RESHAPE", [fed(floats(*dims))], ("ReshapeOptions", dict(newShape=flat)))


def squeeze():
    dims = [pick(1, n) for n in shape(4)]
    ones = [i for i, n in enumerate(dims) if n == 1]
    return Case("SQUEEZE", [fed(floats(*dims))],
                ("SqueezeOptions", dict(squeezeDims=pick([], ones[:1], [i - 4 for i in ones]))))


def expand_dims():
    dims = shape(number(1, 3))
    return Case("EXPAND_DIMS", [fed(floats(*dims)), const(number(-len(dims) - 1, len(dims)), np.int32)])


def transpose():
    dims = shape(number(1, 5), 4)
    return Case("TRANSPOSE", [fed(floats(*dims)), const(RNG.permutation(len(dims)), np.int32)])


def pack():
    dims, count = shape(number(0, 3)), number(1, 4)
    return Case("PACK", [fed(floats(*dims)) for _ in range(count)],
                ("PackOptions", dict(valuesCount=count, axis=number(-len(dims) - 1, len(dims)))))


def unpack():
    dims = shape(number(1, 4), 4)
    axis = number(0, len(dims) - 1)
    return Case("UNPACK", [fed(floats(*dims))],
                ("UnpackOptions", dict(num=dims[axis], axis=axis - pick(0, len(dims)))), outputs=dims[axis])


def split():
    dims = shape(number(1, 4), 3)
    axis, parts = number(0, len(dims) - 1), number(1, 3)
    dims[axis] *= parts
    return Case("SPLIT", [const(axis - pick(0, len(dims)), np.int32), fed(floats(*dims))],
                ("SplitOptions", dict(numSplits=parts)), outputs=parts)


def split_v():
    dims, sizes = shape(number(1, 4), 3), shape(number(1, 3), 3)
    axis = number(0, len(dims) - 1)
    dims[axis] = sum(sizes)
    if number(0, 1):
        sizes[number(0, len(sizes) - 1)] = -1
    return Case("SPLIT_V", [fed(floats(*dims)), const(sizes, np.int32), const(axis, np.int32)],
                ("SplitVOptions", dict(numSplits=len(sizes))), outputs=len(sizes))


def pad(op):
    def made():
        dims = shape(number(1, 4), 5)
        most = 3 if op != "MIRROR_PAD" else min(dims) - 1
        pads = RNG.integers(0, most + 1, (len(dims), 2))
        inputs = [fed(floats(*dims)), const(pads, np.int32)]
        if op == "PADV2":
            inputs.append(const(np.float32(number(-5, 5)), np.float32))
        return Case(op, inputs, ("MirrorPadOptions", dict(mode=pick(0, 1))) if op == "MIRROR_PAD" else None)
    return made


def strided_slice():
    dims = shape(number(1, 4), 6)
    rank = len(dims)
    strides = [pick(1, 1, 2, -1, -2) for _ in dims]
    begin = [number(-n, n - 1) for n in dims]
    end = [number(-n - 1, n + 1) for n in dims]
    masks = dict(beginMask=number(0, 2**rank - 1), endMask=number(0, 2**rank - 1))
    masks["shrinkAxisMask"] = pick(0, number(0, 2**rank - 1))
    for i in range(rank):
        if masks["shrinkAxisMask"] >> i & 1:
            strides[i] = 1
            masks["beginMask"] &= ~(1 << i)
    if not number(0, 3) and rank > 1:
        masks["ellipsisMask"] = 1 << number(0, rank - 1)
        masks["shrinkAxisMask"] = 0
    elif not number(0, 3) and rank < 4:
        masks["newAxisMask"] = 1 << rank
        begin, end, strides = begin + [0], end + [1], strides + [1]
    return Case("STRIDED_SLICE", [fed(floats(*dims))] + [const(v, np.int32) for v in (begin, end, strides)],
                ("StridedSliceOptions", masks))


def slice_():
    dims = shape(number(1, 4))
    begin = [number(0, n - 1) for n in dims]
    size = [pick(-1, number(1, n - b)) for n, b in zip(dims, begin)]
    declared = [n - b if s < 0 else s for n, b, s in zip(dims, begin, size)]
    return Case("SLICE", [fed(floats(*dims)), const(begin, np.int32), const(size, np.int32)], declared={0: declared})


def gather():
    dims = shape(number(1, 4))
    axis = number(0, len(dims) - 1)
    return Case("GATHER", [fed(floats(*dims)), const(RNG.integers(0, dims[axis], shape(number(0, 2), 4)), np.int32)],
                ("GatherOptions", dict(axis=axis - pick(0, len(dims)))))


def gather_batches():
    dims = shape(number(2, 4))
    batch = number(1, len(dims) - 1)
    axis = number(batch, len(dims) - 1)
    places = RNG.integers(0, dims[axis], dims[:batch] + shape(number(0, 2), 4))
    return Case("GATHER", [fed(floats(*dims)), const(places, np.int32)],
                ("GatherOptions", dict(axis=axis, batchDims=batch)), version=5)


def one_hot():
    dims, depth = shape(number(1, 3)), number(1, 6)
    return Case("ONE_HOT", [fed(RNG.integers(-1, depth + 1, dims).astype(np.int32)), const(depth, np.int32),
                            const(2.5, np.float32), const(-1.0, np.float32)],
                ("OneHotOptions", dict(axis=number(-1, len(dims)))), out_type=np.float32)


def range_():
    kind = pick(np.int32, np.float32)
    start, delta = number(-5, 5), pick(1, 2, 3, -1, -2)
    limit = start + delta * number(0, 7)
    values = [const(v + (0.25 if kind is np.float32 and i == 0 else 0), kind) for i, v in enumerate((start, limit, delta))]
    return Case("RANGE", values, out_type=kind)


def gather_nd():
    dims = shape(number(1, 4))
    depth = number(1, len(dims))
    places = np.stack([RNG.integers(0, n, 3) for n in dims[:depth]], -1)
    return Case("GATHER_ND", [fed(floats(*dims)), const(places, np.int32)])


def blocks(op):
    def made():
        block = number(2, 3)
        if op == "DEPTH_TO_SPACE":
            x = floats(1, number(1, 4), number(1, 4), block * block * number(1, 3))
            return Case(op, [fed(x)], ("DepthToSpaceOptions", dict(blockSize=block)))
        x = floats(2, block * number(1, 3), block * number(1, 3), number(1, 3))
        return Case(op, [fed(x)], ("SpaceToDepthOptions", dict(blockSize=block)))
    return made


def space_to_batch():
    block = [number(1, 3), number(1, 3)]
    x = image(6, 3)
    pads = []
    for extent, size in zip(x.shape[1:3], block):
        before = number(0, 2)
        pads.append([before, -(extent + before) % size])
    return Case("SPACE_TO_BATCH_ND", [fed(x), const(block, np.int32), const(pads, np.int32)])


def batch_to_space():
    block = [number(1, 3), number(1, 3)]
    x = floats(block[0] * block[1] * number(1, 2), number(2, 4), number(2, 4), number(1, 3))
    return Case("BATCH_TO_SPACE_ND", [fed(x), const(block, np.int32), const([[number(0, 1), number(0, 1)]
                                                                            for _ in block], np.int32)])


def arg(op, options):
    def made():
        dims = shape(number(1, 4))
        return Case(op, [fed(floats(*dims)), const(number(-len(dims), len(dims) - 1), np.int32)],
                    (options, dict(outputType=TYPES[np.dtype(np.int32)])), out_type=np.int32)
    return made


def top_k():
    dims = shape(number(1, 3))
    return Case("TOPK_V2", [fed(ints(*dims).astype(np.float32)), const(number(1, dims[-1]), np.int32)], outputs=2,
                out_type=[np.float32, np.int32])


def select(op):
    def made():
        dims = shape(number(1, 4), 4)
        condition = dims
        if op == "SELECT_V2":
            condition = [pick(n, 1) for n in dims]
        elif number(0, 1):
            condition = dims[:1]
        return Case(op, [fed(bools(*condition)), fed(floats(*dims)), fed(floats(*dims))], out_type=np.float32,
                    declared={0: dims})  # LiteRT leaves it so where each input has one element
    return made


def cast():
    source, target = pick((floats, np.int32), (ints, np.float32), (bools, np.float32), (ints, bool), (ints, np.int64))
    return Case("CAST", [fed(source(*shape(3)))], out_type=target)


def lrn():
    return Case("LOCAL_RESPONSE_NORMALIZATION", [fed(image())], ("LocalResponseNormalizationOptions", dict(
        radius=number(0, 3), bias=1.0, alpha=0.5, beta=pick(0.5, 0.75))))


def cumsum():
    dims = shape(number(1, 4))
    return Case("CUMSUM", [fed(floats(*dims)), const(number(-len(dims), len(dims) - 1), np.int32)],
                ("CumsumOptions", dict(exclusive=pick(True, False), reverse=pick(True, False))))


def tile():
    dims = shape(number(1, 4), 3)
    return Case("TILE", [fed(floats(*dims)), const([number(1, 3) for _ in dims], np.int32)])


def reverse():
    dims = shape(number(1, 4))
    return Case("REVERSE_V2", [fed(floats(*dims)), const([number(0, len(dims) - 1)], np.int32)])


def broadcast_to():
    dims = shape(number(1, 4), 4)
    return Case("BROADCAST_TO", [fed(floats(*[pick(n, 1) for n in dims])), const(dims, np.int32)], version=2)


def add_n():
    dims = shape(number(1, 4))
    return Case("ADD_N", [fed(floats(*dims)) for _ in range(number(2, 4))])


def dequantize():
    return Case("DEQUANTIZE", [(floats(*shape(3)).astype(np.float16), False)], out_type=np.float32, version=2)


CASES = {
    "CONV_2D": conv, "DEPTHWISE_CONV_2D": depthwise, "TRANSPOSE_CONV": transpose_conv,
    "AVERAGE_POOL_2D": pool("AVERAGE_POOL_2D"), "MAX_POOL_2D": pool("MAX_POOL_2D"), "L2_POOL_2D": pool("L2_POOL_2D"),
    "FULLY_CONNECTED": fully_connected, "BATCH_MATMUL": batch_matmul,
    "ADD": binary("ADD", "AddOptions"), "SUB": binary("SUB", "SubOptions"), "MUL": binary("MUL", "MulOptions"),
    "DIV": binary("DIV", "DivOptions", make=positive), "MAXIMUM": binary("MAXIMUM"), "MINIMUM": binary("MINIMUM"),
    "POW": binary("POW", make=positive), "SQUARED_DIFFERENCE": binary("SQUARED_DIFFERENCE"),
    "FLOOR_DIV": binary("FLOOR_DIV", make=not_zero), "FLOOR_MOD": binary("FLOOR_MOD", make=not_zero),
    **{op: binary(op, out_type=bool, make=ints) for op in ("LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "EQUAL",
                                                           "NOT_EQUAL")},
    "LOGICAL_AND": binary("LOGICAL_AND", make=bools), "LOGICAL_OR": binary("LOGICAL_OR", make=bools),
    **{op: unary(op) for op in ("ABS", "CEIL", "COS", "EXP", "FLOOR", "HARD_SWISH", "LOGISTIC", "NEG", "ROUND", "SIN",
                                "TANH", "SQUARE", "RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "ELU", "SIGN",
                                "LOG_SOFTMAX", "ZEROS_LIKE")},
    **{op: unary(op, make=positive) for op in ("LOG", "SQRT", "RSQRT")},
    "LOGICAL_NOT": unary("LOGICAL_NOT", make=bools),
    "LEAKY_RELU": unary("LEAKY_RELU", lambda: ("LeakyReluOptions", dict(alpha=float(RNG.uniform(-1, 1))))),
    "GELU": unary("GELU", lambda: ("GeluOptions", dict(approximate=pick(True, False)))),
    "SOFTMAX": unary("SOFTMAX", lambda: ("SoftmaxOptions", dict(beta=float(RNG.uniform(0.5, 2))))),
    "L2_NORMALIZATION": unary("L2_NORMALIZATION", lambda: ("L2NormOptions", dict(fusedActivationFunction=0))),
    "SHAPE": unary("SHAPE", lambda: ("ShapeOptions", dict(outType=TYPES[np.dtype(np.int32)])), out_type=np.int32),
    "RANK": unary("RANK", out_type=np.int32),
    "PRELU": prelu, **{op: reduce(op) for op in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD")},
    "CONCATENATION": concatenation, "RESIZE_BILINEAR": resize("RESIZE_BILINEAR", "ResizeBilinearOptions"),
    "RESIZE_NEAREST_NEIGHBOR": resize("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions"),
    "RESHAPE": reshape, "SQUEEZE": squeeze, "EXPAND_DIMS": expand_dims, "TRANSPOSE": transpose, "PACK": pack,
    "UNPACK": unpack, "SPLIT": split, "SPLIT_V": split_v, "PAD": pad("PAD"), "PADV2": pad("PADV2"),
    "MIRROR_PAD": pad("MIRROR_PAD"), "STRIDED_SLICE": strided_slice, "SLICE": slice_, "GATHER": gather,
    "GATHER_batches": gather_batches, "ONE_HOT": one_hot, "RANGE": range_,
    "REDUCE_ANY": reduce("REDUCE_ANY", bools), "REDUCE_ALL": reduce("REDUCE_ALL", bools), "GATHER_ND": gather_nd, "DEPTH_TO_SPACE": blocks("DEPTH_TO_SPACE"), "SPACE_TO_DEPTH": blocks("SPACE_TO_DEPTH"),
    "SPACE_TO_BATCH_ND": space_to_batch, "BATCH_TO_SPACE_ND": batch_to_space, "ARG_MAX": arg("ARG_MAX", "ArgMaxOptions"),
    "ARG_MIN": arg("ARG_MIN", "ArgMinOptions"), "TOPK_V2": top_k, "SELECT": select("SELECT"),
    "SELECT_V2": select("SELECT_V2"), "CAST": cast, "LOCAL_RESPONSE_NORMALIZATION": lrn, "CUMSUM": cumsum, "TILE": tile,
    "REVERSE_V2": reverse, "BROADCAST_TO": broadcast_to, "ADD_N": add_n, "DEQUANTIZE": dequantize,
}


def opened(content, resolver):
    session = litert.Interpreter(model_content=content, num_threads=1, experimental_op_resolver_type=resolver)
    session.allocate_tensors()
    return session


# The reference of the first leaves out the last of the channels that it should sum; the others have none.
PLAIN = {"LOCAL_RESPONSE_NORMALIZATION", "CEIL", "ROUND", "ELU"}


def reference(op, content, inputs):
    """LiteRT's outputs, by its reference kernels or, of a few operators, by the plain ones."""
    kernels = litert.OpResolverType
    session = opened(content, kernels.BUILTIN_WITHOUT_DEFAULT_DELEGATES if op in PLAIN else kernels.BUILTIN_REF)
    for detail, value in zip(session.get_input_details(), inputs):
        session.set_tensor(detail["index"], value)
    session.invoke()
    return [session.get_tensor(d["index"]) for d in session.get_output_details()]


def ours(content, inputs, folder):
    model = folder / "model.tflite"
    model.write_bytes(content)
    feed = []
    for name, value in inputs:
        np.save(folder / f"{name}.npy", value)
        feed += ["--input", f"{name}={folder / name}.npy"]
    done = subprocess.run([MINNOW, "run", model, *feed, "-o", folder / "out"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr.strip())


def check(case, folder):
    fed_inputs = [(f"in{i}", value) for i, (value, constant) in enumerate(case.inputs) if not constant]
    content = case.write(case.declared)
    try:
        expected = reference(case.op, content, [value for _, value in fed_inputs])
    except (RuntimeError, ValueError) as error:
        return "skipped", str(error).splitlines()[0]
    if any(0 in value.shape for value in expected):
        return "skipped", "an empty result"
    try:
        ours(content, fed_inputs, folder)
    except ValueError as error:
        return "refused", str(error)
    for i, value in enumerate(expected):
        actual = np.load(folder / f"out/out{i}.npy")
        if actual.shape != value.shape or actual.dtype != value.dtype:
            return "WRONG", f"{actual.dtype}{actual.shape}, LiteRT {value.dtype}{value.shape}"
        error = np.abs(actual.astype(np.float64) - value.astype(np.float64))
        if not (error <= 1e-5 + 1e-5 * np.abs(value.astype(np.float64))).all():
            return "WRONG", f"largest error {error.max()}"
    return "equal", ""


def main():
    global RNG
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for one file of each operator")
    parser.add_argument("operators", nargs="*")
    arguments = parser.parse_args()
    failed = False
    for op in arguments.operators or CASES:
        counts, examples = {}, {}
        for n in range(arguments.times):
            RNG = np.random.default_rng([arguments.seed, n, *op.encode()])
            case = CASES[op]()
            with tempfile.TemporaryDirectory() as folder:
                verdict, why = check(case, pathlib.Path(folder))
                if arguments.keep and verdict == "equal":
                    (arguments.keep / f"{op.lower()}.tflite").write_bytes(case.write())
            counts[verdict] = counts.get(verdict, 0) + 1
            if why:
                dims = [None if v is None else v.tolist() if c and v.size < 9 else v.shape for v, c in case.inputs]
                examples[verdict] = f"{dims} {case.options}: {why[:300]}"
        failed |= "WRONG" in counts or not counts.get("equal")
        print(op, counts, *(f"\n    {v}: {e}" for v, e in examples.items()), flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
