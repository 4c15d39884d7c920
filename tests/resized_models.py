#!/usr/bin/env python3
"""Real models: converted for one shape and resized to others they give the bits of conversions for those shapes, or both are refused.

All are converted with --winograd off: which convolutions run in tiles is decided at conversion, from the shapes there, and stays.
Fresh conversions are made of files whose declared sizes are taken out, so that only what the nodes and constants say counts.
ONNX Runtime, where Python has it (scripts/onnx_venv.sh), must see it the same way: what is refused here it cannot run, and what is not
has the same shapes. torchvision's architectures (random weights) take part where Debian's python3-torchvision is.

Usage: resized_models.py PROGRAM [road | torchvision]
Exit code 77 when no model is on this machine. (Nothing but Python's standard library is needed.)
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import real_models
from real_models import ROOT, count_required, find
from tiny_onnx import with_free_sizes

try:
    import onnxruntime
except ImportError:
    real_models.use_packages()
    onnxruntime = None

DIRECT = ["--winograd", "off"]
# Converted for the first shape, resized to the others.
SHAPES = {
    "ppocr_det_320": [[1, 3, 320, 320], [1, 3, 96, 64], [1, 3, 480, 640], [1, 3, 640, 640], [1, 3, 736, 1280]],
    "ppocr_rec": [[1, 3, 48, 320], *([1, 3, 48, width] for width in (32, 48, 100, 160, 640, 960)), [2, 3, 48, 64]],
    "ppocr_cls": [[1, 3, 48, 192], [1, 3, 48, 96], [3, 3, 48, 192], [1, 3, 96, 384]],
    "ultraface_RFB_320": [[1, 3, 240, 320], [2, 3, 240, 320], [5, 3, 240, 320]],
    "yolox_nano_416": [[1, 3, 416, 416], [1, 3, 320, 320], [1, 3, 640, 352], [2, 3, 416, 416]],
    "gtsrb_mobile": [[1, 30, 30, 3], [4, 30, 30, 3], [1, 31, 31, 3]],
    "nanodet_m_320": [[1, 3, 320, 320]],
    "FastestDet_352": [[1, 3, 352, 352]],
    "twinlitenet_360x640": [[1, 3, 360, 640]],
    "blazeface_front": [[1, 128, 128, 3]],
    "blazeface_back": [[1, 256, 256, 3]],
    "mlsd_320_tiny": [[1, 320, 320, 4]],
    "mlsd_512_tiny": [[1, 512, 512, 4]],
    "mlsd_320_large": [[1, 320, 320, 4]],
    "mlsd_512_large": [[1, 512, 512, 4]],
}
# Converted for a range too, which holds all of those.
RANGES = {"ppocr_det_320": [1, 3, "96..736", "64..1280"], "ppocr_rec": ["1..2", 3, 48, "32..960"], "gtsrb_mobile": ["1..4", "30..31", "30..31", 3]}
# What the files themselves do not allow: sizes in the constants that Reshape reads (nanodet, FastestDet, TwinLiteNet, the reader,
# traffic signs), that Resize reads (M-LSD), constants for a grid (UltraFace) or to be joined (BlazeFace), strides that do not fit (YOLOX).
REFUSED = {
    "ppocr_rec": [[1, 3, 96, 320]],
    "ultraface_RFB_320": [[1, 3, 480, 640], [1, 3, 240, 640]],
    "yolox_nano_416": [[1, 3, 400, 416]],
    "gtsrb_mobile": [[1, 60, 60, 3]],
    "nanodet_m_320": [[2, 3, 320, 320], [1, 3, 640, 320], [1, 3, 320, 640]],
    "FastestDet_352": [[2, 3, 352, 352], [1, 3, 704, 352], [1, 3, 352, 704]],
    "twinlitenet_360x640": [[2, 3, 360, 640], [1, 3, 720, 640], [1, 3, 360, 320]],
    "blazeface_front": [[2, 128, 128, 3], [1, 256, 256, 3]],
    "blazeface_back": [[2, 256, 256, 3], [1, 128, 128, 3]],
    "mlsd_320_tiny": [[2, 320, 320, 4], [1, 640, 320, 4], [1, 320, 640, 4]],
    "mlsd_512_tiny": [[2, 512, 512, 4], [1, 256, 256, 4]],
    "mlsd_320_large": [[2, 320, 320, 4], [1, 640, 640, 4]],
    "mlsd_512_large": [[2, 512, 512, 4], [1, 256, 512, 4]],
}
ROWS = [row for row in json.loads((ROOT / "tests/golden/models.json").read_text())["models"] if row["id"] in SHAPES]
# Exported with free axes, and with sizes as the benches have them: then shuffles and resizings have them as constants.
PYTHON_WITH_TORCHVISION = "/usr/bin/python3"
ARCHITECTURES = ["mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "squeezenet1_1", "shufflenet_v2_x1_0", "resnet18",
                 "resnet50", "efficientnet_b0", "deeplabv3_mobilenet_v3_large_320"]
PICTURES = [[1, 3, 160, 256], [1, 3, 97, 131], [2, 3, 64, 64]]
SIZES_AS_CONSTANTS = {"shufflenet_v2_x1_0", "deeplabv3_mobilenet_v3_large_320"}


class Model:
    """One ONNX file, what it is resized to and what is refused."""

    def __init__(self, program, name, path, input_name, shapes, refused, folder, converted=None):
        self.program, self.name, self.input, self.shapes, self.refused = program, name, input_name, shapes, refused
        self.converted = converted or shapes[0]
        self.onnx, self.file, self.fresh = (folder / f"model.{end}" for end in ("onnx", "minnow", "fresh.minnow"))
        self.onnx.write_bytes(with_free_sizes(pathlib.Path(path).read_bytes()))

    def run(self, *arguments):
        return subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True)

    def shape(self, shape):
        return ["--shape", f"{self.input}={','.join(map(str, shape))}"]

    def convert(self, file, shape):
        return self.run("convert", self.onnx, "-o", file, *DIRECT, *self.shape(shape))

    def hash(self, file, *more):
        return self.run("hash", file, "-i", "all=random:7", *more)

    def output_shapes(self, shape):
        """Of ours, or None where the shape is refused."""
        said = self.run("info", self.file, *self.shape(shape), "--json")
        return None if said.returncode else [output["shape"] for output in json.loads(said.stdout)["outputs"]]

    def problem_of_resizing(self, shape):
        """What is wrong where a resized session has to give the bits of a fresh conversion; nothing if it does."""
        made, actual = self.convert(self.fresh, shape), self.hash(self.file, *self.shape(shape))
        if made.returncode or actual.returncode:
            return (made.stderr or actual.stderr).strip()
        return "" if actual.stdout == self.hash(self.fresh).stdout else "other bits than a fresh conversion"

    def problem_of_refusing(self, shape):
        """The same where both have to refuse the shape by the name of a node."""
        made, resized = self.convert(self.fresh, shape), self.hash(self.file, *self.shape(shape))
        if not made.returncode or not resized.returncode:
            return "not refused"
        return "" if "node '" in resized.stderr else f"no node is named: {resized.stderr.strip()}"

    def peer_shapes(self, session, shape):
        """Of ONNX Runtime's results, or None where it cannot run."""
        import numpy
        data = numpy.random.default_rng(7).random(shape, dtype=numpy.float32)
        try:
            return [list(result.shape) for result in session.run(None, {self.input: data})]
        except Exception:  # noqa: BLE001: it has a dozen kinds
            return None

    def problems(self):
        """(shape, problem) of every shape."""
        first = self.convert(self.file, self.converted)
        if first.returncode:
            return [(self.converted, first.stderr.strip())]
        found = [(shape, self.problem_of_resizing(shape)) for shape in self.shapes if shape != self.converted]
        found += [(shape, self.problem_of_refusing(shape)) for shape in self.refused]
        return found + (self.peer_problems() if onnxruntime else [])

    def peer_problems(self):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(str(self.onnx), options, providers=["CPUExecutionProvider"])
        found = []
        for shape in self.shapes:
            peers, ours = self.peer_shapes(session, shape), self.output_shapes(shape)
            found.append((shape, "" if peers == ours else f"ONNX Runtime's results are {peers}, ours {ours}"))
        for shape in self.refused:
            found.append((shape, "ONNX Runtime can run it" if self.peer_shapes(session, shape) else ""))
        return found


