#!/usr/bin/env bash
# LiteRT 2.3.0: DIV of int8 gives the greatest number there is where a quotient is nearly 0, and more than 0 for 0.
#
# Seen: a / 100 for some a, scales of 0.5, 0.5 and 0.125 for the quotient, zero points 0. The quotients of 3, 5, 9 and more are right. 1 / 100,
# which rounds to 0 steps, is 127 steps (15.875); -1 / 100 is -128 steps; 0 / 100 is one step. The built-in kernels and the reference
# agree, and nothing is said. Quotients below about a quarter of a step are concerned.
#
# Most would guess that what is too small for a step becomes 0, and that 0 divided by anything is 0.
#
# Source: tf.math.divide (https://www.tensorflow.org/api_docs/python/tf/math/divide); in int8 a number is (q - zero point) * scale
# (https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/quantization_spec).
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

ABOVE = np.array([0, 1, 3, 5, 9, 17, 33, 65, 100, 127, -1, -5, -20, -100], np.int8)
SCALES = 0.5, 0.5, 0.125  # of a, b and a / b


def tensor(name, scale):
    made = schema.TensorT()
    made.name, made.shape, made.type = name, [ABOVE.size], schema.TensorType.INT8
    made.quantization = schema.QuantizationParametersT()
    made.quantization.scale, made.quantization.zeroPoint = [scale], [0]
    return made


def division():
    """A file of one operator: a / b in int8."""
    code, node, graph, model = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DIV
    code.version = 2
    node.inputs, node.outputs = [0, 1], [2]
    node.builtinOptions, node.builtinOptionsType = schema.DivOptionsT(), schema.BuiltinOptions.DivOptions
    graph.tensors = [tensor(name, scale) for name, scale in zip("aby", SCALES)]
    graph.inputs, graph.outputs, graph.operators = [0, 1], [2], [node]
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], [schema.BufferT()]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def run(resolver):
    session = litert.Interpreter(model_content=division(), experimental_op_resolver_type=resolver)
    session.allocate_tensors()
    for one, values in zip(session.get_input_details(), (ABOVE, np.full_like(ABOVE, 100))):
        session.set_tensor(one["index"], values)
    session.invoke()
    return session.get_tensor(session.get_output_details()[0]["index"])


kinds = litert.OpResolverType
built_in, reference = run(kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES), run(kinds.BUILTIN_REF)
right = np.rint(ABOVE / 100 * SCALES[0] / SCALES[1] / SCALES[2]).astype(int)
for a, y, z, r in zip(ABOVE, built_in, reference, right):
    print(f"{a} / 100 in steps of {SCALES[2]}: {y}, {z}, rounded {r}")

assert np.array_equal(built_in, reference)
wrong = {int(a): int(y) for a, y, r in zip(ABOVE, built_in, right) if y != r}
assert wrong == {0: 1, 1: 127, -1: -128}, wrong
PYTHON
"$folder/python/bin/python" "$folder/try.py"
