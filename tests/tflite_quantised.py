#!/usr/bin/env python3
"""Single quantised TensorFlow Lite operators with random shapes, scales and zero points: every byte must be LiteRT's.

LiteRT's reference kernels (BUILTIN_REF) say what is right, run in a process of their own, for some end it on valid
input; such cases are skipped and counted. Where design notes and docs/tflite.md say that the reference is at fault,
its plain kernels do. Not part of continuous integration: it wants LiteRT (pip install ai-edge-litert).
--record FILE writes one case of each kind with LiteRT's results, which tflite_recorded_test.py compares without LiteRT.
Usage: tflite_quantised.py [--seed N] [--times N] [--keep FOLDER] [--record FILE] [CASE…]
"""
import argparse
import multiprocessing
import pathlib
import sys
import tempfile

import flatbuffers
import numpy as np
import tflite_operators as single
from ai_edge_litert import interpreter as litert
from ai_edge_litert import schema_py_generated as schema

TYPES = {**single.TYPES, np.dtype("int16"): schema.TensorType.INT16}
RNG = np.random.default_rng(0)
SAME_VALID = [schema.Padding.SAME, schema.Padding.VALID]


def pick(*values):
    return values[RNG.integers(len(values))]


def number(least, most):
    return int(RNG.integers(least, most + 1))


def scale(least=0.002, most=0.5):
    """Half of them powers of two, whose sums are often halves."""
    found = float(np.exp(RNG.uniform(np.log(least), np.log(most))))
    return np.float32(2.0 ** round(np.log2(found)) if number(0, 1) else found)


def zero(dtype):
    info = np.iinfo(dtype)
    if dtype == np.int16:
        return 0
    return pick(number(info.min, info.max), number(info.min, info.max), info.min, info.max, 0 if dtype == np.int8 else 128)


class Tensor:
    """Values with what they stand for; `data` is a shape for an output."""

    def __init__(self, data, dtype, by=None, zeros=0, axis=0, constant=False):
        self.dtype, self.by, self.zeros, self.axis, self.constant = np.dtype(dtype), by, zeros, axis, constant
        self.shape = list(data.shape) if isinstance(data, np.ndarray) else list(data)
        self.data = data.astype(dtype) if isinstance(data, np.ndarray) else None
        self.bits = 8 * self.dtype.itemsize  # as they are stored

    def add(self, writer, name):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, self.shape, TYPES[self.dtype] if self.bits != 4 else schema.TensorType.INT4
        if self.by is not None:
            by = schema.QuantizationParametersT()
            by.scale = np.atleast_1d(np.asarray(self.by, np.float32))
            by.zeroPoint = np.broadcast_to(np.asarray(self.zeros, np.int64), by.scale.shape).copy()
            by.quantizedDimension = self.axis
            tensor.quantization = by
        if self.constant:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(self.data).tobytes(), np.uint8)
            if self.bits == 4:
                halves = np.append(buffer.data, np.uint8(0))[:self.data.size + self.data.size % 2] & 15
                buffer.data = halves[::2] | halves[1::2] << 4
            writer.buffers.append(buffer)
            tensor.buffer = len(writer.buffers) - 1
        writer.graph.tensors.append(tensor)
        return len(writer.graph.tensors) - 1


class Case:
    def __init__(self, op, inputs, output, options=None, version=1):
        self.op, self.inputs, self.options, self.version = op, inputs, options, version
        self.results = output if isinstance(output, list) else [output]

    def write(self):
        writer, numbers = single.Writer(), []
        for i, tensor in enumerate(self.inputs):
            numbers.append(tensor.add(writer, f"in{i}") if tensor is not None else -1)
            if tensor is not None and not tensor.constant:
                writer.graph.inputs.append(numbers[-1])
        outputs = [tensor.add(writer, f"out{i}") for i, tensor in enumerate(self.results)]
        writer.graph.outputs = outputs
        return writer.bytes(self.op, numbers, outputs, self.options, self.version)

    def fed(self):
        return [(f"in{i}", t.data) for i, t in enumerate(self.inputs) if t is not None and not t.constant]


def values(dtype, *dims, constant=False, by=None, zeros=None, symmetric=False, axis=0):
    info = np.iinfo(dtype)
    data = RNG.integers(info.min + symmetric, info.max + 1, dims)
    return Tensor(data, dtype, scale() if by is None else by, zero(dtype) if zeros is None else zeros, axis, constant)


def ints(value):
    return Tensor(np.array(value), np.int32, constant=True)


def output(dtype, like=None, by=None, zeros=None, shape=(1,)):
    if like is not None:
        by, zeros = like.by, like.zeros
    return Tensor(list(shape), dtype, scale() if by is None else np.float32(by), zero(dtype) if zeros is None else zeros)