def road_models(program, folder):
    for row in ROWS:
        if path := find(row["file"]):
            name, refused = row["id"], REFUSED.get(row["id"], [])
            yield Model(program, name, path, row["input"], SHAPES[name], refused, folder)
            if name in RANGES:
                yield Model(program, f"{name} (range)", path, row["input"], SHAPES[name], [], folder, RANGES[name])


def architectures(program, folder):
    """torchvision's, where there is torchvision."""
    script = ROOT / "bench/peers/export_torchvision.py"
    for free in (True, False):
        exported = folder / ("free" if free else "fixed")
        done = subprocess.run([PYTHON_WITH_TORCHVISION, script, *(["--free"] if free else []), exported], capture_output=True, text=True)
        if "ModuleNotFoundError" in done.stderr:
            print("torchvision's architectures want Debian's python3-torchvision and python3-onnx: not checked")
            return
        done.check_returncode()
        for name in ARCHITECTURES:
            first = [1, 3, 320, 320] if name.endswith("320") else [1, 3, 224, 224]
            refused = PICTURES if name in SIZES_AS_CONSTANTS and not free else []
            shapes = [first, *(shape for shape in PICTURES if shape not in refused)]
            path = exported / f"{name}.onnx"
            yield Model(program, f"{name} ({exported.name})", path, "input", shapes, refused, folder)
            path.unlink()


def main():
    program, *groups = sys.argv[1:]
    wrong = checked = 0
    with tempfile.TemporaryDirectory() as folder:
        for group, models in {"road": road_models, "torchvision": architectures}.items():
            if groups and group not in groups:
                continue
            for model in models(program, pathlib.Path(folder)):
                bad = [(shape, problem) for shape, problem in model.problems() if problem]
                checked, wrong = checked + 1, wrong + len(bad)
                print(f"{'WRONG' if bad else 'good '} {model.name}: {len(model.shapes)} sizes, "
                      f"{len(model.refused)} refused", flush=True)
                for shape, problem in bad:
                    print(f"      {shape}: {problem}", flush=True)
    if not groups or "road" in groups:
        wrong += count_required(row["file"] for row in ROWS)
    sys.exit(1 if wrong else 0 if checked else real_models.SKIPPED)


if __name__ == "__main__":
    main()
