"""Pieces of ONNX models in double: what an operator's output should be, and how large the terms are that each element
is added up from. Used by tools/own_errors.py.

A tensor is a Sum: `value`, and `terms`, by which one rounding of each term can move the value, in units of the
unit roundoff: of a convolution the sum of |weight * input|, carried on through activations by their slope.
"""
import dataclasses

import numpy as np
import onnx

ROUNDOFF, LEAST_NORMAL = 2.0**-24, 2.0**-126  # of float32


@dataclasses.dataclass
class Sum:
    value: np.ndarray
    terms: np.ndarray


def exactly(tensor):
    value = np.asarray(tensor)
    value = value.astype(np.float64) if value.dtype.kind == "f" else value
    return Sum(value, np.abs(value))


def roundings(tensor, exact):
    """How many roundings of its terms each element of an engine's tensor is off."""
    return np.abs(tensor - exact.value) / np.maximum(ROUNDOFF * exact.terms, LEAST_NORMAL)


# Linear operators on plain arrays: terms are computed by the same function as values ------------------------------


def window(position, length, count, stride, dilation):
    return slice(position * dilation, position * dilation + (count - 1) * stride + 1, stride)


def taps(kernel, counts, strides, dilations):
    """Index of each tap of a kernel, and which elements of a padded map it meets."""
    for tap in np.ndindex(*kernel):
        yield tap, tuple(window(*each) for each in zip(tap, kernel, counts, strides, dilations))


def grouped(weights, x):
    """[g, o, c] times [n, g*c, h, w]: [n, g*o, h, w]."""
    n, _, h, w = x.shape
    groups, out, depth = weights.shape
    return (weights @ x.reshape(n, groups, depth, h * w)).reshape(n, groups * out, h, w)


def padded(x, pads):
    return np.pad(x, [(0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])])


def spatial(attributes):
    """Pads, strides, dilations of two axes."""
    assert attributes.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID"), "auto_pad is not written out"
    return attributes.get("pads", [0] * 4), attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])


