"""Small ONNX models without the onnx package (tests/tiny_onnx.py), and what they compute, in NumPy."""
import pathlib
import struct
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests"))
from tiny_onnx import field, onnx_model, scale_and_zero, value_info  # noqa: E402


def relu(dims=("n", 3)):
    return onnx_model(["Relu"], list(dims))


def nonzero():
    """int64 positions of what is not 0: how many, data decide."""
    output = field(1, "y") + field(2, field(1, field(1, 7) + field(2, field(1, field(1, 1)) + field(1, field(2, "found")))))
    node = field(1, field(1, "x") + field(2, "y") + field(4, "NonZero"))
    graph = node + field(2, "nonzero") + field(11, value_info("x", [6])) + field(12, output)
    return field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, 13))


def quantize_linear(scale=0.5, zero=3):
    """float32 x to uint8 y."""
    output = field(1, "y") + field(2, field(1, field(1, 2) + field(2, field(1, field(1, 1)) + field(1, field(1, 6)))))
    node = field(1, field(1, "x") + field(1, "s") + field(1, "z") + field(2, "y") + field(4, "QuantizeLinear"))
    graph = (node + field(2, "quantise") + scale_and_zero(scale, zero) + field(11, value_info("x", [1, 6]))
             + field(12, output))
    return field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, 13))


def weights(channels=8, seed=0):
    """Small whole numbers, so that sums of their products are exact in any order."""
    numbers = np.arange(channels * 27) * (seed + 5)
    return (numbers * 11 % 7 - 3).astype(np.float32).reshape(channels, 3, 3, 3)


def conv(height=8, width=8, seed=0):
    """3x3, padded by one, from N,3,H,W to N,8,H,W: pictures, which lie channels-last in memory."""
    kernel = weights(seed=seed)
    tensor = b"".join(field(1, d) for d in kernel.shape) + field(2, 1) + field(8, "w") + field(9, kernel.tobytes())
    pads = field(1, "pads") + b"".join(field(8, 1) for _ in range(4)) + field(20, 7)
    node = field(1, field(1, "x") + field(1, "w") + field(2, "y") + field(3, "conv") + field(4, "Conv") + field(5, pads))
    graph = (node + field(2, "conv") + field(5, tensor) + field(11, value_info("x", [1, 3, height, width]))
             + field(12, value_info("y", [1, 8, height, width])))
    return field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, 13))


def conv_of(x, seed=0):
    kernel, padded = weights(seed=seed), np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    return np.einsum("nchwij,ocij->nohw", windows, kernel).astype(np.float32)


def whole_numbers(shape, seed=1):
    return (np.arange(int(np.prod(shape))) * (seed + 6) % 17 - 8).astype(np.float32).reshape(shape)


def bmp(rows):
    """A BMP file of rows of (red, green, blue)."""
    height, width = len(rows), len(rows[0])
    body = b"".join(b"".join(bytes(pixel[::-1]) for pixel in row) + bytes(-3 * width % 4) for row in rows[::-1])
    return (b"BM" + struct.pack("<IHHI", 54 + len(body), 0, 0, 54)
            + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(body), 0, 0, 0, 0) + body)
