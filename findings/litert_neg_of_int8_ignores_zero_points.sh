#!/usr/bin/env bash
# LiteRT 2.3.0: NEG of int8 negates what is stored, whatever the zero points and scales; and SQRT of int8 is cut off, not rounded.
#
# Seen: x of scale 0.05 and zero point 3, y likewise. The integer 3 stands for 0, and NEG gives -3, which stands for -0.3; 23 stands for 1, and NEG
# gives -23: -1.3. With the result's scale twice as large the integers are the same, so that 1 becomes -2.6. Minus -128 is -128. The built-in
# kernels and the reference agree. SQRT of x of scale 0.05, y of 0.02: the root of 0.1 is 15.8 steps, and 15 come out.
#
# Most would guess that quantised operators compute with what integers stand for, (q - zero point) * scale, or refuse; and that results are rounded as
# those of EXP, LOG, RSQRT, LOGISTIC and TANH beside it are.
#
# Source: https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/quantization_spec (real_value = (int8_value - zero_point) * scale).
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


def tensor(name, kind, count, scale, zero):
    made = schema.TensorT()
    made.name, made.shape, made.type = name, [count], kind
    made.quantization = schema.QuantizationParametersT()
    made.quantization.scale, made.quantization.zeroPoint = [scale], [zero]
    return made


def run(operator, x, scales, zeros, resolver):
    """One operator on integers."""
    kind = {np.dtype("int8"): schema.TensorType.INT8, np.dtype("int16"): schema.TensorType.INT16}[x.dtype]
    code, node, graph, model = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, operator)
    node.inputs, node.outputs = [0], [1]
    graph.tensors = [tensor("x", kind, x.size, scales[0], zeros[0]), tensor("y", kind, x.size, scales[1], zeros[1])]
    graph.inputs, graph.outputs, graph.operators = [0], [1], [node]
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], [schema.BufferT()]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    session = litert.Interpreter(model_content=bytes(builder.Output()), experimental_op_resolver_type=resolver)
    session.allocate_tensors()
    session.set_tensor(session.get_input_details()[0]["index"], x)
    session.invoke()
    return session.get_tensor(session.get_output_details()[0]["index"])


KINDS = litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, litert.OpResolverType.BUILTIN_REF
def both(operator, x, scales, zeros):
    results = [run(operator, np.array(x, np.int8), scales, zeros, kind) for kind in KINDS]
    assert np.array_equal(*results), results
    print(f"{operator} of {x}, scales {scales}, zero points {zeros}: {results[0].tolist()}")
    return results[0].tolist()


assert both("NEG", [3, 23, -128], (0.05, 0.05), (3, 3)) == [-3, -23, -128]
assert both("NEG", [3, 23, -128], (0.05, 0.1), (3, 3)) == [-3, -23, -128]
assert both("SQRT", [1, 2, 3], (0.05, 0.02), (0, 0)) == [11, 15, 19]  # 11.2, 15.8, 19.4
PYTHON
"$folder/python/bin/python" "$folder/try.py"
