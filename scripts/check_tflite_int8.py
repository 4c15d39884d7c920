#!/usr/bin/env python3
"""Float TensorFlow Lite models, quantised as converters do, tensor by tensor against LiteRT's reference kernels (BUILTIN_REF): every byte.

    scripts/check_tflite_int8.py [--recipe static_wi8_ai8|static_wi8_ai16] [--keep FOLDER] build/minnow MODEL.tflite…

wants a Python with ai-edge-quantizer and ai-edge-litert. Weights get a scale for each channel; ranges come from random inputs, which is enough
to compare. All results become outputs of the graph; custom operators, and what reads them, are left out.
"""
import argparse
import pathlib
import re
import subprocess
import tempfile

import flatbuffers
import numpy as np
from ai_edge_litert import interpreter as litert
from ai_edge_litert import schema_py_generated as schema
from ai_edge_quantizer import quantizer, recipe

CUSTOM, DEQUANTIZE = 32, 6


def loaded(content):
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    for buffer in model.buffers:  # of large files they lie behind the tables
        if buffer.data is None and buffer.offset > 1:
            buffer.data = np.frombuffer(content[buffer.offset:buffer.offset + buffer.size], np.uint8)
            buffer.offset = buffer.size = 0
    return model


def stored(model, path):
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(builder.Output())


def kind(model, op):
    code = model.operatorCodes[op.opcodeIndex]
    return max(code.builtinCode, code.deprecatedBuiltinCode)


def widened(model):
    """Constants of float16 become float32, and the graph gets a signature: the quantiser wants both."""
    graph, kept = model.subgraphs[0], []
    for op in graph.operators:
        x = graph.tensors[op.inputs[0]]
        data = model.buffers[x.buffer].data
        if kind(model, op) != DEQUANTIZE or x.type != schema.TensorType.FLOAT16 or data is None or x.sparsity is not None:
            kept.append(op)
            continue
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.frombuffer(np.asarray(data, np.uint8).tobytes(), np.float16).astype(np.float32).tobytes(), np.uint8)
        model.buffers.append(buffer)
        graph.tensors[op.outputs[0]].buffer = len(model.buffers) - 1
    graph.operators = kept
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    for name, numbers in ("inputs", graph.inputs), ("outputs", graph.outputs):
        entries = [schema.TensorMapT() for _ in numbers]
        for i, entry in enumerate(entries):
            entry.name, entry.tensorIndex = f"{name}{i}".encode(), int(numbers[i])
        setattr(signature, name, entries)
    model.signatureDefs = [signature]
    return model


def laid_open(model):
    graph, gone, kept, outputs = model.subgraphs[0], set(), [], []
    for op in graph.operators:
        results = [int(i) for i in op.outputs]
        if kind(model, op) == CUSTOM or gone.intersection(int(i) for i in op.inputs):
            gone.update(results)
        else:
            kept.append(op)
            outputs += results
    graph.operators, graph.outputs, model.signatureDefs = kept, outputs, []
    return model


def quantised(path, folder, which):
    stored(widened(loaded(path.read_bytes())), folder / "float.tflite")
    session = litert.Interpreter(model_path=str(folder / "float.tflite"))
    rng = np.random.default_rng(0)
    inputs = {f"inputs{i}": rng.uniform(-1, 1, d["shape"]).astype(np.float32) for i, d in enumerate(session.get_input_details())}
    maker = quantizer.Quantizer(str(folder / "float.tflite"))
    maker.load_quantization_recipe(getattr(recipe, which)())
    maker.quantize(maker.calibrate({"serving_default": [inputs]})).export_model(str(folder / "int8.tflite"), overwrite=True)
    return loaded((folder / "int8.tflite").read_bytes())


def file_name(name):
    return re.sub(r"[^A-Za-z0-9._-]", "_", name) + ".npy"


def random_input(rng, detail):
    if detail["dtype"] == np.float32:
        return rng.uniform(-1, 1, detail["shape"]).astype(np.float32)
    info = np.iinfo(detail["dtype"])
    return rng.integers(info.min, info.max + 1, detail["shape"]).astype(detail["dtype"])


def check(minnow, path, folder):
    """Tensors, values, and what differs."""
    session = litert.Interpreter(model_path=str(path), experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF)
    session.allocate_tensors()
    rng, feed = np.random.default_rng(1), []
    for detail in session.get_input_details():
        value = random_input(rng, detail)
        session.set_tensor(detail["index"], value)
        np.save(folder / file_name(detail["name"]), value)
        feed += ["--input", f"{detail['name']}={folder / file_name(detail['name'])}"]
    session.invoke()
    subprocess.run([minnow, "run", path, *feed, "-o", folder / "out"], check=True, stdout=subprocess.DEVNULL)
    tensors = values = 0
    differ = []
    for detail in session.get_output_details():
        ours, theirs = np.load(folder / "out" / file_name(detail["name"])), session.get_tensor(detail["index"])
        tensors, values = tensors + 1, values + theirs.size
        if not (np.allclose(ours, theirs, 1e-4, 1e-4) if theirs.dtype == np.float32 else ours.tobytes() == theirs.tobytes()):
            differ.append(f"{detail['name']}: {np.count_nonzero(ours != theirs)} of {theirs.size}")
    return tensors, values, differ


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="static_wi8_ai8")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for the quantised files")
    parser.add_argument("minnow")
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    failed = False
    for path in arguments.models:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            model = quantised(path, folder, arguments.recipe)
            if arguments.keep:
                (arguments.keep / f"{path.stem}_{arguments.recipe}.tflite").write_bytes((folder / "int8.tflite").read_bytes())
            stored(laid_open(model), folder / "open.tflite")
            tensors, values, differ = check(arguments.minnow, folder / "open.tflite", folder)
            print(f"{path.stem}: {tensors} tensors, {values} values, {len(differ)} tensors differ", *differ[:5], sep="\n  ", flush=True)
            failed |= bool(differ)
    raise SystemExit(failed)


main()
