"""What engines are compared on: a model, its inputs, and the outputs that ONNX Runtime has for them.

Nothing is measured that did not compute the same, so every engine's outputs are held against these first.
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


def read(argument):
    """The model with random inputs, always the same ones, and what ONNX Runtime makes of them."""
    import onnxruntime
    path, shapes = parse(argument)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    random, feed = np.random.default_rng(7), {}
    for entry in session.get_inputs():
        shape = shapes.get(entry.name) or [d if isinstance(d, int) else 1 for d in entry.shape]
        feed[entry.name] = random.random(shape, dtype=np.float32)
    names = [entry.name for entry in session.get_outputs()]
    return Subject(path, feed, dict(zip(names, session.run(names, feed))))


def difference(subject, found):
    """Why these outputs are not the model's, or nothing. Dimensions of 1 come and go with the engine."""
    if len(found) != len(subject.outputs):
        return f"{len(found)} outputs, not {len(subject.outputs)}"
    for (name, expected), values in zip(subject.outputs.items(), found):
        if expected.size != values.size:
            return f"output {name} has {values.size} elements, not {expected.size}"
        largest = max(float(np.abs(expected).max(initial=0)), 1e-30)
        apart = float(np.abs(expected.ravel() - values.astype(np.float32).ravel()).max(initial=0)) / largest
        if not apart <= TOLERANCE:
            return f"output {name} is wrong by {apart:.1%} of its largest value"
    return None
