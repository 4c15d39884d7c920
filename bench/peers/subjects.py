"""What engines are compared on: a model, its inputs, and the outputs that ONNX Runtime has for them.

Nothing is measured that did not compute the same, so every engine's outputs are held against these first. Some networks
amplify rounding: how far ONNX Runtime is from itself without its graph optimisations is no error of another's either.
"""
import dataclasses
import pathlib

import numpy as np

# Of the largest output. Winograd's convolutions err by 0.0015 in MNN; what is computed wrongly is off by far more.
TOLERANCE = 0.005


@dataclasses.dataclass
class Subject:
    path: pathlib.Path
    feed: dict
    outputs: dict
    noise: dict  # of each output, the largest

    @property
    def name(self):
        return self.path.stem

    @property
    def shapes(self):
        return {name: list(values.shape) for name, values in self.feed.items()}


def parse(argument):
    """MODEL.onnx[:NAME=1,3,H,W]"""
    path, _, shapes = argument.partition(":")
    name, _, dimensions = shapes.rpartition("=")
    return pathlib.Path(path), {name: [int(d) for d in dimensions.split(",")]} if shapes else {}


def session(path, optimised):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def apart(values, others):
    return float(np.abs(values.ravel() - others.astype(np.float32).ravel()).max(initial=0))


def read(argument):
    """The model with random inputs, always the same ones, and what ONNX Runtime makes of them."""
    path, shapes = parse(argument)
    own, plain = session(path, True), session(path, False)
    random, feed = np.random.default_rng(7), {}
    for entry in own.get_inputs():
        shape = shapes.get(entry.name) or [d if isinstance(d, int) else 1 for d in entry.shape]
        feed[entry.name] = random.random(shape, dtype=np.float32)
    names = [entry.name for entry in own.get_outputs()]
    outputs, others = own.run(names, feed), plain.run(names, feed)
    return Subject(path, feed, dict(zip(names, outputs)), dict(zip(names, map(apart, outputs, others))))


def difference(subject, found):
    """Why these outputs are not the model's, or nothing. Dimensions of 1 come and go with the engine."""
    if len(found) != len(subject.outputs):
        return f"{len(found)} outputs, not {len(subject.outputs)}"
    for (name, expected), values in zip(subject.outputs.items(), found):
        if expected.size != values.size:
            return f"output {name} has {values.size} elements, not {expected.size}"
        largest, error = float(np.abs(expected).max(initial=0)), apart(expected, values)
        if not error <= max(TOLERANCE * largest, subject.noise[name]):
            return f"output {name} is wrong by {error:.3g}, its largest value is {largest:.3g}"
    return None