def activation():
    return pick(0, 0, 1, 2, 3)


def image(dtype, most=9, channels=20, **given):
    return values(dtype, number(1, 2), number(3, most), number(3, most), pick(number(1, 6), number(1, channels)), **given)


def weights(dtype, dims, axis, each):
    """Symmetric int8, per channel or not, or uint8 with a zero point."""
    if dtype == np.uint8:
        return values(np.uint8, *dims, constant=True)
    scales = np.array([scale() for _ in range(dims[axis])], np.float32) if each else None
    return values(np.int8, *dims, constant=True, by=scales, zeros=0, symmetric=True, axis=axis)


def bias(count, depth):
    most = int(3000 * np.sqrt(depth))
    return Tensor(RNG.integers(-most, most + 1, count), np.int32, constant=True)


def of_product(x, w, depth, dtype=None):
    """An output whose range sums of so many products fill."""
    mean = float(np.mean(w.by))
    return output(dtype or x.dtype, by=float(x.by) * mean * 5500 * np.sqrt(depth) / pick(40, 100, 300))


def set_bias(b, x, w, axis=0):
    b.by = np.atleast_1d(np.float32(x.by) * np.asarray(w.by, np.float32))
    b.zeros, b.axis = 0, axis
    return b


def conv_window(x):
    dilation = pick(1, 1, 2) if min(x.shape[1:3]) >= 5 else 1
    stride = (number(1, 3), number(1, 3)) if dilation == 1 else (1, 1)
    return dict(padding=pick(*SAME_VALID), strideH=stride[0], strideW=stride[1], dilationHFactor=dilation,
                dilationWFactor=dilation, fusedActivationFunction=activation())


