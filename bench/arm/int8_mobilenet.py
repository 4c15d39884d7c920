#!/usr/bin/env python3
"""MobileNetV2 1.0 224 as an int8 .tflite file, with scales by channel and random weights: what executes does not depend on them.

Usage: int8_mobilenet.py OUT.tflite     (needs numpy, flatbuffers and ai-edge-litert, whose schema it writes by)"""
import sys

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as tfl

# Expansion, output channels, repetitions, stride (the paper's table 2).
BLOCKS = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
RELU6 = (6 / 255, -128)
LINEAR = (12 / 255, 0)


class Network:
    def __init__(self):
        self.random = np.random.default_rng(7)
        self.model = tfl.ModelT()
        self.model.version = 3
        self.model.description = "random int8 MobileNetV2"
        self.model.buffers = [tfl.BufferT()]
        self.model.operatorCodes = []
        self.graph = tfl.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]

    def tensor(self, name, shape, kind, scale, zero, data=None, axis=0):
        made = tfl.TensorT()
        made.name, made.shape, made.type, made.buffer = name, list(shape), kind, 0
        if data is not None:
            buffer = tfl.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            made.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        made.quantization = tfl.QuantizationParametersT()
        made.quantization.scale = np.atleast_1d(np.float32(scale))
        made.quantization.zeroPoint = np.zeros(len(made.quantization.scale), np.int64) + zero
        made.quantization.quantizedDimension = axis
        self.graph.tensors.append(made)
        return len(self.graph.tensors) - 1

    def operator(self, code, version, options_type, options, inputs, output):
        kinds = [known.builtinCode for known in self.model.operatorCodes]
        if code not in kinds:
            known = tfl.OperatorCodeT()
            known.builtinCode, known.deprecatedBuiltinCode, known.version = code, code, version
            self.model.operatorCodes.append(known)
            kinds.append(code)
        made = tfl.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = kinds.index(code), inputs, [output]
        made.builtinOptionsType, made.builtinOptions = options_type, options
        self.graph.operators.append(made)
        return output

    def scale_of(self, tensor):
        return self.graph.tensors[tensor].quantization.scale[0]

    def weights(self, name, shape, channels_axis, x):
        """Weights and biases of a layer that reads x, normally distributed and scaled by channel."""
        others = tuple(axis for axis in range(len(shape)) if axis != channels_axis)
        real = self.random.normal(size=shape) / np.sqrt(np.prod(shape) / shape[channels_axis])
        scales = (np.abs(real).max(axis=others) / 127).astype(np.float32)
        spread = [1] * len(shape)
        spread[channels_axis] = -1
        whole = np.clip(np.rint(real / scales.reshape(spread)), -127, 127).astype(np.int8)
        w = self.tensor(name + "/w", shape, tfl.TensorType.INT8, scales, 0, whole, channels_axis)
        bias = self.random.integers(-2000, 2000, shape[channels_axis], np.int32)
        b = self.tensor(name + "/b", [shape[channels_axis]], tfl.TensorType.INT32, scales * self.scale_of(x), 0, bias)
        return w, b

    def conv(self, name, x, channels, kernel, stride, relu6, depthwise=False):
        batch, height, width, depth = self.graph.tensors[x].shape
        shape = [1, kernel, kernel, depth] if depthwise else [channels, kernel, kernel, depth]
        w, b = self.weights(name, shape, 3 if depthwise else 0, x)
        options = tfl.DepthwiseConv2DOptionsT() if depthwise else tfl.Conv2DOptionsT()
        options.padding, options.strideW, options.strideH = tfl.Padding.SAME, stride, stride
        options.dilationWFactor = options.dilationHFactor = 1
        options.fusedActivationFunction = tfl.ActivationFunctionType.RELU6 if relu6 else tfl.ActivationFunctionType.NONE
        if depthwise:
            options.depthMultiplier = 1
        y = self.tensor(name, [batch, -(-height // stride), -(-width // stride), depth if depthwise else channels],
                        tfl.TensorType.INT8, *(RELU6 if relu6 else LINEAR))
        code, kind = ((tfl.BuiltinOperator.DEPTHWISE_CONV_2D, tfl.BuiltinOptions.DepthwiseConv2DOptions) if depthwise
                      else (tfl.BuiltinOperator.CONV_2D, tfl.BuiltinOptions.Conv2DOptions))
        return self.operator(code, 3, kind, options, [x, w, b], y)

    def add(self, name, a, b):
        options = tfl.AddOptionsT()
        y = self.tensor(name, self.graph.tensors[a].shape, tfl.TensorType.INT8, *LINEAR)
        return self.operator(tfl.BuiltinOperator.ADD, 2, tfl.BuiltinOptions.AddOptions, options, [a, b], y)

    def head(self, x):
        options = tfl.ReducerOptionsT()
        options.keepDims = False
        axes = self.tensor("axes", [2], tfl.TensorType.INT32, 1, 0, np.array([1, 2], np.int32))
        depth = self.graph.tensors[x].shape[3]
        pooled = self.tensor("pooled", [1, depth], tfl.TensorType.INT8, *RELU6)
        self.operator(tfl.BuiltinOperator.MEAN, 2, tfl.BuiltinOptions.ReducerOptions, options, [x, axes], pooled)
        w, b = self.weights("classes", [1000, depth], 0, pooled)
        self.graph.tensors[w].quantization.scale = self.graph.tensors[w].quantization.scale.max(keepdims=True)
        self.graph.tensors[w].quantization.zeroPoint = np.zeros(1, np.int64)
        self.graph.tensors[b].quantization.scale = self.graph.tensors[w].quantization.scale * self.scale_of(pooled)
        self.graph.tensors[b].quantization.zeroPoint = np.zeros(1, np.int64)
        y = self.tensor("y", [1, 1000], tfl.TensorType.INT8, *LINEAR)
        return self.operator(tfl.BuiltinOperator.FULLY_CONNECTED, 4, tfl.BuiltinOptions.FullyConnectedOptions,
                             tfl.FullyConnectedOptionsT(), [pooled, w, b], y)

    def bytes(self):
        builder = flatbuffers.Builder(1 << 22)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def mobilenet_v2():
    net = Network()
    image = net.tensor("x", [1, 224, 224, 3], tfl.TensorType.INT8, 1 / 127.5, -1)
    x, depth, block = net.conv("first", image, 32, 3, 2, True), 32, 0
    for expansion, channels, repetitions, stride in BLOCKS:
        for i in range(repetitions):
            name, begin = f"block{block}", x
            if expansion > 1:
                x = net.conv(name + "/expand", x, depth * expansion, 1, 1, True)
            x = net.conv(name + "/depthwise", x, 0, 3, 1 if i else stride, True, depthwise=True)
            x = net.conv(name + "/project", x, channels, 1, 1, False)
            if i:
                x = net.add(name + "/add", begin, x)
            depth, block = channels, block + 1
    y = net.head(net.conv("last", x, 1280, 1, 1, True))
    net.graph.inputs, net.graph.outputs = [image], [y]
    return net.bytes()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], "wb") as file:
        file.write(mobilenet_v2())
