"""Small ONNX models without the onnx package: protobuf fields written by hand (onnx.proto)."""
import struct


def field(number, value):
    """One protobuf field: an int as a varint, bytes and text with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def value_info(name, dims):
    """onnx.proto: ValueInfoProto of a float tensor; a dimension that is text is symbolic."""
    shape = b"".join(field(1, field(2, d) if isinstance(d, str) else field(1, d)) for d in dims)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def onnx_model(ops, dims, opset=13, out=None):
    """A chain of one-input operators from x to y, whose shape is `out` where it is another than x's."""
    names = ["x"] + [f"t{i}" for i in range(len(ops) - 1)] + ["y"]
    nodes = b"".join(field(1, field(1, a) + field(2, b) + field(3, f"node_{b}") + field(4, op))
                     for op, a, b in zip(ops, names, names[1:]))
    graph = nodes + field(2, "tiny") + field(11, value_info("x", dims)) + field(12, value_info("y", out or dims))
    return field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, opset))


def scale_and_zero(scale, zero):
    """Constants s and z of a quantisation by uint8."""
    constants = (field(2, 1) + field(8, "s") + field(9, struct.pack("<f", scale)), field(2, 2) + field(8, "z") + field(9, bytes([zero])))
    return b"".join(field(5, constant) for constant in constants)


def rounding_model(dims, scale, zero):
    """x to its numbers y, rounded by way of uint8."""
    nodes = b"".join(field(1, field(1, a) + field(1, "s") + field(1, "z") + field(2, b) + field(4, op))
                     for a, b, op in (("x", "q", "QuantizeLinear"), ("q", "y", "DequantizeLinear")))
    graph = (nodes + field(2, "rounds") + scale_and_zero(scale, zero) + field(11, value_info("x", dims))
             + field(12, value_info("y", dims)))
    return field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, 13))


def fields(message):
    """The fields of a message: (number, bytes of the field, its value), in order; of a length-delimited one the value is its bytes."""
    at = 0

    def number():
        nonlocal at
        n = shift = 0
        while True:
            byte = message[at]
            at, n, shift = at + 1, n | (byte & 127) << shift, shift + 7
            if byte < 128:
                return n

    while at < len(message):
        start = at
        key = number()
        value, size = None, {0: 0, 1: 8, 5: 4}.get(key & 7)
        if key & 7 == 2:
            size = number()
            value = message[at:at + size]
        elif key & 7 == 0:
            value = number()
        at += size
        yield key >> 3, message[start:at], value


def changed(message, changes):
    """The message with some fields changed: `changes` says for their numbers what becomes of their bytes (a function, or a
    dictionary for the fields within)."""
    out = []
    for number, whole, value in fields(message):
        change = changes.get(number)
        if change is not None:
            whole = field(number, changed(value, change) if isinstance(change, dict) else change(value))
        out.append(bytes(whole))
    return b"".join(out)


def with_free_sizes(model):
    """The ONNX file's bytes without the sizes that it declares of inputs and outputs, and without those that its exporter noted of
    the values between (onnx.proto: ModelProto, GraphProto, ValueInfoProto, TypeProto, TensorShapeProto)."""
    free = {2: {1: {2: {1: lambda dimension: b""}}}}
    return changed(memoryview(model), {7: {11: free, 12: free, 13: lambda noted: b""}})
