#!/usr/bin/env python3
"""Faults planted one at a time in the kernels of another build: `minnow diff` and `minnow replay` must name the operator.

Usage: faults_test.py NATIVE [EMULATOR…] FAULTY
NATIVE is the command line of this machine, which makes the reference; FAULTY is minnow_faulty (tests/faults) of this or
of a cross build. Exit code 77 when no model is on this machine or a program is missing. (Standard library only.)
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import zipfile

from real_models import ROOT, count_required, end_without, find

# Of tests/golden/models.json, with inputs small enough for an emulator.
MODELS = {"ppocr_cls": [1, 3, 48, 64], "ppocr_det_320": [1, 3, 64, 64], "ppocr_rec": [1, 3, 48, 32], "blazeface_front": None}
BLAZE = "StatefulPartitionedCall/functional_1/"
# Model, fault (tests/faults), operator's type, operator's name in the ONNX file. The fault "nothing" is a copy of the kernel
# that gives the same bits: neither report may name it.
FAULTS = [
    ("ppocr_cls", "nothing", "Conv", "p2o.Conv.17"),
    ("ppocr_cls", "unfused-multiply-add", "Conv", "p2o.Conv.17"),
    ("ppocr_cls", "border-repeated", "Conv", "p2o.Conv.23"),
    ("ppocr_cls", "missed-clamp", "Conv", "p2o.Conv.0"),
    ("ppocr_cls", "by-columns", "GlobalAveragePool", "p2o.GlobalAveragePool.2"),
    ("ppocr_cls", "neighbour-channel", "Mul", "p2o.Mul.14"),
    ("ppocr_cls", "unshifted", "Softmax", "p2o.Softmax.0"),
    ("ppocr_det_320", "nothing", "ConvTranspose", "p2o.ConvTranspose.2"),
    ("ppocr_det_320", "bias-first", "Conv", "p2o.Conv.20"),
    ("ppocr_det_320", "stale-panel", "Conv", "p2o.Conv.55"),
    ("ppocr_det_320", "rounded-coordinates", "Resize", "p2o.Resize.1"),
    ("ppocr_det_320", "one-nan", "Add", "p2o.Add.228"),
    ("ppocr_det_320", "unfused-multiply-add", "ConvTranspose", "p2o.ConvTranspose.0"),
    ("ppocr_det_320", "cheap-sigmoid", "ConvTranspose", "p2o.ConvTranspose.2"),
    ("ppocr_rec", "short-weights", "Conv", "p2o.Conv.8"),
    ("ppocr_rec", "towards-zero", "Mul", "p2o.Mul.22"),
    ("ppocr_rec", "division", "AveragePool", "p2o.AveragePool.0"),
    ("ppocr_rec", "raw-moments", "LayerNormalization", "p2o.Add.234"),
    ("ppocr_rec", "wrong-axis", "Softmax", "p2o.Softmax.0"),
    ("ppocr_rec", "stored-order", "Reshape", "p2o.Reshape.68"),
    ("ppocr_rec", "two-halves", "MatMul", "p2o.MatMul.24"),
    ("blazeface_front", "column-too-far-left", "Conv", BLAZE + "depthwise_conv2d_4/depthwise"),
    ("blazeface_front", "last-column", "Add", BLAZE + "add_3/add"),
    ("blazeface_front", "negative-zero", "Add", BLAZE + "add_10/add"),
    ("blazeface_front", "narrow-window", "MaxPool", BLAZE + "max_pooling2d_1/MaxPool"),
    ("blazeface_front", "swapped-channels", "Concat", BLAZE + "tf_op_layer_Pad_10/Pad_10:0"),
]


def run(command, fault=None, code=0):
    """What the command prints; a complaint where it ends with another code."""
    environment = {name: value for name, value in os.environ.items() if name != "MINNOW_FAULT"}
    if fault:
        environment["MINNOW_FAULT"] = fault
    done = subprocess.run([str(word) for word in command], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != code:
        raise AssertionError(f"{' '.join(map(str, command[-6:]))} ended with {done.returncode}: {done.stderr.strip()}")
    if fault and "planted" not in done.stderr:
        raise AssertionError(f"there is no {fault} to plant a fault in")
    return done.stdout


class Subject:
    """A model, and the trace that the native build makes of it."""

    def __init__(self, native, faulty, row, path, shape, folder):
        self.native, self.faulty, self.folder = native, faulty, folder
        self.model, self.reference = folder / "model.minnow", folder / "reference.npz"
        shapes = ["--shape", f"{row['input']}={','.join(map(str, shape))}"] if shape else []
        run([native, "convert", path, "-o", self.model, *shapes])
        self.trace([native], self.reference)
        info = json.loads(zipfile.ZipFile(self.reference).read("minnow.json"))
        self.operators = [op for op in info["operators"] if op["kernel"] != "view"]

    def trace(self, program, to, fault=None):
        run([*program, "trace", self.model, "--input", "all=random:7", "-o", to], fault)

    def planted(self, fault, kind, name):
        """The fault in minnow_faulty's words."""
        names = [op["name"] for op in self.operators if op["type"] == kind]
        return f"{fault}:{kind}:{names.index(name)}"

    def diff(self, fault, code):
        device = self.folder / "device.npz"
        self.trace(self.faulty, device, fault)
        return json.loads(run([self.native, "diff", device, self.reference, "--json"], code=code))

    def replay(self, fault, code):
        return json.loads(run([*self.faulty, "replay", self.model, "--reference", self.reference, "--json"], fault, code))


def named(report):
    """The operator that a report blames."""
    culprit = report["culprit"]
    return None if culprit is None else report["operators"][culprit]["name"]


def check(subject, fault=None, kind=None, name=None):
    """What is wrong with the reports, as a list of words."""
    words = subject.planted(fault, kind, name) if fault else None
    guilty = name if fault != "nothing" else None
    reports = [report(words, 1 if guilty else 0) for report in (subject.diff, subject.replay)]
    wrong = [f"{report['kind']} names {named(report)}: {report['finding']}" for report in reports if named(report) != guilty]
    others = [row["name"] for row in reports[1]["operators"] if row["name"] != guilty and row["single"]["state"] != "equal"]
    return wrong + [f"replay sees an own error of {other}" for other in others]


def check_model(native, faulty, row, path):
    """How many rows of the table went wrong."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        subject = Subject(native, faulty, row, path, MODELS[row["id"]], pathlib.Path(folder))
        for fault in [(), *(fault[1:] for fault in FAULTS if fault[0] == row["id"])]:
            begin = time.monotonic()
            try:
                complaints = check(subject, *fault)
            except (AssertionError, ValueError) as error:
                complaints = [str(error)]
            what = f"{fault[0]} in {fault[1]} {fault[2]}" if fault else "no fault"
            print(f"{'WRONG' if complaints else 'right'} {row['id']}: {what}, {time.monotonic() - begin:.1f} s", *complaints,
                  sep="\n  ", flush=True)
            wrong += bool(complaints)
    return wrong


def main():
    native, *faulty = sys.argv[1:]
    for program in (native, faulty[-1]):
        if not pathlib.Path(program).exists():
            end_without(f"{program} is not there")
    rows = {row["id"]: row for row in json.loads((ROOT / "tests/golden/models.json").read_text())["models"]}
    found = {identity: path for identity in MODELS if (path := find(rows[identity]["file"]))}
    wrong = count_required(rows[identity]["file"] for identity in MODELS)
    if not found:
        sys.exit(1 if wrong else 77)
    wrong += sum(check_model(native, faulty, rows[identity], path) for identity, path in found.items())
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
