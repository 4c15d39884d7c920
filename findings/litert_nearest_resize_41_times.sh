#!/usr/bin/env bash
# LiteRT 2.3.0: RESIZE_NEAREST_NEIGHBOR to a whole multiple of the size takes pixels of the neighbour before, for some multiples.
#
# Seen: of two pixels resized to 82, position 41 is the first pixel, so that one fills 42 positions and the other 40; of three to 123, positions 41
# and 82 are those before. Built-in and reference kernels agree. In both, 41 times the float32 nearest to 2 / 82 falls just below 1. Of multiples
# up to 128 of two pixels, 41, 47, 55, 61, 82, 83, 94, 97, 107, 109, 110, 115, 121, 122 and 123 do so.
#
# Most would guess that nearest-neighbour resizing by a whole number repeats each pixel that often; (position * 2) / 82 in integers does.
#
# Source: ResizeNearestNeighbor of tensorflow/lite/kernels/internal/reference/resize_nearest_neighbor.h, where the scale is a float and its product
# with the position is rounded down.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet ai-edge-litert==2.3.0 flatbuffers==25.12.19 numpy==2.4.6
cat > "$folder/try.py" <<'PYTHON'
import flatbuffers
import numpy as np
from ai_edge_litert import interpreter as litert
from ai_edge_litert import schema_py_generated as schema


def tensor(name, shape, kind=schema.TensorType.FLOAT32, buffer=0):
    made = schema.TensorT()
    made.name, made.shape, made.type, made.buffer = name, shape, kind, buffer
    return made


def resize(pixels, to):
    """A file of one operator: a row of so many pixels to that many."""
    code, node, graph, model = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.RESIZE_NEAREST_NEIGHBOR
    code.version = 1
    node.inputs, node.outputs = [0, 1], [2]
    node.builtinOptionsType = schema.BuiltinOptions.ResizeNearestNeighborOptions
    node.builtinOptions = schema.ResizeNearestNeighborOptionsT()
    size = schema.BufferT()
    size.data = np.frombuffer(np.array([1, to], np.int32).tobytes(), np.uint8)
    graph.tensors = [tensor("x", [1, 1, pixels, 1]), tensor("size", [2], schema.TensorType.INT32, 1), tensor("y", [1, 1, to, 1])]
    graph.inputs, graph.outputs, graph.operators = [0], [2], [node]
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], [schema.BufferT(), size]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def displaced(pixels, times, resolver):
    """The positions that do not hold the pixel that a whole multiple puts there."""
    session = litert.Interpreter(model_content=resize(pixels, pixels * times), experimental_op_resolver_type=resolver)
    session.allocate_tensors()
    x = np.arange(pixels, dtype=np.float32)
    session.set_tensor(session.get_input_details()[0]["index"], x.reshape(1, 1, pixels, 1))
    session.invoke()
    y = session.get_tensor(session.get_output_details()[0]["index"]).ravel()
    return np.flatnonzero(y != x.repeat(times)).tolist()


for kind in litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, litert.OpResolverType.BUILTIN_REF:
    found = {pixels: displaced(pixels, 41, kind) for pixels in (2, 3)}
    often = [times for times in range(1, 129) if displaced(2, times, kind)]
    print(found, often)
    assert found == {2: [41], 3: [41, 82]}
    assert often == [41, 47, 55, 61, 82, 83, 94, 97, 107, 109, 110, 115, 121, 122, 123]
PYTHON
"$folder/python/bin/python" "$folder/try.py"
