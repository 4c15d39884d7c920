#!/usr/bin/env python3
"""Runs an ONNX model in ONNX Runtime and writes every tensor between its operators into an .npz archive, as
`minnow trace` does (src/analysis/trace.h): the reference for `minnow diff` and `minnow replay`.

  tools/trace_onnxruntime.py signs.onnx --input images=const:0.46875 -o reference.npz
  tools/trace_onnxruntime.py signs.onnx --inputs-of device.npz -o reference.npz
  minnow replay signs.onnx --reference reference.npz

A picture is prepared by Minnow, so that both engines see the same bytes:
  minnow run signs.onnx --input images=street.jpg --scale 0.00392157 --save-inputs in
  tools/trace_onnxruntime.py signs.onnx --input images=in/images.npy -o reference.npz

Needs the packages numpy, onnx and onnxruntime; exit code 77 where they are missing, 1 for any other failure.
"""
import argparse
import json
import os
import pathlib
import signal
import sys
import zipfile

try:
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as missing:
    print(f"trace_onnxruntime.py: {missing}; pip install numpy onnx onnxruntime", file=sys.stderr)
    sys.exit(77)

LEVELS = {"none": onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
          "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
          "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
          "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL}
TYPES = {"float": "f4", "double": "f8", "float16": "f2", "bool": "?", "int8": "i1", "int16": "i2", "int32": "i4",
         "int64": "i8", "uint8": "u1", "uint16": "u2", "uint32": "u4", "uint64": "u8"}


def stop(message):
    sys.exit(f"trace_onnxruntime.py: {message}")


def tensor_type(info):
    """NumPy's type of a session's input or output; None for sequences, strings and the like."""
    kind = info.type
    return TYPES.get(kind[len("tensor("):-1]) if kind.startswith("tensor(") else None


# Inputs: the grammar of the command line (tools/minnow/inputs.h) ---------------------------------------------------


def split_mix_64(seed, count):
    """`count` draws of the generator of tools/minnow/random.h: uniform multiples of 2^-24 in [0, 1)."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15) * np.arange(1, count + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) * 2.0**-24


def random_tensor(seed, shape, dtype):
    draws = split_mix_64(seed, int(np.prod(shape, dtype=np.int64))).reshape(shape)
    if dtype.kind == "b":
        return draws < 0.5
    return (draws if dtype.kind == "f" else np.floor(100 * draws)).astype(dtype)


def constant_tensor(value, shape, dtype):
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        value = min(max(int(value), limits.min), limits.max)
    return np.full(shape, value, dtype)


def make_input(info, spec, shape):
    """The tensor that `spec` means for an input."""
    name, dtype = info.name, np.dtype(tensor_type(info))
    if spec.endswith(".npy"):
        try:
            data = np.load(spec)
        except (OSError, ValueError) as error:
            stop(f"--input {name}: {spec}: {error}")
        if data.dtype != dtype:
            stop(f"{spec} is {data.dtype}, but input {name} wants {dtype}")
        return data
    if any(not isinstance(d, int) for d in shape):
        stop(f"input {name} has the shape {shape}: --shape {name}=1,3,… says what its symbols are")
    try:
        if spec.startswith("const:"):
            return constant_tensor(float(spec[6:]), shape, dtype)
        if spec.startswith("random:"):
            return random_tensor(int(spec[7:]), shape, dtype)
    except ValueError as error:
        stop(f"--input {name}={spec}: {error}")
    stop(f"--input {name}={spec}: const:NUMBER, random:SEED or FILE.npy; pictures go through `minnow run --save-inputs`")


def named(arguments, option):
    for argument in arguments:
        if "=" not in argument.strip("="):
            stop(f"{option}: NAME=…, not '{argument}'")
    return dict(argument.split("=", 1) for argument in arguments)


def tensors_of(path):
    try:
        with np.load(path) as archive:
            return {name: archive[name] for name in archive.files if name != "minnow.json"}
    except (OSError, ValueError) as error:
        stop(f"--inputs-of {path}: {error}")


def make_inputs(session, args):
    """Every input's tensor, by name."""
    specs, shapes = named(args.input, "--input"), named(args.shape, "--shape")
    given = tensors_of(args.inputs_of) if args.inputs_of else {}
    known = {info.name for info in session.get_inputs()}
    for name in [*specs, *shapes]:
        if name not in known | {"all"}:
            stop(f"no input is named {name}; there is {', '.join(sorted(known))}")
    feeds = {}
    for info in session.get_inputs():
        spec = specs.get(info.name, None if info.name in given else specs.get("all"))
        shape = [int(d) for d in shapes[info.name].split(",") if d] if info.name in shapes else info.shape
        if tensor_type(info) is None:
            stop(f"input {info.name} is {info.type}; only tensors of numbers can be fed")
        if spec is None and info.name not in given:
            stop(f"input {info.name} ({info.type} {info.shape}) has no value: --input {info.name}=SPEC")
        feeds[info.name] = given[info.name] if spec is None else make_input(info, spec, shape)
    return feeds


# The model with every tensor an output -----------------------------------------------------------------------------


def load_model(path):
    try:
        return onnx.load(path)
    except Exception as error:  # protobuf's, the system's, onnx's own
        stop(f"{path}: {error}")


def constants_of(graph):
    """Names of tensors that are not computed."""
    names = {t.name for t in graph.initializer} | {t.values.name for t in graph.sparse_initializer}
    return names | {name for node in graph.node if node.op_type == "Constant" for name in node.output}


def make_all_outputs(model):
    """Declares what the operators put out as the model's outputs, for the session finds their types itself."""
    graph = model.graph
    there = {o.name for o in graph.output} | constants_of(graph)
    for node in graph.node:
        for name in node.output:
            if name and name not in there:
                graph.output.append(onnx.ValueInfoProto(name=name))


def open_session(model, args):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = LEVELS[args.optimise]
    options.intra_op_num_threads = args.threads
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own types, all derived from RuntimeError or Exception
        stop(f"ONNX Runtime {onnxruntime.__version__} refuses {args.model}: {error}")


def run(session, feeds, model_path):
    """Every tensor of numbers, by name; says which are something else."""
    names = []
    for output in session.get_outputs():
        if tensor_type(output) is None:
            print(f"{output.name} is {output.type}: left out", file=sys.stderr)
        else:
            names.append(output.name)
    try:
        return {**feeds, **dict(zip(names, session.run(names, feeds)))}
    except Exception as error:
        stop(f"{model_path}: {error}")


# The archive -------------------------------------------------------------------------------------------------------


def describe(model, model_outputs, tensors, threads):
    """minnow.json, as src/analysis/trace.h says."""
    graph, constants = model.graph, constants_of(model.graph)
    operators = [{"name": node.name or next(filter(None, node.output), ""), "type": node.op_type, "kernel": "",
                  "inputs": [name for name in node.input if name and name not in constants],
                  "outputs": [name for name in node.output if name in tensors]}
                 for node in graph.node if node.op_type != "Constant"]
    return {"format": "minnow-trace", "format_version": 1,
            "engine": {"name": "onnxruntime", "version": onnxruntime.__version__, "target": "", "threads": threads},
            "model": {"name": graph.name, "checksum": ""},
            "inputs": [i.name for i in graph.input if i.name not in constants], "outputs": model_outputs,
            "operators": [o for o in operators if o["outputs"]], "tensors": {}}


def write(path, tensors, description):
    """Beside its place first, so that no half archive is ever there."""
    part = pathlib.Path(f"{path}.part{os.getpid()}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # an exception, so that nothing is left behind
    try:
        with zipfile.ZipFile(part, "x") as archive:
            for name, tensor in tensors.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, np.asarray(tensor, order="C"))
            archive.writestr("minnow.json", json.dumps(description, indent=1))
        part.replace(path)
    except OSError as error:
        stop(f"{path}: {error}")
    finally:
        part.unlink(missing_ok=True)


def refuse_to_overwrite(output, *inputs):
    for name in filter(None, inputs):
        if os.path.exists(output) and os.path.exists(name) and os.path.samefile(output, name):
            stop(f"{output} would be written over {name}, which is also read; name another file for the output")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="MODEL.onnx")
    parser.add_argument("-o", "--output", required=True, metavar="FILE.npz")
    parser.add_argument("-i", "--input", action="append", default=[], metavar="NAME=SPEC",
                        help="const:NUMBER, random:SEED or FILE.npy; the name `all` stands for every input")
    parser.add_argument("--inputs-of", metavar="TRACE.npz", help="the inputs that a trace has")
    parser.add_argument("--shape", action="append", default=[], metavar="NAME=1,3,320,320")
    parser.add_argument("--optimise", choices=list(LEVELS), default="none",
                        help="ONNX Runtime's graph optimisations; fusions do not cross a tensor that is traced")
    parser.add_argument("-t", "--threads", type=int, default=1)
    args = parser.parse_args()
    refuse_to_overwrite(args.output, args.model, args.inputs_of, *(spec.partition("=")[2] for spec in args.input))
    model = load_model(args.model)
    outputs = [o.name for o in model.graph.output]
    make_all_outputs(model)
    session = open_session(model, args)
    tensors = run(session, make_inputs(session, args), args.model)
    write(args.output, tensors, describe(model, outputs, tensors, args.threads))
    print(f"{args.output}: {len(tensors)} tensors, {sum(t.nbytes for t in tensors.values()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
