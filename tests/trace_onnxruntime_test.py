#!/usr/bin/env python3
"""tools/trace_onnxruntime.py: its traces are read by Minnow, its inputs are Minnow's, what it cannot do it says.

Usage: trace_onnxruntime_test.py MINNOW      (exit code 77 where numpy, onnx or onnxruntime are missing)
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import zipfile

from real_models import count_required, end_without, find, use_packages
from tiny_onnx import field, onnx_model, value_info

ROOT = pathlib.Path(__file__).resolve().parents[1]
TOOL = ROOT / "tools/trace_onnxruntime.py"
# With how many of their operators are compared at least.
ROAD_MODELS = {"face_detection_front_128x128_barracuda.onnx": 75, "ultraface_RFB_320.onnx": 80}
use_packages()
MINNOW = sys.argv.pop(1) if len(sys.argv) > 1 else "build/minnow"


def sequence_model():
    """x -> Relu -> r -> SequenceConstruct -> s, and r -> Sigmoid -> y."""
    nodes = b"".join(field(1, field(1, a) + field(2, b) + field(4, op))
                     for a, b, op in (("x", "r", "Relu"), ("r", "s", "SequenceConstruct"), ("r", "y", "Sigmoid")))
    graph = nodes + field(2, "odd") + field(11, value_info("x", [2])) + field(12, value_info("y", [2]))
    return field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, 13))


class TraceOnnxRuntime(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.temporary.name)
        self.model = self.file("tiny.onnx", onnx_model(["Relu", "Sigmoid", "Softmax"], [1, 3, 4, 5]))
        self.reference = self.folder / "ort.npz"

    def tearDown(self):
        self.temporary.cleanup()

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def call(self, *command, code=0):
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, code, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def trace(self, *arguments, code=0):
        return self.call(sys.executable, TOOL, *arguments, "-o", self.reference, code=code)

    def test_its_inputs_are_minnows(self):
        for spec in ("random:7", "const:0.46875", "const:-3"):
            self.call(MINNOW, "trace", self.model, "--input", f"x={spec}", "-o", self.folder / "minnow.npz")
            self.trace(self.model, "--input", f"all={spec}")
            said = self.call(MINNOW, "diff", self.folder / "minnow.npz", self.reference, "--tolerance", "1e-6")
            self.assertIn("3 tensors compared", said)
        given = self.reference.read_bytes()
        self.trace(self.model, "--inputs-of", self.folder / "minnow.npz")
        self.assertEqual(self.reference.read_bytes()[:300], given[:300])

    def test_operators_are_described(self):
        self.trace(self.model, "--input", "x=const:1", "--optimise", "all", "--threads", "2")
        with zipfile.ZipFile(self.reference) as archive:
            self.assertEqual(set(archive.namelist()), {"x.npy", "t0.npy", "t1.npy", "y.npy", "minnow.json"})
            about = json.loads(archive.read("minnow.json"))
        self.assertEqual(about["engine"]["name"], "onnxruntime")
        self.assertEqual((about["inputs"], about["outputs"]), (["x"], ["y"]))
        self.assertEqual([o["type"] for o in about["operators"]], ["Relu", "Sigmoid", "Softmax"])
        self.assertEqual(about["operators"][1], {"name": "node_t1", "type": "Sigmoid", "kernel": "", "inputs": ["t0"],
                                                 "outputs": ["t1"]})

    def test_minnow_replays_it(self):
        self.trace(self.model, "--input", "x=random:3")
        report = json.loads(self.call(MINNOW, "replay", self.model, "--reference", self.reference, "--json"))
        self.assertEqual(report["result"], "equal")
        self.assertEqual(len(report["operators"]), 3)

    def test_road_models(self):
        self.assertEqual(count_required(ROAD_MODELS), 0)
        there = {path: least for file, least in ROAD_MODELS.items() if (path := find(file))}
        if not there:
            self.skipTest("no road model is there: make models")
        for path, least in there.items():
            self.trace(path, "--input", "all=random:3")
            report = json.loads(self.call(MINNOW, "replay", path, "--reference", self.reference, "--json"))
            self.assertEqual(report["result"], "equal", report["finding"])
            own = [row["single"] for row in report["operators"]]
            self.assertGreater(sum(o["state"] in ("equal", "differs") for o in own), least)

    def test_what_is_no_tensor_is_left_out(self):
        said = self.trace(self.file("odd.onnx", sequence_model()), "--input", "x=const:1")
        self.assertIn("s is seq(tensor(float)): left out", said)
        self.assertIn("3 tensors", said)

    def test_what_it_refuses(self):
        for arguments, word in (([], "has no value"), (["--input", "x=street.jpg"], "--save-inputs"),
                                (["--input", "x=const:much"], "much"), (["--input", "z=const:1"], "z"),
                                (["--input", "x"], "NAME="), (["--input", "x=absent.npy"], "absent.npy")):
            self.assertIn(word, self.trace(self.model, *arguments, code=1))
        free = self.file("free.onnx", onnx_model(["Relu"], ["n", 2]))
        self.assertIn("--shape x=", self.trace(free, "--input", "x=const:1", code=1))
        self.assertIn("2 tensors", self.trace(free, "--input", "x=const:1", "--shape", "x=3,2"))
        self.assertIn("junk.onnx", self.trace(self.file("junk.onnx", b"junk"), "--input", "x=const:1", code=1))
        self.reference.unlink()
        self.trace(self.file("odd.onnx", onnx_model(["NoSuchOp"], [1])), "--input", "x=const:1", code=1)
        self.assertEqual([p.name for p in self.folder.glob("*.npz*") if p.name.startswith("ort")], [])


if __name__ == "__main__":
    probe = subprocess.run([sys.executable, TOOL, "--help"], capture_output=True, text=True, check=False)
    if probe.returncode == 77:
        end_without(probe.stderr.strip())
    unittest.main()
