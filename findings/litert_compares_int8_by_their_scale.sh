#!/usr/bin/env bash
# LiteRT 2.3.0: LESS of two int8 tensors is wrong where their scale is above 1.
#
# Seen: a and b from -3 to 2, of one scale and zero point 0, so that a < b holds of the integers as of what they stand for. With a scale
# of 0.5 all 36 answers are right. With 2 six are wrong, without a message: -3 < -2, -3 < -1, -2 < -1, 0 < 1, 0 < 2 and 1 < 2 are false.
# The built-in kernels and the reference give the same.
#
# Most would guess that a comparison of integers of one scale does not depend on the scale, and that the reference is right.
#
# Source: tf.less returns the truth of x < y element by element (https://www.tensorflow.org/api_docs/python/tf/math/less); the quantisation
# specification gives int8 tensors any positive scale (https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/quantization_spec).
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

NUMBERS = np.arange(-3, 3, dtype=np.int8)


def tensor(name, kind, scale=None):
    made = schema.TensorT()
    made.name, made.shape, made.type = name, [NUMBERS.size ** 2], kind
    if scale:
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale, made.quantization.zeroPoint = [scale], [0]
    return made


def comparison(scale):
    """A file of one operator: a < b, both int8 of one scale."""
    code, node, graph, model = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.LESS
    code.version = 2
    node.inputs, node.outputs = [0, 1], [2]
    node.builtinOptions, node.builtinOptionsType = schema.LessOptionsT(), schema.BuiltinOptions.LessOptions
    int8 = schema.TensorType.INT8
    graph.tensors = [tensor("a", int8, scale), tensor("b", int8, scale), tensor("y", schema.TensorType.BOOL)]
    graph.inputs, graph.outputs, graph.operators = [0, 1], [2], [node]
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], [schema.BufferT()]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def wrong(scale, resolver):
    session = litert.Interpreter(model_content=comparison(scale), experimental_op_resolver_type=resolver)
    session.allocate_tensors()
    a, b = (side.ravel() for side in np.meshgrid(NUMBERS, NUMBERS))
    for one, values in zip(session.get_input_details(), (a, b)):
        session.set_tensor(one["index"], values)
    session.invoke()
    return [(int(x), int(y)) for x, y, less in zip(a, b, session.get_tensor(session.get_output_details()[0]["index"]))
            if less != (x < y)]


kinds = litert.OpResolverType

for scale in (0.5, 2.0):
    found = [wrong(scale, kind) for kind in (kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES, kinds.BUILTIN_REF)]
    print(f"scale {scale}: wrong {found[0]}")
    assert found[0] == found[1] == ([] if scale < 1 else [(-3, -2), (-3, -1), (-2, -1), (0, 1), (0, 2), (1, 2)])
PYTHON
"$folder/python/bin/python" "$folder/try.py"