def conv(attributes, x, w, bias=0.0):
    pads, strides, dilations = spatial(attributes)
    x, kernel, groups = padded(x, pads), w.shape[2:], attributes.get("group", 1)
    counts = [(x.shape[2 + a] - (kernel[a] - 1) * dilations[a] - 1) // strides[a] + 1 for a in (0, 1)]
    y = np.zeros((x.shape[0], w.shape[0], *counts))
    for tap, meets in taps(kernel, counts, strides, dilations):
        y += grouped(w[:, :, *tap].reshape(groups, -1, w.shape[1]), x[:, :, *meets])
    return y + np.reshape(bias, (-1, 1, 1))


def conv_transpose(attributes, x, w, bias=0.0):
    pads, strides, dilations = spatial(attributes)
    counts, kernel, groups = x.shape[2:], w.shape[2:], attributes.get("group", 1)
    size = [(counts[a] - 1) * strides[a] + (kernel[a] - 1) * dilations[a] + 1 for a in (0, 1)]
    full = np.zeros((x.shape[0], w.shape[1] * groups, *size))
    for tap, meets in taps(kernel, counts, strides, dilations):
        weights = w[:, :, *tap].reshape(groups, -1, w.shape[1])
        full[:, :, *meets] += grouped(weights.transpose(0, 2, 1), x)
    extra = attributes.get("output_padding", [0, 0])
    assert not any(extra), "output_padding"
    return full[:, :, pads[0]:size[0] - pads[2], pads[1]:size[1] - pads[3]] + np.reshape(bias, (-1, 1, 1))


def average_pool(attributes, x):
    assert not attributes.get("ceil_mode", 0), "ceil_mode"
    ones = np.ones((x.shape[1], 1, *attributes["kernel_shape"]))
    depthwise = {**attributes, "group": x.shape[1]}
    inside = np.ones_like(x)
    if attributes.get("count_include_pad", 0):
        return conv(depthwise, x, ones) / ones[0].size
    return conv(depthwise, x, ones) / conv(depthwise, inside, ones)


def lerp_matrix(how, n_in, n_out):
    """[n_out, n_in]: linear interpolation along an axis."""
    o = np.arange(n_out)
    position = {"half_pixel": (o + 0.5) * n_in / n_out - 0.5, "asymmetric": o * n_in / n_out,
                "pytorch_half_pixel": (o + 0.5) * n_in / n_out - 0.5,
                "align_corners": o * (n_in - 1) / max(n_out - 1, 1)}[how]
    position = np.clip(position, 0, n_in - 1)
    low = np.minimum(position.astype(int), n_in - 1)
    matrix = np.zeros((n_out, n_in))
    np.add.at(matrix, (o, low), 1 - (position - low))
    np.add.at(matrix, (o, np.minimum(low + 1, n_in - 1)), position - low)
    return matrix


def resize(attributes, x, _roi, scales, sizes=None):
    assert attributes["mode"] == b"linear", attributes["mode"]
    sizes = np.floor(np.multiply(x.shape, scales)) if sizes is None else sizes
    how = attributes.get("coordinate_transformation_mode", b"half_pixel").decode()
    rows, columns = (lerp_matrix(how, n, m) for n, m in zip(x.shape[2:], sizes[2:].astype(int)))
    return rows @ x @ columns.T


def pad(attributes, x, pads=None, value=0.0):
    pads = np.asarray(attributes["pads"] if pads is None else pads).astype(int)
    pairs = pads.reshape(2, -1).T
    return np.pad(x, pairs, constant_values=np.asarray(value).item())


def split(attributes, x, sizes=None):
    sizes = attributes.get("split") if sizes is None else sizes
    return np.split(x, np.cumsum(np.asarray(sizes).astype(int))[:-1], attributes.get("axis", 0))


def reduce_mean(attributes, x):
    return x.mean(axis=tuple(attributes["axes"]), keepdims=bool(attributes.get("keepdims", 1)))


LINEAR = {"Conv": conv, "ConvTranspose": conv_transpose, "AveragePool": average_pool, "Resize": resize, "Pad": pad,
          "Split": split, "ReduceMean": reduce_mean, "MatMul": lambda _, a, b: a @ b, "Add": lambda _, a, b: a + b,
          "GlobalAveragePool": lambda _, x: x.mean(axis=(2, 3), keepdims=True),
          "Concat": lambda attributes, *xs: np.concatenate(xs, attributes["axis"])}


# Everything else on sums ------------------------------------------------------------------------------------------


def subtract(_, a, b):
    return Sum(a.value - b.value, a.terms + b.terms)


def multiply(_, a, b):
    return Sum(a.value * b.value, np.maximum(a.terms * np.abs(b.value), np.abs(a.value) * b.terms))


def divide(_, a, b):
    return Sum(a.value / b.value, np.maximum(a.terms, np.abs(a.value / b.value) * b.terms) / np.abs(b.value))


def power(_, x, exponent):
    assert exponent.value == 2, "only squares"
    return multiply(_, x, x)


def batch_normalization(attributes, x, scale, bias, mean, variance):
    scale, bias, mean, variance = (each.value[:, None, None] for each in (scale, bias, mean, variance))
    factor = scale / np.sqrt(variance + attributes.get("epsilon", 1e-5))
    return Sum((x.value - mean) * factor + bias, (x.terms + np.abs(mean)) * np.abs(factor) + np.abs(bias))


def sigmoid(_, x):
    y = 1 / (1 + np.exp(-x.value))
    return Sum(y, y * (1 - y) * x.terms + y)


def hard_sigmoid(attributes, x):
    alpha, beta = attributes.get("alpha", 0.2), attributes.get("beta", 0.5)
    return Sum(np.clip(alpha * x.value + beta, 0, 1), alpha * x.terms + beta)


def softmax(attributes, x):
    axis = attributes.get("axis", -1)
    below = x.value - x.value.max(axis, keepdims=True)
    y = np.exp(below) / np.exp(below).sum(axis, keepdims=True)
    return Sum(y, y * (2 + np.abs(below).max(axis, keepdims=True)))


def clip(attributes, x, low=None, high=None):
    low = attributes.get("min", -np.inf) if low is None else low.value
    high = attributes.get("max", np.inf) if high is None else high.value
    return Sum(np.clip(x.value, low, high), x.terms)


def prelu(_, x, slope):
    return Sum(np.where(x.value < 0, x.value * slope.value, x.value), x.terms * np.maximum(1, np.abs(slope.value)))


OTHERS = {"Sub": subtract, "Mul": multiply, "Div": divide, "Pow": power, "Sigmoid": sigmoid, "Softmax": softmax,
          "BatchNormalization": batch_normalization, "HardSigmoid": hard_sigmoid, "Clip": clip, "PRelu": prelu,
          "Exp": lambda _, x: Sum(np.exp(x.value), np.exp(x.value) * (x.terms + 1)),
          "Sqrt": lambda _, x: Sum(np.sqrt(x.value), x.terms / np.sqrt(x.value)),
          "Relu": lambda _, x: Sum(np.maximum(x.value, 0), x.terms),
          "LeakyRelu": lambda attributes, x: prelu(attributes, x, exactly(np.float64(attributes.get("alpha", 0.01)))),
          "Constant": lambda attributes: exactly(onnx.numpy_helper.to_array(attributes["value"]))}


# Models -----------------------------------------------------------------------------------------------------------


def compute(node, operands):
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    if node.op_type in OTHERS:
        return [OTHERS[node.op_type](attributes, *operands)]
    function = LINEAR[node.op_type]
    value, terms = (function(attributes, *(x and getattr(x, part) for x in operands)) for part in ("value", "terms"))
    return [Sum(*both) for both in zip(value, terms)] if isinstance(value, list) else [Sum(value, terms)]


def run(model, feeds):
    """The Sum of the model's only output. An absent input is None."""
    known = {t.name: exactly(onnx.numpy_helper.to_array(t)) for t in model.graph.initializer}
    known |= {name: exactly(tensor) for name, tensor in feeds.items()}
    for node in model.graph.node:
        known |= zip(node.output, compute(node, [known[name] if name else None for name in node.input]))
    return known[model.graph.output[0].name]
