#!/usr/bin/env python3
"""Errors against float64 of models with Winograd layers: the table of docs/own-errors.md.

  tools/winograd_errors.py --minnow build/minnow MODEL.onnx[:NAME=1,3,H,W]…       # 10 seconds to 3 minutes a model

A model's weights and its input, random:7, are taken as float64 and every operator is computed in it, by the onnx
package's reference evaluator with faster convolutions and pools (tools/double_arithmetic.py). Then each engine's error is
the largest |a - b| of an output by the output's largest value: of ONNX Runtime, of Minnow with `--winograd off`, and of
Minnow as conversion decides. Models without Winograd layers are left out.

Needs numpy, onnx and onnxruntime; exit code 77 where they are missing.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests/golden"), str(ROOT / "bench/peers")]
try:
    import numpy as np
    import onnx
    import onnx.reference
    import onnxruntime  # noqa: F401

    import common
    import double_arithmetic
    import subjects
except ImportError as missing:
    print(f"winograd_errors.py: {missing}; pip install numpy onnx onnxruntime", file=sys.stderr)
    sys.exit(77)

FLOAT, DOUBLE = onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE


# A model in float64 ------------------------------------------------------------------------------------------------


def same_pads(auto_pad, x, kernel, strides, dilations):
    """What auto_pad=SAME_… comes to."""
    pads = []
    for n, k, s, d in zip(x.shape[2:], kernel, strides, dilations):
        pads.append(max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0))
    small, large = [p // 2 for p in pads], [p - p // 2 for p in pads]
    return small + large if auto_pad == "SAME_UPPER" else large + small


def window_of(x, kernel, auto_pad, pads, strides, dilations):
    """Pads, strides, dilations written out."""
    strides, dilations = list(strides or [1, 1]), list(dilations or [1, 1])
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        pads = same_pads(auto_pad, x, kernel, strides, dilations)
    return {"pads": list(pads or [0] * 4), "strides": strides, "dilations": dilations}


class Conv(onnx.reference.op_run.OpRun):
    def _run(self, x, w, bias=None, auto_pad=None, dilations=None, group=None, kernel_shape=None, pads=None,
             strides=None):
        attributes = window_of(x, w.shape[2:], auto_pad, pads, strides, dilations)
        return (double_arithmetic.conv({**attributes, "group": group or 1}, x, w, 0.0 if bias is None else bias),)


class MaxPool(onnx.reference.op_run.OpRun):
    def _run(self, x, auto_pad=None, ceil_mode=None, dilations=None, kernel_shape=None, pads=None, storage_order=None,
             strides=None):
        found = window_of(x, kernel_shape, auto_pad, pads, strides, dilations)
        steps, apart = found["strides"], found["dilations"]
        top, left, bottom, right = found["pads"]
        # With ceil_mode a window may reach beyond the padding.
        more = [step - 1 if ceil_mode else 0 for step in steps]
        x = np.pad(x, [(0, 0), (0, 0), (top, bottom + more[0]), (left, right + more[1])], constant_values=-np.inf)
        counts = [(x.shape[2 + a] - (kernel_shape[a] - 1) * apart[a] - 1) // steps[a] + 1 for a in (0, 1)]
        meets = double_arithmetic.taps(kernel_shape, counts, steps, apart)
        return (np.max([x[:, :, *index] for _, index in meets], axis=0),)


class BatchNormalization(onnx.reference.op_run.OpRun):
    def _run(self, x, scale, bias, mean, variance, epsilon=None, momentum=None, training_mode=None, spatial=None):
        factor = scale / np.sqrt(variance + epsilon)
        return (x * factor.reshape(-1, 1, 1) + (bias - mean * factor).reshape(-1, 1, 1),)


def widened(tensor):
    if tensor.data_type != FLOAT:
        return tensor
    return onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor).astype(np.float64), tensor.name)


def widen_node(node):
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.TENSOR:
            attribute.t.CopyFrom(widened(attribute.t))
        if node.op_type == "Cast" and attribute.name == "to" and attribute.i == FLOAT:
            attribute.i = DOUBLE
        assert attribute.type != onnx.AttributeProto.GRAPH, "a model with inner graphs"


def in_double(path):
    model = onnx.version_converter.convert_version(onnx.load(path), 17)
    for tensor in model.graph.initializer:
        tensor.CopyFrom(widened(tensor))
    for node in model.graph.node:
        widen_node(node)
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        if value.type.tensor_type.elem_type == FLOAT:
            value.type.tensor_type.elem_type = DOUBLE
    return onnx.reference.ReferenceEvaluator(model, new_ops=[Conv, MaxPool, BatchNormalization])


# Engines -----------------------------------------------------------------------------------------------------------


def converted(minnow, path, shapes, file, winograd):
    """How many layers go by Winograd."""
    command = [minnow, "convert", path, "-o", file, "--winograd", winograd]
    for name, dimensions in shapes.items():
        command += ["--shape", f"{name}={','.join(map(str, dimensions))}"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"choose-winograd: (\d+) change", printed)
    return int(found[1]) if found else 0


def run_minnow(minnow, file, feeds, names, folder):
    command = [minnow, "run", file, "--output-dir", folder / "out"]
    for i, (name, values) in enumerate(feeds.items()):
        np.save(folder / f"{i}.npy", values)
        command += ["--input", f"{name}={folder / f'{i}.npy'}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return [np.load(folder / "out" / common.file_name(name)) for name in names]


def error(outputs, exact):
    """The largest of any output, by its largest value."""
    worst = 0.0
    for found, right in zip(outputs, exact):
        largest = np.abs(right).max(initial=0)
        if right.dtype.kind == "f" and largest > 0:
            worst = max(worst, float(np.abs(found.reshape(right.shape) - right).max() / largest))
    return worst


def row(minnow, argument, folder):
    """Cells of the table, or nothing for a model without Winograd layers."""
    path, shapes = subjects.parse(argument)
    file = folder / "model.minnow"
    layers = converted(minnow, path, shapes, file, "on")
    if layers == 0:
        return None
    session = common.open_session(path)
    feeds = {}
    for entry in session.get_inputs():
        shape = shapes.get(entry.name) or [d if isinstance(d, int) else 1 for d in entry.shape]
        feeds[entry.name] = common.split_mix_64(7, int(np.prod(shape))).reshape(shape)
    names = [entry.name for entry in session.get_outputs()]
    exact = in_double(path).run(None, {name: x.astype(np.float64) for name, x in feeds.items()})
    by_winograd = run_minnow(minnow, file, feeds, names, folder)
    converted(minnow, path, shapes, file, "off")
    direct = run_minnow(minnow, file, feeds, names, folder)
    errors = [error(outputs, exact) for outputs in (session.run(None, feeds), direct, by_winograd)]
    return [path.stem, str(layers), *(f"{each:.1e}" for each in errors)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--minnow", default=ROOT / "build/minnow")
    options = parser.parse_args()
    print("| model | Winograd layers | ONNX Runtime | Minnow, direct | Minnow |\n| --- | --- | --- | --- | --- |")
    for argument in options.models:
        with tempfile.TemporaryDirectory() as folder:
            cells = row(options.minnow, argument, pathlib.Path(folder))
        if cells:
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
