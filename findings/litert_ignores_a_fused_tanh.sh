#!/usr/bin/env bash
# LiteRT 2.3.0: an ADD whose fused activation is TANH adds, and takes no hyperbolic tangent of it.
#
# Seen: 2 + 1 with fused_activation_function TANH gives 3, by the built-in kernels and by the reference ones, without a word. With RELU_N1_TO_1 it
# gives 1.
#
# Most would guess that an interpreter that loads and runs a file computes what its fields say, or refuses.
#
# Source: schema.fbs of TensorFlow Lite, enum ActivationFunctionType { NONE, RELU, RELU_N1_TO_1, RELU6, TANH, SIGN_BIT }, and
# AddOptions { fused_activation_function: ActivationFunctionType }
# (https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs).
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


def tensor(name):
    made = schema.TensorT()
    made.name, made.shape, made.type = name, [1], schema.TensorType.FLOAT32
    return made


def sum_with(activation):
    """A file of one operator, c = activation(a + b)."""
    code, node, graph, model = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.ADD
    code.version = 1
    node.inputs, node.outputs = [0, 1], [2]
    node.builtinOptionsType, node.builtinOptions = schema.BuiltinOptions.AddOptions, schema.AddOptionsT()
    node.builtinOptions.fusedActivationFunction = activation
    graph.tensors, graph.inputs, graph.outputs, graph.operators = [tensor(n) for n in "abc"], [0, 1], [2], [node]
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], [schema.BufferT()]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def run(file, resolver):
    session = litert.Interpreter(model_content=file, experimental_op_resolver_type=resolver)
    session.allocate_tensors()
    for place, value in zip(session.get_input_details(), (2, 1)):
        session.set_tensor(place["index"], np.array([value], np.float32))
    session.invoke()
    return session.get_tensor(session.get_output_details()[0]["index"]).item()


kernels = litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, litert.OpResolverType.BUILTIN_REF
found = {name: [run(sum_with(getattr(schema.ActivationFunctionType, name)), kind) for kind in kernels]
         for name in ("NONE", "RELU_N1_TO_1", "TANH")}
print(found)
assert found == {"NONE": [3, 3], "RELU_N1_TO_1": [1, 1], "TANH": [3, 3]}
PYTHON
"$folder/python/bin/python" "$folder/try.py"