def conv(dtype, each=False):
    def made():
        x = image(dtype)
        groups = pick(1, 1, 1, x.shape[3]) if dtype == np.int8 else 1
        outputs, kernel = groups * number(1, 20 if groups == 1 else 4), [number(1, 3), number(1, 3)]
        w = weights(dtype, [outputs, *kernel, x.shape[3] // groups], 0, each)
        depth = int(np.prod(w.shape[1:]))
        b = set_bias(bias(outputs, depth), x, w)
        return Case("CONV_2D", [x, w, b], of_product(x, w, depth), ("Conv2DOptions", conv_window(x)), version=3)
    return made


def depthwise(dtype, each=False):
    def made():
        x, multiplier = image(dtype, channels=40), pick(1, 1, number(1, 3))
        kernel, outputs = [number(1, 3), number(1, 3)], x.shape[3] * multiplier
        w = weights(dtype, [1, *kernel, outputs], 3, each)
        b = set_bias(bias(outputs, int(np.prod(kernel))), x, w)
        options = conv_window(x)
        options["strideH"] = options["strideW"]
        options["depthMultiplier"] = multiplier
        return Case("DEPTHWISE_CONV_2D", [x, w, b], of_product(x, w, int(np.prod(kernel))),
                    ("DepthwiseConv2DOptions", options), version=3)
    return made


def fully_connected(dtype, each=False):
    def made():
        depth, outputs = number(1, 70), number(1, 40)
        keep = pick(True, False)
        x = values(dtype, *pick([number(1, 4)], [2, 3]), depth) if keep else values(dtype, number(1, 4), depth)
        w = weights(dtype, [outputs, depth], 0, each)
        b = pick(set_bias(bias(outputs, depth), x, w), None)
        if dtype == np.uint8 or not each:
            w.zeros = zero(dtype) if dtype == np.uint8 else pick(0, 0, number(-5, 5))
        return Case("FULLY_CONNECTED", [x, w, b], of_product(x, w, depth),
                    ("FullyConnectedOptions", dict(keepNumDims=keep, fusedActivationFunction=activation())), version=5)
    return made


def transpose_conv(dtype, each=False):
    def made():
        x, outputs, kernel = image(dtype, 5), number(1, 9), [number(1, 4), number(1, 4)]
        stride, padding = [number(1, 3), number(1, 3)], pick(*SAME_VALID)
        out = []
        for extent, k, s in zip(x.shape[1:3], kernel, stride):
            out.append((extent - 1) * s + (1 if padding == schema.Padding.SAME else k) + number(0, s - 1))
        w = weights(dtype, [outputs, *kernel, x.shape[3]], 0, each)
        depth = int(np.prod(kernel)) * x.shape[3]
        b = pick(set_bias(bias(outputs, depth), x, w), None)
        options = dict(padding=padding, strideH=stride[0], strideW=stride[1],
                       fusedActivationFunction=activation() if b else 0)
        return Case("TRANSPOSE_CONV", [ints([x.shape[0], *out, outputs]), w, x] + ([b] if b else []),
                    of_product(x, w, depth / np.prod(stride)), ("TransposeConvOptions", options), version=4 if b else 1)
    return made


def batch_matmul(dtype):
    def made():
        batch, m, k, n = [number(1, 3)], number(1, 9), number(1, 40), number(1, 9)
        adj = [pick(True, False), pick(True, False)]
        a = values(dtype, *batch, *((k, m) if adj[0] else (m, k)))
        b = values(dtype, *batch, *((n, k) if adj[1] else (k, n)))
        return Case("BATCH_MATMUL", [a, b], of_product(a, b, k), ("BatchMatMulOptions", dict(adjX=adj[0], adjY=adj[1])),
                    version=2)
    return made


def pair(op, dtype, options=True, ratio=4):
    def made():
        full = [number(1, 7) for _ in range(number(1, 4))]
        other = [pick(n, n, 1) for n in full][number(0, len(full) - 1):] if number(0, 2) else full
        one = scale()
        a = values(dtype, *full, by=one)
        b = values(dtype, *other, by=np.float32(one * RNG.uniform(1 / ratio, ratio)) if number(0, 2) else one)
        if op == "MUL":
            out = output(dtype, by=float(a.by) * float(b.by) * pick(20, 60, 128))
        elif op == "SQUARED_DIFFERENCE":
            out = output(dtype, by=float(max(a.by, b.by)) ** 2 * pick(50, 200))
        else:
            out = output(dtype, by=float(max(a.by, b.by)) * pick(0.5, 1, 2))
        b.constant = not number(0, 2)
        inputs = [a, b] if b.constant or number(0, 1) else [b, a]
        table = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions"}.get(op)
        extra = dict(potScaleInt16=False) if op in ("ADD", "SUB") else {}
        return Case(op, inputs, out, (table, dict(fusedActivationFunction=activation(), **extra)) if table else None,
                    version=2)
    return made


def unary(op, dtype, options=None, out=None, version=2, most=0.5):
    def made():
        x = values(dtype, *[number(1, 9) for _ in range(number(1, 4))], by=scale(most=most))
        x.data.flat[:256] = np.arange(min(256, x.data.size)) + np.iinfo(dtype).min
        return Case(op, [x], out(x) if out else output(dtype), options() if options else None, version)
    return made


def fixed_output(dtype, by, zeros):
    return lambda x: output(dtype, by=by, zeros=zeros)


def prelu(dtype):
    def made():
        x = image(dtype)
        slope = values(dtype, *pick([1, 1, x.shape[3]], x.shape[1:]), constant=True, by=scale(most=0.05))
        return Case("PRELU", [x, slope], output(dtype, by=float(x.by) * pick(0.7, 1, 2)))
    return made


def pool(op, dtype):
    def made():
        x = image(dtype)
        full = not number(0, 3)
        kernel = x.shape[1:3] if full else [number(1, 3), number(1, 3)]
        options = dict(padding=schema.Padding.VALID if full else pick(*SAME_VALID), strideH=number(1, 3),
                       strideW=number(1, 3), filterHeight=kernel[0], filterWidth=kernel[1],
                       fusedActivationFunction=activation())
        return Case(op, [x], output(dtype, x), ("Pool2DOptions", options), version=2)
    return made


def whole_average():
    x = values(np.int16, 1, number(20, 60), number(20, 60), number(20, 30), by=scale(), zeros=0)
    if number(0, 1):
        x.data[:, :, 1:] = x.data[:, :, :1]  # halves, more often
    options = dict(padding=schema.Padding.VALID, strideH=1, strideW=1, filterHeight=x.shape[1], filterWidth=x.shape[2])
    return Case("AVERAGE_POOL_2D", [x], output(np.int16, x), ("Pool2DOptions", options), version=2)


def reduce(op, dtype):
    def made():
        dims = [number(1, 7) for _ in range(number(1, 4))]
        axes = [int(a) for a in RNG.permutation(len(dims))[:number(1, len(dims))]]
        if len(dims) == 4 and number(0, 1):
            axes = [1, 2]
        x = values(dtype, *dims)
        alike = op.startswith("REDUCE")
        count = np.prod([dims[a] for a in axes]) if op == "SUM" else 1
        out = output(dtype, x) if alike else output(dtype, by=float(x.by) * pick(0.3, 0.7, 1, 1.5) * np.sqrt(count))
        return Case(op, [x, ints(axes)], out, ("ReducerOptions", dict(keepDims=pick(True, False))), version=2)
    return made


def softmax(dtype, wide=False):
    def made():
        dims = [number(1, 3)] * number(0, 2) + [number(257, 1001) if wide else number(1, 60)]
        x = values(dtype, *dims, by=scale(0.01, 0.5))
        out = output(dtype, by=1 / 256, zeros=np.iinfo(dtype).min)
        return Case("SOFTMAX", [x], out, ("SoftmaxOptions", dict(beta=float(pick(1, 1, RNG.uniform(0.5, 2))))), version=2)
    return made


def concatenation(dtype):
    def made():
        dims = [number(1, 6) for _ in range(number(1, 4))]
        axis, like = number(0, len(dims) - 1), values(dtype, 1)
        parts = []
        for _ in range(number(2, 4)):
            dims[axis] = number(1, 4)
            same = dtype == np.int8 or not number(0, 2)
            parts.append(values(dtype, *dims, by=like.by if same else scale(), zeros=like.zeros if same else None))
        return Case("CONCATENATION", parts, output(dtype, like), ("ConcatenationOptions", dict(axis=axis)), version=2)
    return made


def resize(op, options, dtype, version=3):
    def made():
        x = image(dtype, 7)
        align, half = pick((False, False), (True, False), (False, True))
        return Case(op, [x, ints([number(1, 60), number(1, 20)])], output(dtype, x),
                    (options, dict(alignCorners=align, halfPixelCenters=half)), version)
    return made


def pad(op, dtype):
    def made():
        dims = [number(1, 6) for _ in range(number(1, 4))]
        x = values(dtype, *dims)
        inputs = [x, ints(RNG.integers(0, 4, (len(dims), 2)))]
        if op == "PADV2":
            inputs.append(values(dtype, 1, by=x.by, zeros=x.zeros, constant=True))
        return Case(op, inputs, output(dtype, x), version=2)
    return made


def moved(make, dtype):
    """A case of tflite_operators.py on bytes."""
    def made():
        single.RNG = RNG
        case = make()
        like = values(dtype, 1)
        inputs = []
        for value, constant in case.inputs:
            if value is not None and value.dtype == np.float32:
                inputs.append(values(dtype, *value.shape, by=like.by, zeros=like.zeros, constant=constant))
            else:
                inputs.append(None if value is None else Tensor(np.asarray(value), value.dtype, constant=constant))
        types = case.out_type if isinstance(case.out_type, list) else [case.out_type] * case.outputs
        shapes = [(case.declared or {}).get(i, [1]) for i in range(case.outputs)]
        outputs = [output(dtype, like, shape=s) if t is None else Tensor(s, t) for s, t in zip(shapes, types)]
        return Case(case.op, inputs, outputs, case.options, max(case.version, 1 if case.op in VERSION_1 else 2))
    return made


def quantize(to, source=np.float32):
    def made():
        dims = [number(1, 9) for _ in range(number(1, 4))]
        out = output(to)
        if source == np.float32:
            span = float(out.by) * (np.iinfo(to).max - np.iinfo(to).min)
            data = RNG.uniform(-span, span, dims).astype(np.float32)
            if number(0, 1):
                data = np.round(data / out.by * 2) * (out.by / 2)
            x = Tensor(data, np.float32)
        else:
            x = values(source, *dims)
            out.by = np.float32(x.by * pick(0.3, 0.5, 1, 2, 3) * (2.0 ** (8 * (np.dtype(source).itemsize - out.dtype.itemsize))))
        return Case("QUANTIZE", [x], out, version=2)
    return made


def dequantize(dtype):
    return lambda: Case("DEQUANTIZE", [values(dtype, *[number(1, 9) for _ in range(number(1, 4))])],
                        Tensor([1], np.float32), version=2)


VERSION_1 = {"DEPTH_TO_SPACE", "RESHAPE", "SQUEEZE", "EXPAND_DIMS"}
CASES = {}
for kind in (np.int8, np.uint8):
    tag = np.dtype(kind).name
    least = np.iinfo(kind).min
    CASES.update({f"{name}.{tag}": made for name, made in {
        "CONV_2D": conv(kind), "DEPTHWISE_CONV_2D": depthwise(kind), "FULLY_CONNECTED": fully_connected(kind),
        "TRANSPOSE_CONV": transpose_conv(kind), **{op: pair(op, kind) for op in ("ADD", "SUB", "MUL")},
        **{op: pair(op, kind, ratio=1) for op in ("MAXIMUM", "MINIMUM")},
        "AVERAGE_POOL_2D": pool("AVERAGE_POOL_2D", kind), "MAX_POOL_2D": pool("MAX_POOL_2D", kind),
        **{op: reduce(op, kind) for op in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN")},
        "SOFTMAX": softmax(kind), "SOFTMAX_wide": softmax(kind, True), "CONCATENATION": concatenation(kind),
        "RESIZE_BILINEAR": resize("RESIZE_BILINEAR", "ResizeBilinearOptions", kind),
        "RESIZE_NEAREST_NEIGHBOR": resize("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions", kind),
        "PAD": pad("PAD", kind), "PADV2": pad("PADV2", kind), "PRELU": prelu(kind),
        "LOGISTIC": unary("LOGISTIC", kind, out=fixed_output(kind, 1 / 256, least)),
        "TANH": unary("TANH", kind, out=fixed_output(kind, 1 / 128, 0 if kind == np.int8 else 128)),
        "HARD_SWISH": unary("HARD_SWISH", kind, out=lambda x: output(x.dtype, by=float(x.by) * pick(0.9, 1, 2)), version=1),
        **{op: unary(op, kind, out=lambda x: output(x.dtype, by=float(x.by) * pick(0.5, 1, 1.3)), version=version)
           for op, version in (("RELU", 2), ("RELU6", 2), ("RELU_N1_TO_1", 1))},
        "LEAKY_RELU": unary("LEAKY_RELU", kind, lambda: ("LeakyReluOptions", dict(alpha=float(RNG.uniform(-1, 1)))),
                            out=lambda x: output(x.dtype, by=float(x.by) * pick(0.5, 1, 1.3))),
        "QUANTIZE_from_float": quantize(kind), "QUANTIZE_from_int8": quantize(kind, np.int8),
        "QUANTIZE_from_uint8": quantize(kind, np.uint8), "DEQUANTIZE": dequantize(kind),
        **{op: moved(single.CASES[op], kind) for op in (
            "TRANSPOSE", "STRIDED_SLICE", "SLICE", "SPLIT", "SPLIT_V", "GATHER", "GATHER_ND", "SPACE_TO_DEPTH",
            "DEPTH_TO_SPACE", "RESHAPE", "SQUEEZE", "EXPAND_DIMS", "PACK", "UNPACK", "ARG_MAX", "ARG_MIN", "MIRROR_PAD", "TILE",
            "REVERSE_V2", "BROADCAST_TO", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND")},
    }.items()})
CASES.update({
    "CONV_2D.each": conv(np.int8, True), "DEPTHWISE_CONV_2D.each": depthwise(np.int8, True),
    "FULLY_CONNECTED.each": fully_connected(np.int8, True), "TRANSPOSE_CONV.each": transpose_conv(np.int8, True),
    "BATCH_MATMUL.int8": batch_matmul(np.int8), "SQUARED_DIFFERENCE.int8": pair("SQUARED_DIFFERENCE", np.int8),
    "EXP.int8": unary("EXP", np.int8), "LOG.int8": unary("LOG", np.int8),
    "GELU.int8": unary("GELU", np.int8, lambda: ("GeluOptions", dict(approximate=pick(True, False)))),
    "QUANTIZE.int16_from_float": quantize(np.int16), "QUANTIZE.int8_from_int16": quantize(np.int8, np.int16),
    "QUANTIZE.int16_from_int8": quantize(np.int16, np.int8), "DEQUANTIZE.int16": dequantize(np.int16),
})



def hybrid(op, each=False, asymmetric=False):
    """Real numbers times int8."""
    def made():
        depthwise_ = op.startswith("DEPTHWISE")
        if op == "FULLY_CONNECTED":
            depth, outputs = number(1, 70), number(1, 40)
            x = Tensor(single.floats(number(1, 4), depth), np.float32)
            w = weights(np.int8, [outputs, depth], 0, each)
            options = ("FullyConnectedOptions", dict(keepNumDims=False, asymmetricQuantizeInputs=asymmetric,
                                                     fusedActivationFunction=activation()))
        else:
            alone = each or depthwise_
            x = Tensor(single.floats(1 if alone else number(1, 2), number(3, 9), number(3, 9), number(1, 20)), np.float32)
            kernel = [number(1, 3), number(1, 3)]
            outputs = x.shape[3] if depthwise_ else number(1, 20)
            w = weights(np.int8, [1, *kernel, outputs] if depthwise_ else [outputs, *kernel, x.shape[3]],
                        3 if depthwise_ else 0, alone)
            window = conv_window(x)
            window["strideH"] = window["strideW"]
            if depthwise_:
                window["depthMultiplier"] = 1
            options = ("DepthwiseConv2DOptions" if depthwise_ else "Conv2DOptions", window)
        x.data = (x.data * pick(0.1, 1, 30)).astype(np.float32)
        b = Tensor(single.floats(outputs), np.float32, constant=True)
        return Case(op, [x, w, b], Tensor([1], np.float32), options, {"F": 9, "C": 5, "D": 6}[op[0]])
    return made


CASES.update({
    "FULLY_CONNECTED.hybrid": hybrid("FULLY_CONNECTED"), "FULLY_CONNECTED.hybrid_each": hybrid("FULLY_CONNECTED", True),
    "FULLY_CONNECTED.hybrid_asymmetric": hybrid("FULLY_CONNECTED", False, True),
    "CONV_2D.hybrid": hybrid("CONV_2D"), "CONV_2D.hybrid_each": hybrid("CONV_2D", True),
    "DEPTHWISE_CONV_2D.hybrid": hybrid("DEPTHWISE_CONV_2D"),
})



def wide(op):
    """int16 times int8."""
    def made():
        if op == "FULLY_CONNECTED":
            depth, outputs = number(1, 70), number(1, 40)
            x = values(np.int16, number(1, 4), depth, zeros=0)
            w, axis = weights(np.int8, [outputs, depth], 0, pick(True, False)), 0
            options = ("FullyConnectedOptions", dict(keepNumDims=False, fusedActivationFunction=activation()))
        else:
            x = image(np.int16, zeros=0)
            kernel, outputs = [number(1, 3), number(1, 3)], number(1, 20)
            dims, axis = [outputs, *kernel, x.shape[3]], 0
            window = conv_window(x)
            window["strideH"] = window["strideW"]
            if op.startswith("DEPTHWISE"):
                dims, axis, outputs = [1, *kernel, x.shape[3]], 3, x.shape[3]
                window["depthMultiplier"] = 1
            w = weights(np.int8, dims, axis, True)
            options = ("DepthwiseConv2DOptions" if axis else "Conv2DOptions", window)
        depth = int(np.prod(w.shape)) // outputs
        b = set_bias(Tensor(RNG.integers(-10**7, 10**7, outputs), np.int64, constant=True), x, w)
        out = output(np.int16, by=float(x.by) * float(np.mean(w.by)) * 19000 * 74 * np.sqrt(depth) / 10000, zeros=0)
        return Case(op, [x, w, b], out, options, {"F": 4, "C": 4, "D": 5}[op[0]])
    return made


CASES.update({f"{op}.int16": wide(op) for op in ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D")})
CASES.update({f"{op}.int16": pair(op, np.int16) for op in ("ADD", "SUB", "MUL")})



def div(dtype):
    def made():
        case = pair("DIV", dtype)()
        a, b = case.inputs
        b.data[b.data == b.zeros] = b.zeros + (1 if b.zeros < np.iinfo(dtype).max else -1)  # a zero ends the run
        out = output(dtype, by=float(a.by) / float(b.by) / pick(2, 20, 60))
        return Case("DIV", case.inputs, out, ("DivOptions", dict(fusedActivationFunction=activation())), 2)
    return made


def comparison(op, dtype):
    def made():
        case = pair(op, dtype, options=False)()
        for x in case.inputs:
            x.by = np.minimum(x.by, np.float32(0.99))  # of 1 and more the reference shifts by a negative number
        return Case(op, case.inputs, Tensor([1], np.bool_), version=2)
    return made


def l2_normalization(dtype):
    def made():
        x = values(dtype, *[number(1, 5) for _ in range(number(1, 3))], number(1, pick(4, 40, 300)))
        if not number(0, 3):
            x.data[:] = np.clip(x.data, x.zeros - 1, x.zeros + 1)  # short ones, and of no length
        out = output(dtype, by=1 / 128, zeros=0 if dtype == np.int8 else 128)
        return Case("L2_NORMALIZATION", [x], out, ("L2NormOptions", dict(fusedActivationFunction=0)), 2)
    return made


def rsqrt():
    x = values(np.int8, number(1, 9), number(1, 40))
    x.data = np.maximum(x.data, x.zeros)
    return Case("RSQRT", [x], output(np.int8, by=pick(0.3, 1, 3) / np.sqrt(float(x.by)) / 100), version=2)


def absolute(dtype):
    def made():
        x = values(dtype, number(1, 9), number(1, 40))
        return Case("ABS", [x], output(dtype, by=float(x.by) * pick(1, 1, 0.6, 1.7)), version=3)
    return made


def int4(make):
    """The same case with weights of four bits."""
    def made():
        case = make()
        w = case.inputs[1]
        w.data = (w.data // 16).astype(np.int8)
        w.bits = 4
        case.version = 7
        return case
    return made


CASES.update({f"DIV.{np.dtype(t).name}": div(t) for t in (np.int8, np.uint8)})
CASES.update({f"L2_NORMALIZATION.{np.dtype(t).name}": l2_normalization(t) for t in (np.int8, np.uint8)})
CASES.update({f"{op}.{np.dtype(t).name}": comparison(op, t) for t in (np.int8, np.uint8)
              for op in ("LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "EQUAL", "NOT_EQUAL")})
CASES.update({"RSQRT.int8": rsqrt, "ABS.int8": absolute(np.int8), "ABS.int16": absolute(np.int16)})
CASES.update({
    "AVERAGE_POOL_2D.int16_whole": whole_average, "AVERAGE_POOL_2D.int16": pool("AVERAGE_POOL_2D", np.int16), "MAX_POOL_2D.int16": pool("MAX_POOL_2D", np.int16),
    "MEAN.int16": reduce("MEAN", np.int16), "MAXIMUM.int16": pair("MAXIMUM", np.int16, ratio=1), "MINIMUM.int16": pair("MINIMUM", np.int16, ratio=1),
    **{f"{op}.int16": unary(op, np.int16, out=fixed_output(np.int16, 1 / 32768, 0), most=0.002) for op in ("LOGISTIC", "TANH")},
    **{f"{op}.int16": unary(op, np.int16, out=lambda x: output(np.int16, by=float(x.by) * pick(0.5, 1, 1.3))) for op in ("RELU", "RELU6")},
    "LEAKY_RELU.int16": unary("LEAKY_RELU", np.int16, lambda: ("LeakyReluOptions", dict(alpha=float(RNG.uniform(-1, 1)))),
                              out=lambda x: output(np.int16, by=float(x.by) * pick(0.5, 1, 1.3))),
    "CONV_2D.int4": int4(conv(np.int8, True)),
    "FULLY_CONNECTED.int4": int4(fully_connected(np.int8, True)), "FULLY_CONNECTED.hybrid_int4": int4(hybrid("FULLY_CONNECTED", True)),
})

def from_zero(op, dtype):
    """A root: of less than nothing LiteRT ends the run."""
    def made():
        x = values(dtype, number(1, 9), number(1, 40), by=scale(0.0001, 0.1) if dtype == np.int16 else None)
        x.data = np.maximum(x.data, x.zeros)
        return Case(op, [x], output(dtype, by=np.sqrt(float(x.by)) / pick(3, 10)), version=2)
    return made


def wide_softmax():
    x = values(np.int16, *[number(1, 3)] * number(0, 2), number(1, pick(20, 60, 400)), by=scale(1e-5, 0.01), zeros=0)
    if number(0, 1):
        x.data = (x.data // 16).astype(np.int16)
    beta = float(pick(1, 1, RNG.uniform(0.5, 2)))
    return Case("SOFTMAX", [x], output(np.int16, by=1 / 32768, zeros=0), ("SoftmaxOptions", dict(beta=beta)), version=3)


def wide_softmax_of_pairs():
    """Sums where tables of float32 would have other points than LiteRT's, which are made in double."""
    by, beta = scale(1e-4, 1e-3), float(RNG.uniform(0.5, 2))
    below = [round(place / by / beta) + i for place in (0.5551, 1.1632) for i in range(-45, 45)]
    x = Tensor(np.stack([np.zeros(len(below)), -np.array(below)], 1), np.int16, by)
    return Case("SOFTMAX", [x], output(np.int16, by=1 / 32768, zeros=0), ("SoftmaxOptions", dict(beta=beta)), version=3)


def log_softmax(dtype):
    def made():
        x = values(dtype, *[number(1, 3)] * number(0, 2), number(1, pick(20, 60, 400)), by=scale(0.005, 0.5))
        return Case("LOG_SOFTMAX", [x], output(dtype, by=1 / 16, zeros=np.iinfo(dtype).max), version=2)
    return made


def gelu_options():
    return "GeluOptions", dict(approximate=pick(True, False))


def wide_scale(_):
    return output(np.int16, by=scale(1e-5, 0.1), zeros=0)


CASES.update({
    "NEG.int8": unary("NEG", np.int8, version=1), "NEG.int16": unary("NEG", np.int16, version=1),
    "SQRT.int8": from_zero("SQRT", np.int8), "SQRT.int16": from_zero("SQRT", np.int16), "RSQRT.int16": from_zero("RSQRT", np.int16),
    "ELU.int8": unary("ELU", np.int8, version=1),
    "LOG_SOFTMAX.int8": log_softmax(np.int8), "LOG_SOFTMAX.uint8": log_softmax(np.uint8), "SOFTMAX.int16": wide_softmax,
    "SOFTMAX.int16_pairs": wide_softmax_of_pairs,
    "EXP.int16": unary("EXP", np.int16, out=wide_scale, most=0.02), "LOG.int16": unary("LOG", np.int16, out=wide_scale),
    "GELU.int16": unary("GELU", np.int16, gelu_options, out=wide_scale),
    "RESIZE_BILINEAR.int16": resize("RESIZE_BILINEAR", "ResizeBilinearOptions", np.int16, 4),
})

# The reference reads its int8 as bytes without a sign; it has no ELU.
PLAIN = {"SUM.int8", "ELU.int8"}


def answer(pipe):
    """A process that runs LiteRT for another."""
    while True:
        content, inputs, plain = pipe.recv()
        kernels = litert.OpResolverType
        try:
            session = single.opened(content, kernels.BUILTIN_WITHOUT_DEFAULT_DELEGATES if plain else kernels.BUILTIN_REF)
            for detail, value in zip(session.get_input_details(), inputs):
                session.set_tensor(detail["index"], value)
            session.invoke()
            pipe.send([session.get_tensor(d["index"]) for d in session.get_output_details()])
        except (RuntimeError, ValueError) as error:
            pipe.send(str(error).splitlines()[0])


class Reference:
    def __init__(self):
        self.process = None

    def __call__(self, content, inputs, plain):
        if self.process is None or not self.process.is_alive():
            self.pipe, theirs = multiprocessing.Pipe()
            self.process = multiprocessing.Process(target=answer, args=(theirs,), daemon=True)
            self.process.start()
            theirs.close()
        try:
            self.pipe.send((content, inputs, plain))
            return self.pipe.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self.process.join()
            return "the reference ended its process"


def check(name, case, reference, folder, recorded):
    content = case.write()
    expected = reference(content, [value for _, value in case.fed()], name in PLAIN)
    if not isinstance(expected, str) and f"{name}/model" not in recorded and 20 < sum(v.size for v in expected) < 400:
        recorded[f"{name}/model"] = np.frombuffer(content, np.uint8)
        recorded.update({f"{name}/{n}": v for n, v in case.fed()})
        recorded.update({f"{name}/out{i}": v for i, v in enumerate(expected)})
    if isinstance(expected, str):
        return "skipped", expected, 0
    if any(0 in value.shape for value in expected):
        return "skipped", "an empty result", 0
    try:
        single.ours(content, case.fed(), folder)
    except ValueError as error:
        return "refused", str(error), 0
    count = 0
    for i, value in enumerate(expected):
        actual = np.load(folder / f"out/out{i}.npy")
        if actual.shape != value.shape or actual.dtype != value.dtype:
            return "WRONG", f"{actual.dtype}{actual.shape}, LiteRT {value.dtype}{value.shape}", 0
        if actual.tobytes() != value.tobytes():
            off = np.abs(actual.astype(np.float64) - value.astype(np.float64))
            return "WRONG", f"{np.count_nonzero(off)} of {off.size} differ, by {off.max()}", 0
        count += value.size
    return "equal", "", count


def described(case):
    return [None if t is None else (t.dtype.name, t.shape if t.data is None or t.data.size > 8 else t.data.tolist(),
                                    None if t.by is None else np.ravel(t.by)[:2].tolist(), t.zeros)
            for t in case.inputs + case.results]


def main():
    global RNG
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for one file of each case")
    parser.add_argument("--record", type=pathlib.Path)
    parser.add_argument("cases", nargs="*")
    arguments = parser.parse_args()
    failed, reference, recorded = False, Reference(), {}
    for name in [c for c in CASES if not arguments.cases or any(c.startswith(a) for a in arguments.cases)]:
        counts, examples, total = {}, {}, 0
        for n in range(arguments.times):
            RNG = np.random.default_rng([arguments.seed, n, *name.encode()])
            single.RNG = RNG
            case = CASES[name]()
            with tempfile.TemporaryDirectory() as folder:
                verdict, why, count = check(name, case, reference, pathlib.Path(folder), recorded)
                if arguments.keep and verdict == "equal":
                    (arguments.keep / f"{name}.tflite").write_bytes(case.write())
            total += count
            counts[verdict] = counts.get(verdict, 0) + 1
            if why:
                examples[verdict] = f"#{n} {described(case)} {case.options}: {why[:300]}"
        failed |= "WRONG" in counts or not counts.get("equal")
        print(name, counts, total, *(f"\n    {v}: {e}" for v, e in examples.items()), flush=True)
    if arguments.record:
        np.savez_compressed(arguments.record, **recorded)
    sys.exit(failed)


if __name__ == "__main__":
    main()
