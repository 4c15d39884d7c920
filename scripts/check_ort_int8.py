#!/usr/bin/env python3
"""Quantised operators, byte for byte against ONNX Runtime: random shapes, types, and scales of small ratios, whose products are often halves.

    scripts/check_ort_int8.py build/minnow [CASES [SEED]]

wants a Python with onnx, onnxruntime and numpy, on a CPU with VNNI (without, ONNX Runtime's own products saturate). Each case is a model of
DequantizeLinear, one operator and QuantizeLinear; ONNX Runtime runs it with session.qdqisint8allowed=1, so that int8 stays int8.
"""
import collections
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

KINDS = ["Conv", "Depthwise", "Grouped", "MatMul", "Gemm", "Add", "Mul", "AveragePool", "GlobalAveragePool", "MaxPool", "Concat",
         "Sigmoid", "LeakyRelu", "Relu", "Clip", "Transpose", "Conv+Relu", "Sub", "PRelu", "Softmax", "Pad", "PadReflect", "ConvTranspose",
         "Resize"]
# ONNX Runtime's sigmoid is Eigen's rational function: a step in some tables. ConvTranspose and linear Resize it leaves in float32, whose
# sums it orders its own way.
EXACT = set(KINDS) - {"Sigmoid", "ConvTranspose", "Resize"}


class Model:
    def __init__(self, rng):
        self.rng, self.nodes, self.inits, self.inputs, self.feeds = rng, [], [], [], {}

    def constant(self, name, array):
        self.inits.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def scale(self):
        return np.float32(self.rng.choice([1, 2, 3, 5, 6]) / self.rng.choice([8, 16, 32, 64]))

    def zero(self, kind):
        return kind(self.rng.integers(np.iinfo(kind).min, np.iinfo(kind).max + 1)) if self.rng.random() < 0.7 else kind(np.iinfo(kind).min)

    def activation(self, name, shape, kind):
        scale, info = self.scale(), np.iinfo(kind)
        self.inputs.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(kind)), shape))
        self.feeds[name] = self.rng.integers(info.min, info.max + 1, size=shape).astype(kind)
        self.nodes.append(helper.make_node("DequantizeLinear", [name, self.constant(name + "_s", scale), self.constant(name + "_z", self.zero(kind))], [name + "_f"]))
        return name + "_f", scale

    def weights(self, name, shape, axis, each):
        scale = np.array([self.scale() / 16 for _ in range(shape[axis] if each else 1)], np.float32)
        zero = np.zeros(scale.shape, np.int8)
        w = self.rng.integers(-127, 128, size=shape).astype(np.int8)
        if not each:
            scale, zero = scale[0], zero[0]
        self.nodes.append(helper.make_node("DequantizeLinear", [self.constant(name, w), self.constant(name + "_s", scale), self.constant(name + "_z", zero)],
                                           [name + "_f"], **({"axis": axis} if each else {})))
        return name + "_f", scale

    def bias(self, name, scale, channels):
        scale = np.asarray(scale, np.float32)
        b = self.rng.integers(-3000, 3000, size=channels).astype(np.int32)
        extra = {"axis": 0} if scale.ndim else {}
        self.nodes.append(helper.make_node("DequantizeLinear", [self.constant(name, b), self.constant(name + "_s", scale),
                                                                self.constant(name + "_z", np.zeros(scale.shape, np.int32))], [name + "_f"], **extra))
        return name + "_f"


def window(rng, extent):
    k = int(rng.integers(1, min(4, extent) + 1))
    return k, int(rng.integers(1, 3)), int(rng.integers(0, k))


