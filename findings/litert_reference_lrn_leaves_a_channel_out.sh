#!/usr/bin/env bash
# LiteRT 2.3.0: the reference kernel of LOCAL_RESPONSE_NORMALIZATION sums over the channels c - radius to c + radius - 1, the built-in one over
# c - radius to c + radius.
#
# Seen: for the channels 1, 2, 4, 8 with radius 1, bias 0, alpha 1, beta 1 the built-in kernel gives 1 / (1 + 4) = 0.2 first, as TensorFlow does; the
# reference gives 1 / 1 = 1. Nothing is at fault with the file: BUILTIN_REF alone decides which of both comes.
#
# Most would guess that the reference is what the faster kernel is measured by, so that both agree but for rounding.
#
# Source: tf.nn.local_response_normalization sums input[a, b, c, d - depth_radius : d + depth_radius + 1] ** 2
# (https://www.tensorflow.org/api_docs/python/tf/nn/local_response_normalization).
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

CHANNELS = [1, 2, 4, 8]


def tensor(name):
    made = schema.TensorT()
    made.name, made.shape, made.type = name, [1, 1, 1, len(CHANNELS)], schema.TensorType.FLOAT32
    return made


def normalisation():
    """A file of one operator: each channel over the sum of its and its neighbours' squares."""
    code, node, graph, model = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.LOCAL_RESPONSE_NORMALIZATION
    code.version = 1
    options = schema.LocalResponseNormalizationOptionsT()
    options.radius, options.bias, options.alpha, options.beta = 1, 0.0, 1.0, 1.0
    node.inputs, node.outputs, node.builtinOptions = [0], [1], options
    node.builtinOptionsType = schema.BuiltinOptions.LocalResponseNormalizationOptions
    graph.tensors, graph.inputs, graph.outputs, graph.operators = [tensor("x"), tensor("y")], [0], [1], [node]
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], [schema.BufferT()]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def run(resolver):
    session = litert.Interpreter(model_content=normalisation(), experimental_op_resolver_type=resolver)
    session.allocate_tensors()
    session.set_tensor(session.get_input_details()[0]["index"], np.array([[[CHANNELS]]], np.float32))
    session.invoke()
    return session.get_tensor(session.get_output_details()[0]["index"]).ravel()


def expected(after):
    squares = np.array([0, *CHANNELS, 0], float) ** 2
    return [x / squares[c:c + 2 + after].sum() for c, x in enumerate(CHANNELS)]


built_in, reference = (run(kind) for kind in (litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
                                              litert.OpResolverType.BUILTIN_REF))
print("built-in", built_in, "reference", reference)
assert np.allclose(built_in, expected(1)) and np.allclose(reference, expected(0))
PYTHON
"$folder/python/bin/python" "$folder/try.py"
