"""Small ONNX models without the onnx package: protobuf fields written by hand (onnx.proto)."""


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