def build(kind, rng):
    m = Model(rng)
    byte = rng.choice([np.uint8, np.int8])
    each = bool(rng.random() < 0.5)
    n, c, h, w = (int(v) for v in (rng.integers(1, 3), rng.integers(1, 40), rng.integers(3, 12), rng.integers(3, 12)))
    attributes, y_scale = {}, np.float32(m.scale() * rng.choice([1, 2, 4]))
    base = kind.split("+")[0]
    if base in ("Conv", "Depthwise", "Grouped"):
        x, xs = m.activation("x", [n, c, h, w], byte)
        groups = c if base == "Depthwise" else next(g for g in (3, 2, 1) if c % g == 0) if base == "Grouped" else 1
        outputs = c if base == "Depthwise" else groups * int(rng.integers(1, 30))
        (ky, sy, py), (kx, sx, px) = window(rng, h), window(rng, w)
        wf, ws = m.weights("w", (outputs, c // groups, ky, kx), 0, each)
        inputs = [x, wf] + ([m.bias("b", xs * ws, outputs)] if rng.random() < 0.7 else [])
        attributes = dict(group=groups, strides=[sy, sx], pads=[py, px, py, px], kernel_shape=[ky, kx])
        op, y_scale = "Conv", np.float32(y_scale * 16)
    elif base in ("MatMul", "Gemm"):
        x, xs = m.activation("x", [h, c], byte)
        outputs = int(rng.integers(1, 50))
        wf, ws = m.weights("w", (outputs, c) if base == "Gemm" else (c, outputs), 0 if base == "Gemm" else 1, each)
        inputs = [x, wf] + ([m.bias("b", xs * ws, outputs)] if base == "Gemm" else [])
        attributes, op, y_scale = ({"transB": 1} if base == "Gemm" else {}), base, np.float32(y_scale * 16)
    elif base == "ConvTranspose":
        x, xs = m.activation("x", [n, c, h, w], byte)
        groups = next(g for g in (3, 2, 1) if c % g == 0) if rng.random() < 0.4 else 1
        outputs = int(rng.integers(1, 9))
        stride = int(rng.integers(1, 4))
        k = [stride + int(rng.integers(0, 3)) for _ in range(2)]
        wf, ws = m.weights("w", (c, outputs, *k), 1, each and groups == 1)
        bias = np.asarray(xs * ws)
        inputs = [x, wf] + ([m.bias("b", bias if groups == 1 else bias.reshape(-1)[0], outputs * groups)] if rng.random() < 0.7 else [])
        begin = [int(rng.integers(0, kk)) for kk in k]
        total = [kk - stride if rng.random() < 0.8 else 0 for kk in k]
        pads = [min(b, t) for b, t in zip(begin, total)]
        attributes = dict(group=groups, strides=[stride] * 2, pads=pads + [t - p for t, p in zip(total, pads)], kernel_shape=k)
        op, y_scale = base, np.float32(y_scale * 16)
    elif base in ("Sub", "PRelu"):
        shape = [n, c, h, w]
        other = shape if base == "Sub" and rng.random() < 0.7 else [c, 1, 1]
        inputs, op = [m.activation("x", shape, byte)[0], m.activation("x2", other, byte)[0]], base
        y_scale = np.float32(y_scale * (8 if base == "PRelu" else 1))
    elif base in ("Add", "Mul", "Concat"):
        shape = [n, c, h, w]
        other = shape if base == "Concat" or rng.random() < 0.7 else [c, 1, 1]
        inputs = [m.activation("x", shape, byte)[0], m.activation("x2", other, byte)[0]]
        op, attributes = base, ({"axis": 1} if base == "Concat" else {})
        y_scale = np.float32(y_scale * (32 if base == "Mul" else 1))
    else:
        x, xs = m.activation("x", [n, c, h, w], byte)
        inputs, op = [x], base
        if base in ("AveragePool", "MaxPool"):
            (ky, sy, py), (kx, sx, px) = window(rng, h), window(rng, w)
            attributes = dict(kernel_shape=[ky, kx], strides=[sy, sx], pads=[py, px, py, px])
        if base in ("MaxPool", "Transpose", "Resize"):
            y_scale = xs
        if base in ("Pad", "PadReflect"):
            counts = [0, 0, *(int(v) for v in rng.integers(0, 3, 2))] * 2
            inputs += [m.constant("pads", np.array(counts, np.int64))] + ([m.constant("fill", np.float32(rng.normal()))] if base == "Pad" else [])
            op, attributes = "Pad", dict(mode="constant" if base == "Pad" else "reflect")
            y_scale = xs if rng.random() < 0.7 else y_scale
        if base == "Softmax":
            attributes = dict(axis=int(rng.choice([1, 3])))
            y_scale = np.float32(rng.choice([1 / 256, 1 / 255, 1 / 300]))
        if base == "Resize":
            inputs += ["", m.constant("scales", np.array([1, 1, 2, 2], np.float32))]
            attributes = dict(mode="linear", coordinate_transformation_mode=str(rng.choice(["half_pixel", "align_corners", "asymmetric"])))
        if base == "Clip":
            inputs += [m.constant("lo", np.float32(-1)), m.constant("hi", np.float32(2))]
        if base == "Sigmoid":
            y_scale = np.float32(1 / 256)
    m.nodes.append(helper.make_node(op, inputs, ["v"], **attributes))
    last = "v"
    if kind.endswith("+Relu"):
        m.nodes.append(helper.make_node("Relu", ["v"], ["r"]))
        last = "r"
    same = base in ("MaxPool", "Transpose", "Resize")
    zero = "x_z" if same else m.constant("y_z", byte(np.iinfo(byte).min) if kind.endswith("+Relu") else m.zero(byte))
    m.nodes.append(helper.make_node("QuantizeLinear", [last, m.constant("y_s", y_scale), zero], ["y"]))
    shape = [None] * (2 if base in ("MatMul", "Gemm") else 4)
    y = helper.make_tensor_value_info("y", helper.np_dtype_to_tensor_dtype(np.dtype(byte)), shape)
    graph = helper.make_graph(m.nodes, "g", m.inputs, [y], m.inits)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), m.feeds


def run(minnow, model, feeds, folder):
    path = folder / "m.onnx"
    onnx.save(model, path)
    options = ort.SessionOptions()
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    theirs = ort.InferenceSession(str(path), options).run(None, feeds)[0]
    specs = []
    for name, array in feeds.items():
        np.save(folder / f"{name}.npy", array)
        specs += ["--input", f"{name}={folder / name}.npy"]
    subprocess.run([minnow, "run", str(path), *specs, "-o", str(folder / "out")], check=True, stdout=subprocess.DEVNULL)
    return theirs, np.load(folder / "out" / "y.npy")


def main():
    minnow, cases = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    values, differ, most = collections.Counter(), collections.Counter(), collections.Counter()
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        for i in range(cases):
            kind = KINDS[i % len(KINDS)]
            model, feeds = build(kind, np.random.default_rng([seed, i]))
            theirs, ours = run(minnow, model, feeds, pathlib.Path(name))
            steps = np.abs(theirs.astype(int) - ours.astype(int))
            values[kind] += steps.size
            differ[kind] += int((steps > 0).sum())
            most[kind] = max(most[kind], int(steps.max()))
            if steps.max() > (0 if kind in EXACT else 1):
                failed += 1
                print(f"case {i} of seed {seed}, {kind}: {(steps > 0).sum()} of {steps.size} differ, by {steps.max()} at most")
    for kind in KINDS:
        print(f"{kind:18} {values[kind]:8} values, {differ[kind]:6} differ, by {most[kind]} at most")
    sys.exit(failed > 0)


main()
