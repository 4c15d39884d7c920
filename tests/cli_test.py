#!/usr/bin/env python3
"""The command line from outside: what it prints, exit codes, and bad input of every kind.

Usage: cli_test.py MINNOW      (nothing but Python's standard library)
"""
import html
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree
import zipfile

from tiny_onnx import field, onnx_model, value_info

MINNOW = sys.argv.pop(1) if len(sys.argv) > 1 else "build/minnow"
OK, ERROR, USAGE, UNSUPPORTED, OVER_BUDGET = 0, 1, 2, 3, 4
DIFFERENT, CANNOT_COMPARE = 1, 2  # as diff(1)
WEIGHTS = [1.5, 2.25, 3.125, 5.5, 7.75]


def npy(shape, values, descr="<f4"):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (63 - (10 + len(header)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack(f"<{len(values)}f", *values)


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.temporary.name)
        self.onnx = self.file("tiny.onnx", onnx_model(["Relu", "Sigmoid"], [1, 3, 4, 5]))

    def tearDown(self):
        self.temporary.cleanup()

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def saved_trace(self, name, tensors, **description):
        """An archive as numpy.savez writes it, with minnow.json where there is a description."""
        path = self.folder / name
        with zipfile.ZipFile(path, "w") as archive:
            for tensor, values in tensors.items():
                archive.writestr(f"{tensor}.npy", npy(f"({len(values)},)", values))
            if description:
                archive.writestr("minnow.json", json.dumps({"format": "minnow-trace", "format_version": 1, **description}))
        return path

    def minnow(self, *arguments, code=OK, **more):
        done = subprocess.run([MINNOW, *map(str, arguments)], capture_output=True, text=True, errors="replace",
                              timeout=120, check=False, **more)
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}{done.stderr}")
        return done.stdout if code == OK else done.stderr + done.stdout

    def convert(self):
        path = self.folder / "tiny.minnow"
        self.minnow("convert", self.onnx, "-o", path)
        return path

    def weighty(self):
        """A .minnow file of y = x * WEIGHTS."""
        node = b"".join(field(number, text) for number, text in ((1, "x"), (1, "w"), (2, "y"), (3, "mul"), (4, "Mul")))
        weights = field(1, len(WEIGHTS)) + field(2, 1) + field(8, "w") + field(9, struct.pack("<5f", *WEIGHTS))
        graph = (field(1, node) + field(2, "weighty") + field(5, weights) + field(11, value_info("x", [1, 3, 4, 5]))
                 + field(12, value_info("y", [1, 3, 4, 5])))
        onnx = self.file("weighty.onnx", field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, 13)))
        model = self.folder / "weighty.minnow"
        self.minnow("convert", onnx, "-o", model)
        return model

    def leftovers(self):
        return [p.name for p in self.folder.rglob("*") if ".part" in p.name]

    # --- what it does ---------------------------------------------------------------------------------

    def test_help_has_examples(self):
        for verb in ("convert", "info", "run", "bench", "memory", "conformance", "diff", "replay", "export", "doctor", "completion",
                     "manual"):
            self.assertIn("Examples:", self.minnow(verb, "--help"))

    def test_convert_info_run(self):
        model = self.convert()
        info = json.loads(self.minnow("info", model, "--json", "--graph", self.folder / "g.dot"))
        self.assertEqual(info["inputs"], [{"name": "x", "type": "float32", "shape": [1, 3, 4, 5]}])
        self.assertGreater(info["memory"]["predicted_peak_bytes"], 0)
        self.assertEqual(info["resizable"]["x"]["axes"], [0, 1, 2, 3])
        self.assertIn("resizable      x: axes 0, 1, 2, 3\n", self.minnow("info", model))
        self.assertEqual(self.minnow("info", model, "--operators"), "Unary\n")
        self.assertTrue((self.folder / "g.dot").read_text().startswith("digraph"))
        run = json.loads(self.minnow("run", model, "--input", "x=const:0", "--output-dir", self.folder / "o", "--json"))
        self.assertEqual(run["outputs"][0]["min"], 0.5)
        self.assertEqual(run["outputs"][0]["shape"], [1, 3, 4, 5])
        self.assertEqual((self.folder / "o/y.npy").stat().st_size, 128 + 4 * 60)

    def convolution(self):
        """16 channels to 16 by 3x3 windows, a map large enough that its weights are transformed many times. float16 does not hold them."""
        pads = field(1, "pads") + b"".join(field(8, 1) for _ in range(4)) + field(20, 7)
        node = field(1, "x") + field(1, "w") + field(2, "y") + field(3, "conv") + field(4, "Conv") + field(5, pads)
        taps = [(i * 7 % 23 - 11) / 63 for i in range(16 * 16 * 9)]
        weights = (b"".join(field(1, n) for n in (16, 16, 3, 3)) + field(2, 1) + field(8, "w")
                   + field(9, struct.pack(f"<{len(taps)}f", *taps)))
        graph = (field(1, node) + field(2, "convolution") + field(5, weights)
                 + field(11, value_info("x", [1, 16, 80, 80])) + field(12, value_info("y", [1, 16, 80, 80])))
        return self.file("convolution.onnx", field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, 13)))

    def test_speed_costs_static_bytes_and_no_bit(self):
        onnx, facts, hashes = self.convolution(), {}, {}
        for wanted in ("memory", "speed"):
            model = self.folder / f"{wanted}.minnow"
            said = json.loads(self.minnow("convert", onnx, "-o", model, "--optimise", wanted, "--json"))
            facts[wanted] = json.loads(self.minnow("info", model, "--json"))
            self.assertEqual(said["transformed"], facts[wanted]["transformed"])
            hashes[wanted] = self.minnow("hash", model, "--input", "all=random:7")
        self.assertEqual(hashes["memory"], hashes["speed"])
        self.assertEqual([facts["memory"]["transformed"][key] for key in ("layers", "bytes")], [0, 0])
        self.assertEqual([facts["speed"]["transformed"][key] for key in ("layers", "bytes")], [1, 16 * 16 * (36 - 9) * 4])
        self.assertEqual(facts["speed"]["weight_bytes"] - facts["memory"]["weight_bytes"], 16 * 16 * (36 - 9) * 4)
        self.assertRegex(self.minnow("info", self.folder / "speed.minnow"), r"\nspeed +1 layer's weights take 27\.6 kB more")
        self.assertNotIn("\nspeed", self.minnow("info", self.folder / "memory.minnow"))
        self.assertIn("--optimise", self.minnow("convert", onnx, "--optimise", "size", code=USAGE))

    def test_backends_are_tried_in_order(self):
        model = self.convert()
        info = json.loads(self.minnow("info", model, "--backend", "cpu", "--json"))["placement"]
        self.assertEqual([info["crossings"], list(info["operators"])], [0, ["cpu"]])
        self.assertIn("cpu", [one["name"] for one in info["backends"]])
        self.assertIn("there is no back-end 'tpu'", self.minnow("info", model, "--backend", "tpu,cpu", code=ERROR))
        if "cl" in [one["name"] for one in info["backends"]]:
            text = self.minnow("info", model, "--backend", "cl,cpu")
            self.assertRegex(text, "; not cl: ", "too small to cross, or there is no device")
            self.minnow("info", model, "--backend", "cl,cpu", "--precision", "low")
        self.assertIn("high", self.minnow("info", model, "--precision", "half", code=USAGE))

    def two_heads(self):
        """x is sent through a function, and that through one to a and through two to b."""
        nodes = [("Relu", "x", "t"), ("Sigmoid", "t", "a"), ("Tanh", "t", "u"), ("Exp", "u", "b")]
        dims = [1, 8, 64, 64]
        graph = b"".join(field(1, field(1, x) + field(2, y) + field(3, f"node_{y}") + field(4, op)) for op, x, y in nodes)
        graph += field(2, "heads") + field(11, value_info("x", dims))
        graph += b"".join(field(12, value_info(name, dims)) for name in "ab")
        return self.file("heads.onnx", field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, 13)))

    def test_paths(self):
        model, given = self.two_heads(), ("--input", "x=random:1", "-t", "2")
        lanes = json.loads(self.minnow("info", model, "--path", "to=a", "--path", "to=b backend=cpu threads=1", "-t", "2",
                                       "--json"))["lanes"]
        self.assertEqual(sorted((lane["path"], lane["first"], lane["last"]) for lane in lanes),
                         [(0, "node_a", "node_a"), (1, "node_u", "node_b")])
        self.assertEqual({lane["stage"] for lane in lanes}, {0})
        self.assertRegex(self.minnow("info", model, "--path", "to=b"), r"(?m)^lane +1\.1: 2 on cpu, .*'node_u' to 'node_b'")
        plain = self.minnow("run", model, *given)
        for paths in (["to=a", "to=b"], ["to=b"], ["from=node_t to=a,b"]):
            options = [word for path in paths for word in ("--path", path)]
            self.assertEqual(self.minnow("run", model, *given, *options), plain)
        self.minnow("bench", model, "-n", "2", "-t", "2", "--path", "to=a")
        self.assertIn("no operator or tensor 'c'", self.minnow("run", model, *given, "--path", "to=c", code=ERROR))
        for bad in ("from=t", "to=a to=b", "to=a threads=none", "to=a on=cl", "to="):
            self.assertIn("'to=NAME", self.minnow("run", model, *given, "--path", bad, code=USAGE))

    def test_auto_paths(self):
        model = self.two_heads()
        said = self.minnow("run", model, "--input", "x=random:1", "-t", "2", "--auto-paths")
        self.assertRegex(said, r"(?m)^(tried|chosen) +one path: [\d.]+ ms predicted, [\d.]+ ms measured$")
        self.assertEqual(len(re.findall("(?m)^chosen ", said)), 1)
        plain = self.minnow("run", model, "--input", "x=random:1")
        self.assertTrue(said.endswith(plain), said)
        found = json.loads(self.minnow("run", model, "--input", "x=random:1", "--auto-paths", "--json"))["auto_paths"]
        self.assertEqual((found["chosen"], len(found["tried"])), (0, 1))
        self.minnow("run", model, "--input", "x=random:1", "--auto-paths", "--path", "to=a", code=USAGE)

    def test_timeline(self):
        model, file = self.two_heads(), self.folder / "run.json"
        said = self.minnow("run", model, "--input", "x=random:1", "-t", "2", "--path", "to=a", "--path", "to=b",
                           "--timeline", file)
        self.assertEqual(said, self.minnow("run", model, "--input", "x=random:1"))
        events = json.loads(file.read_text())["traceEvents"]
        rows = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
        self.assertEqual(rows[1], "caller's thread")
        slices = [event for event in events if event["ph"] == "X"]
        steps = [event for event in slices if event["cat"] == "operator"]
        self.assertEqual(sorted(event["name"] for event in steps), ["node_a", "node_b", "node_t", "node_u"])
        self.assertEqual({event["args"].get("lane") for event in steps}, {None, "1.1", "1.2"})
        for event in slices:
            self.assertIn(event["tid"], rows)
            self.assertGreaterEqual(min(event["ts"], event["dur"]), 0)
        run = next(event for event in slices if event["cat"] == "run")
        for tid in rows:  # what a thread does, it does one after another
            own = sorted((event["ts"], event["ts"] + event["dur"]) for event in slices
                         if event["tid"] == tid and event is not run)
            for (_, end), (begin, _) in zip(own, own[1:]):
                self.assertLessEqual(end, begin + 0.002)
        self.assertIn("would be written over",
                      self.minnow("run", model, "--input", "x=random:1", "--timeline", model, code=USAGE))

    def schedule(self, text, *arguments, name="road.toml", **more):
        path = self.file(name, text.encode())
        return path, self.minnow("schedule", path, *arguments, **more)

    ROAD = """
frame_rate = 20
memory = "10MB"
[[model]]
name = "finder"
file = "tiny.onnx"
rate = 10
priority = 1
picture = { scale = 0.5, mean = [1, 2, 3] }
[[model]]
name = "reader"
file = "tiny.onnx"
of = "finder"
crops = 3
evictable = true
"""

    def test_schedule(self):
        _, said = self.schedule(self.ROAD.replace("rate = 10", "rate = 0.1"), "--check")
        self.assertRegex(said, r"finder +0.10 .* cpu +holds\nreader +0.10 .* cpu +holds, [\d.]+ ms after the capture\n2 of 2 hold; load 0.0")
        file = self.folder / "timeline.json"
        report = json.loads(self.schedule(self.ROAD, "--seconds", "0.6", "--json", "--timeline", file)[1])
        finder, reader = report["models"]
        self.assertEqual((finder["asked"], finder["rate"]), (6, 10))  # of twelve frames
        for model in report["models"]:
            self.assertEqual(model["asked"], model["done"] + sum(model["dropped"].values()))
            self.assertEqual((model["under_way"], model["error"]), (0, ""))
        self.assertEqual(reader["asked"], finder["done"])
        self.assertEqual(reader["crops"], 3 * reader["done"])
        self.assertLessEqual(report["memory"]["peak"], report["memory"]["predicted"])
        events = json.loads(file.read_text())["traceEvents"]
        rows = {event["args"]["name"]: event["tid"] for event in events if event["name"] == "thread_name"}
        self.assertEqual(list(rows), ["frames", "cpu", "finder", "reader"])
        on = {name: [event for event in events if event["tid"] == row and event["ph"] in "Xi"] for name, row in rows.items()}
        self.assertEqual(len(on["frames"]), 12)
        self.assertEqual(len(on["finder"]), 6)  # done or dropped
        arrows = [event for event in events if event["ph"] == "s"]
        self.assertEqual(len(arrows), finder["done"] + reader["done"])
        slices = sorted((event["ts"], event["ts"] + event["dur"]) for event in on["cpu"])
        for (_, end), (begin, _) in zip(slices, slices[1:]):
            self.assertLessEqual(end, begin + 0.002)

    def test_schedule_on_units(self):
        file = self.folder / "timeline.json"
        report = json.loads(self.schedule("cpu_units = 2\n" + self.ROAD, "--seconds", "0.6", "--json", "--timeline", file)[1])
        self.assertEqual([unit["name"] for unit in report["units"]], ["cpu 1", "cpu 2"])
        for model in report["models"]:
            self.assertIn(model["unit"], ("cpu 1", "cpu 2"))
            self.assertAlmostEqual(sum(model["shares"]), model["share"])
        events = json.loads(file.read_text())["traceEvents"]
        rows = {event["args"]["name"]: event["tid"] for event in events if event["name"] == "thread_name"}
        self.assertEqual(list(rows), ["frames", "cpu 1", "cpu 2", "finder", "reader"])
        for unit in ("cpu 1", "cpu 2"):  # what a unit does, it does one after another
            slices = sorted((event["ts"], event["ts"] + event["dur"]) for event in events
                            if event["tid"] == rows[unit] and event["ph"] == "X")
            for (_, end), (begin, _) in zip(slices, slices[1:]):
                self.assertLessEqual(end, begin + 0.002)

    def test_schedule_that_does_not_hold(self):
        text = self.ROAD.replace("priority = 1", "deadline_ms = 0.001")
        _, said = self.schedule(text, "--check", code=DIFFERENT)
        self.assertRegex(said, "finder .* may miss by .* ms; holds at no rate")
        self.assertRegex(self.schedule(self.ROAD.replace("10MB", "10kB"), "--check", code=OVER_BUDGET)[1],
                         "road.toml: model 'reader' with the others before it: .* over the memory budget: .* short")

    def test_schedule_on_videos_and_cameras(self):
        model = '[[model]]\nname = "m"\nfile = "tiny.onnx"\nrate = 30\n'
        self.assertRegex(self.schedule(model, "--input", self.folder, "--check", code=ERROR)[1], "no .jpg, .png or .bmp")
        if not (pathlib.Path(MINNOW).parent / "minnow_video.so").exists():
            self.assertIn("video: install libavdevice-dev", self.schedule(model, "--input", "a.avi", code=UNSUPPORTED)[1])
            self.skipTest("this build has no video")
        # A graph of FFmpeg's has twenty frames a second for half a second, and begins anew.
        report = json.loads(self.schedule(model, "--input", "lavfi:testsrc=size=64x48:rate=20:duration=0.5",
                                          "--seconds", "1.2", "--json")[1])
        self.assertEqual((report["input"]["rate"], report["models"][0]["rate"]), (20, 20))
        self.assertGreaterEqual(report["models"][0]["asked"] + report["input"]["lost"], 24)
        self.assertLessEqual(report["models"][0]["asked"], 24)
        for name, words in (("none.avi", "No such file or directory"), ("road.toml", "no video"),
                            ("/dev/no-camera", "no such device")):
            where = name if name.startswith("/") else self.folder / name
            self.assertIn(words, self.schedule(model, "--input", where, "--check", code=ERROR)[1])
        video = pathlib.Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
        if video.exists():
            _, said = self.schedule(model, "--input", video, "--check")
            self.assertIn("the input has 10 frames a second, not 30 as the file says\nmodel 'm': 10 a second, not 30", said)
            cut = self.folder / "cut.avi"
            cut.write_bytes(video.read_bytes()[:100_000])
            report = json.loads(self.schedule(model, "--input", cut, "--seconds", "0.5", "--json")[1])
            self.assertGreaterEqual(report["models"][0]["asked"] + report["input"]["lost"], 5)

    # V4L2's driver is made (tests/camera); FFmpeg's side of it and this program are not.
    def test_schedule_on_a_camera(self):
        driver = pathlib.Path(MINNOW).resolve().parent / "tests" / "fake_camera.so"
        if not driver.exists() or not (pathlib.Path(MINNOW).parent / "minnow_video.so").exists():
            self.skipTest("this build has no video, or no made camera")
        model = '[[model]]\nname = "m"\nfile = "tiny.onnx"\nrate = 30\n'

        def on_camera(kind, *arguments, code=0):
            return self.schedule(model, "--input", "camera", *arguments, code=code,
                                 env=dict(os.environ, LD_PRELOAD=str(driver), FAKE_CAMERA=kind))[1]

        report = json.loads(on_camera("ok", "--seconds", "1", "--json"))
        self.assertEqual(report["input"]["rate"], 30)
        asked = report["models"][0]["asked"] + report["input"]["lost"]
        self.assertTrue(5 < asked <= 32, asked)
        for kind, words in (("busy", "another program has the camera"), ("forbidden", "the group `video`"),
                            ("no-camera", "no camera, or none that streams"), ("formats", "refuses all formats")):
            self.assertRegex(on_camera(kind, "--check", code=ERROR), f"/dev/video0: .*{words}")
        self.assertRegex(on_camera("unplugged", "--seconds", "60", code=ERROR), "/dev/video0: reading failed")

    def test_schedule_files_say_where_they_are_wrong(self):
        model = '[[model]]\nname = "m"\nfile = "tiny.onnx"\n'
        for text, words in ((model + "rate = 31", "4: model 'm': `rate` is 31, expected a number from 0.001 to 30"),
                            (model + 'rate = "x"', "4: model 'm': `rate` is 'x', expected a number"),
                            (model + "prority = 1", "4: model 'm': there is no key `prority` (did you mean `priority`?)"),
                            (model + "rate = 3\nevery = 2", "5: model 'm': `rate` and `every` say the same thing"),
                            (model + 'of = "n"\nrate = 3', "5: model 'm': `rate` is 3, expected none"),
                            (model + "crops = 2", "4: model 'm': `crops` is 2, expected none without `of`"),
                            (model + 'picture = { fit = "big" }', "m': picture: `fit` is 'big', expected 'stretch' or 'letterbox'"),
                            (model + "shape = { x = 3 }", "4: model 'm': `shape` is a table, expected sizes of inputs"),
                            ('[[model]]\nname = "m"', "1: model 'm': `file` is missing, expected a .minnow, .onnx or .tflite file"),
                            ("memory = 3\n" + model, "1: `memory` is 3, expected an amount"),
                            ("frames = 3\n" + model, "1: there is no key `frames`"),
                            ("", "`model` is missing, expected at least one [[model]]"),
                            ("a = = 1", "1: ")):
            with self.subTest(text):
                self.assertIn("road.toml:" if words[0].isdigit() else "", self.schedule(text, code=USAGE)[1])
                self.assertIn(words, self.schedule(text, code=USAGE)[1])
        self.assertIn("model 'm' is of 'n'", self.schedule(model + 'of = "n"', code=ERROR)[1])
        self.assertIn("does not exist", self.minnow("schedule", self.folder / "none.toml", code=ERROR))
        path, said = self.schedule(model, "--timeline", self.folder / "tiny.onnx", "--seconds", "0.1", code=USAGE)
        self.assertIn("would be written over", said)

    def test_diff_between_backends(self):
        model, given = self.two_heads(), ("--input", "x=random:1")
        self.assertIn("4 tensors compared, all equal.",
                      self.minnow("diff", model, "--against", "cpu", *given, "--path", "to=a"))
        page = self.folder / "paths.html"
        self.minnow("diff", model, "--against", "cpu", *given, "--path", "to=a", "--path", "to=b threads=1", "--html", page)
        self.assertIn("on cpu, path 'to=a', path 'to=b threads=1'", html.unescape(page.read_text()))
        info = json.loads(self.minnow("info", model, "--backend", "cpu", "--json"))["placement"]
        if any(one["name"] == "cl" and not one["missing"] for one in info["backends"]):
            self.assertIn("4 tensors compared", self.minnow("diff", model, "--backend", "cl,cpu", "--against", "cpu", *given))
            self.minnow("trace", model, "--backend", "cl,cpu", *given, "-o", self.folder / "cl.npz")
            self.minnow("replay", model, "--backend", "cl,cpu", "--reference", self.folder / "cl.npz")
        self.minnow("diff", model, code=USAGE)
        self.minnow("diff", model, model, "--against", "cpu", code=USAGE)
        self.minnow("diff", model, model, *given, code=USAGE)
        for option in ("--backend=cl", "--path=to=y", "--shape=x=1"):
            self.assertIn("is for a model, with --against", self.minnow("diff", model, model, option, code=USAGE))

    def test_memory_of_devices_is_predicted(self):
        model, page = self.two_heads(), self.folder / "memory.html"
        info = json.loads(self.minnow("info", model, "--backend", "cpu", "--json"))["placement"]
        if not any(one["name"] == "cl" and not one["missing"] for one in info["backends"]):
            self.skipTest("there is no OpenCL device")
        arguments = "memory", model, "--backend", "cl,cpu", "--html", page
        self.assertRegex(self.minnow(*arguments), "cl's own memory(.|\n)*static [+] dynamic [+] device.*equal to the byte")
        self.assertIn("a frame&#39;s block of cl", page.read_text().replace("'", "&#39;"))
        facts = json.loads(self.minnow(*arguments, "--json"))
        device = facts["models"][0]["devices"][0]
        total = device["weight_bytes"] + device["block_bytes"]
        self.assertEqual([device["backend"], facts["models"][0]["device_bytes"]], ["cl", total])
        self.assertEqual(max(stage["ledger"]["device_bytes"] for stage in facts["stages"]), total)
        budget = self.minnow("memory", model, "--backend", "cl,cpu", "--budget", str(total), "--measure", code=OVER_BUDGET)
        self.assertRegex(budget, "on devices(.|\n)*the runtime says: .*on the device")

    def test_what_devices_compile_is_kept(self):
        model, cache, file = self.convert(), self.folder / "cache/below", self.folder / "file"
        info = json.loads(self.minnow("info", model, "--backend", "cpu", "--json"))["placement"]
        here = {one["name"]: one["device"] for one in info["backends"] if one["device"]}
        if not here:
            self.skipTest("there is no device")
        for name, device in here.items():
            with self.subTest(name):
                arguments = ["info", model, "--backend", name + ",cpu", "--kernel-cache"]
                folder = cache / name
                first = self.minnow(*arguments, folder)
                kept = {path.name: path.read_bytes() for path in folder.iterdir()}
                self.assertGreater(len(kept), 0)
                if "llvmpipe" in device:  # drivers need not hand programs out
                    self.assertTrue(any(b"shader" in entry for entry in kept.values()))
                self.assertEqual(self.minnow(*arguments, folder), first, "the same placement")
                self.assertEqual({path.name: path.read_bytes() for path in folder.iterdir()}, kept)
        file.write_text("no folder")
        self.assertRegex(self.minnow(*arguments, file), "the kernel cache is not written.*" + str(file))

    def test_onnx_and_minnow_give_the_same(self):
        model = self.convert()
        for path, out in ((model, "a"), (self.onnx, "b")):
            self.minnow("run", path, "--input", "all=random:3", "--output-dir", self.folder / out)
        self.assertEqual((self.folder / "a/y.npy").read_bytes(), (self.folder / "b/y.npy").read_bytes())

    def test_tflite_and_minnow_give_the_same(self):
        tflite = pathlib.Path(__file__).parents[1] / "fuzz/seeds/tflite/conv_2d.tflite"
        out, model = [], self.folder / "conv.minnow"
        self.assertIn("TensorFlow Lite version 3", self.minnow("convert", tflite, "-o", model))
        for path in (tflite, model):
            out.append(json.loads(self.minnow("run", path, "--input", "in0=random:3", "--json"))["outputs"])
        self.assertEqual(out[0], out[1])
        self.assertIn("in0", self.minnow("info", tflite))
        self.minnow("run", tflite, "--input", "other=random:1", code=ERROR)
        for damaged in (b"TFL", tflite.read_bytes()[:100]):
            self.assertIn("broken.tflite", self.minnow("info", self.file("broken.tflite", damaged), code=ERROR))

    def small_convolution(self):
        """An ONNX file of y = Conv(x, w), x being 1x3x4x5 and w 4x3x1x1."""
        node = b"".join(field(number, text) for number, text in ((1, "x"), (1, "w"), (2, "y"), (3, "conv"), (4, "Conv")))
        values = [(i % 7 - 3) / 4 for i in range(12)]
        weights = (b"".join(field(1, d) for d in (4, 3, 1, 1)) + field(2, 1) + field(8, "w")
                   + field(9, struct.pack("<12f", *values)))
        graph = (field(1, node) + field(2, "conv") + field(5, weights) + field(11, value_info("x", [1, 3, 4, 5]))
                 + field(12, value_info("y", [1, 4, 4, 5])))
        return self.file("conv.onnx", field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, 13)))

    def arrays(self, count):
        folder = self.folder / "arrays"
        folder.mkdir()
        for i in range(count):
            numbers = [(17 * k * (i + 1) % 60 - 30) / 10 for k in range(60)]
            (folder / f"{i}.npy").write_bytes(npy("(1, 3, 4, 5)", numbers))
        return folder

    def test_quantize(self):
        onnx, folder = self.small_convolution(), self.arrays(3)
        (folder / "LICENCE.txt").write_text("no picture")
        files = [self.folder / f"{name}.minnow" for name in ("a", "b", "kept")]
        report = json.loads(self.minnow("quantize", onnx, "--calibrate", folder, "-o", files[0], "--json"))
        self.assertEqual((report["pictures"], [layer["layer"] for layer in report["layers"]]), (3, ["conv"]))
        self.assertTrue(0 < report["output_error"] < 0.02, report)
        (folder / "2.npy").rename(folder / "moved")  # files are taken by name, not as the folder has them
        (folder / "moved").rename(folder / "2.npy")
        table = self.minnow("quantize", onnx, "--calibrate", folder, "-o", files[1], "--threads", 2)
        self.assertRegex(table, r"conv +Conv +\d\.\d\d% +\d\.\d\d%")
        self.assertEqual(files[0].read_bytes(), files[1].read_bytes())
        self.assertIn("QuantizedConv", self.minnow("info", files[0]))
        kept = self.minnow("quantize", onnx, "--calibrate", folder, "-o", files[2], "--max-error", 1e-9)
        self.assertRegex(kept, r"conv +Conv +float +0\.00%")
        self.assertNotIn("Quantized", self.minnow("info", files[2]))

    def test_inputs_as_bytes(self):
        onnx, folder = self.small_convolution(), self.arrays(3)
        numbers, rounded = self.folder / "numbers.minnow", self.folder / "bytes.minnow"
        self.minnow("quantize", onnx, "--calibrate", folder, "-o", numbers)
        report = json.loads(self.minnow("quantize", onnx, "--calibrate", folder, "-o", rounded, "--byte-inputs", "--json"))
        (given,) = report["byte_inputs"]
        self.assertEqual((given["name"], given["type"]), ("x", "uint8"))
        meaning = f"(x - {given['zero_point']}) * {given['scale']:.9g}"
        self.assertIn(f"x: uint8 1x3x4x5, {meaning}", self.minnow("info", rounded))
        number = (37 - given["zero_point"]) * given["scale"]
        for model, value, place in ((numbers, number, "a"), (rounded, 37, "b")):
            self.minnow("run", model, "--input", f"x=const:{value}", "-o", self.folder / place)
        self.assertEqual(*((self.folder / place / "y.npy").read_bytes() for place in "ab"))
        picture = self.folder / "picture.bmp"  # 5x4 pixels of 24 bits
        picture.write_bytes(b"BM" + struct.pack("<IIIIiiHHIIiiII", 118, 0, 54, 40, 5, 4, 1, 24, 0, 64, 0, 0, 0, 0)
                            + bytes(i * 37 % 256 for i in range(64)))
        for model, place in ((numbers, "c"), (rounded, "d")):
            self.minnow("run", model, "--input", f"x={picture}", "--mean", 99, "--scale", 0.02, "-o", self.folder / place)
        self.assertEqual(*((self.folder / place / "y.npy").read_bytes() for place in "cd"))
        refused = self.minnow("run", rounded, "--input", f"x={picture}", code=ERROR)
        self.assertIn(f"into input x: uint8 that stands for (x - {given['zero_point']})", refused)
        mean, scale = re.search(r"mean (\S+) and scale (\S+) store pixels as they are", refused).groups()
        self.minnow("run", rounded, "--input", f"x={picture}", "--mean", mean, "--scale", scale)
        text = 'frame_rate = 20\n[[model]]\nname = "m"\nfile = "bytes.minnow"\nrate = 10\n'
        self.assertIn(f"mean {mean} and scale {scale}",
                      self.schedule(text, "--input", self.folder, "--check", code=ERROR)[1])
        self.schedule(f"{text}picture = {{ mean = {mean}, scale = {scale} }}\n", "--input", self.folder, "--check")
        refused = self.minnow("convert", self.onnx, "-o", rounded, "--byte-inputs", code=ERROR)
        self.assertIn("no input can be bytes", refused)

    def test_quantize_says_what_is_wrong(self):
        onnx, folder, out = self.small_convolution(), self.arrays(1), self.folder / "q.minnow"
        (self.folder / "empty").mkdir()
        for where, said in ((self.folder / "empty", "empty: no pictures"), (self.folder / "absent", "No such file")):
            self.assertIn(said, self.minnow("quantize", onnx, "--calibrate", where, "-o", out, code=ERROR))
        (folder / "1.jpg").write_bytes(b"no picture at all")
        self.assertIn("1.jpg", self.minnow("quantize", onnx, "--calibrate", folder, "-o", out, code=ERROR))
        (folder / "1.jpg").unlink()
        (folder / "0.npy").write_bytes(npy("(2,)", [1, 2]))
        self.assertIn("0.npy is float32 2", self.minnow("quantize", onnx, "--calibrate", folder, "-o", out, code=ERROR))
        self.minnow("quantize", onnx, "--calibrate", folder, "-o", folder / "0.npy", code=USAGE)
        for link in ("+nowhere.jpg", "+itself.jpg"):  # before 0.npy
            (folder / link).symlink_to(link.replace("nowhere", "absent"))
            self.assertIn(link, self.minnow("quantize", onnx, "--calibrate", folder, "-o", out, code=ERROR))
            (folder / link).unlink()
        for option in (("--keep", -1), ("--max-error", "nan"), ("--percentile", "nan")):
            self.minnow("quantize", onnx, "--calibrate", folder, "-o", out, *option, code=USAGE)
        self.assertFalse(out.exists())

    def test_quantised_tensors_are_told_of(self):
        """In info, traces, diff, replay and export: integers, and what they stand for."""
        onnx, folder, model = self.small_convolution(), self.arrays(2), self.folder / "q.minnow"
        self.minnow("quantize", onnx, "--calibrate", folder, "-o", model)
        self.assertRegex(self.minnow("info", model, "--quantised"),
                         r"quantised +x#integers: uint8 1x3x4x5, \(x - \d+\) \* 0\.0\d+ \(ONNX Runtime\)\n")
        told = json.loads(self.minnow("info", model, "--quantised", "--json"))
        tensors = {t["name"]: t["quantisation"] for t in told["quantised"]}
        self.assertEqual({name.split("#")[0] for name in tensors}, {"x", "y", "w"})
        self.assertEqual((tensors["w"]["axis"], len(tensors["w"]["scales"])), (0, 4))
        self.assertNotIn("quantisation", told["inputs"][0])
        traces = [self.folder / "a.npz", self.folder / "b.npz"]
        self.minnow("trace", model, "--input", f"x={folder / '0.npy'}", "-o", traces[0])
        with zipfile.ZipFile(traces[0]) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
        record = json.loads(entries["minnow.json"])["tensors"]["x#integers"]
        scale, zero = tensors["x#integers"]["scales"][0], tensors["x#integers"]["zero_points"][0]
        self.assertEqual((record["scale"], record["zero_point"]), (scale, zero))
        self.assertAlmostEqual(record["real"]["max"], (record["max"] - zero) * scale, 6)
        off = bytearray(entries["x#integers.npy"])
        off[-1] ^= 1  # in another engine's trace, which a step explains
        entries["minnow.json"] = entries["minnow.json"].replace(b'"name":"minnow"', b'"name":"other"')
        with zipfile.ZipFile(traces[1], "w") as archive:
            for name, content in {**entries, "x#integers.npy": bytes(off)}.items():
                archive.writestr(name, content)
        said = " ".join(self.minnow("diff", *traces, code=DIFFERENT).split())
        self.assertRegex(said, rf"1 of 60 elements differ, by up to {scale:.3g} \([\de.-]+ of the largest value, 1 step of {scale:.3g}\)")
        figures = json.loads(self.minnow("diff", *traces, "--json", code=DIFFERENT))["operators"][0]["entire"]["figures"]
        self.assertEqual((figures["max_ulp"], figures["step"]), (1, scale))
        self.assertAlmostEqual(figures["max_absolute"], scale, 9)
        replayed = json.loads(self.minnow("replay", model, "--reference", traces[1], "--json"))
        row = next(op for op in replayed["operators"] if op["entire"]["tensor"] == "x#integers")
        self.assertEqual((row["single"]["figures"]["max_ulp"], row["excess"]), (1, 1))
        self.minnow("export", model, "-o", self.folder / "back.onnx")
        self.minnow("convert", self.folder / "back.onnx", "-o", self.folder / "back.minnow")
        again = json.loads(self.minnow("info", self.folder / "back.minnow", "--quantised", "--json"))["quantised"]
        kept = sorted((t["quantisation"] for t in again), key=lambda by: by["scales"])
        self.assertEqual(kept, sorted(tensors.values(), key=lambda by: by["scales"]))

    def test_quantize_warns(self):
        """Ranges of one array, costs of another that they leave nothing of."""
        onnx, folder, out = self.small_convolution(), self.arrays(2), self.folder / "q.minnow"
        (folder / "0.npy").write_bytes(npy("(1, 3, 4, 5)", [k % 7 / 1000 for k in range(60)]))
        (folder / "1.npy").write_bytes(npy("(1, 3, 4, 5)", [1e4 * (k % 5 - 2) for k in range(60)]))
        words = ("quantize", onnx, "--calibrate", folder, "-o", out, "--ranges", "minmax", "--measured", 1)
        said = self.minnow(*words)
        self.assertRegex(said, r"warning +layer 'conv' \(Conv\) by itself errs by \d+ %: its range is wrong")
        self.assertRegex(said, r"warning +the outputs err by \d+ %")
        self.assertIn("--max-error or --keep", said)
        warnings = json.loads(self.minnow(*words, "--json"))["warnings"]
        self.assertEqual(len(warnings), 2)
        self.assertEqual(json.loads(self.minnow(*words[:-2], "--json"))["warnings"], [])

    def test_quantize_takes_any_suffix(self):
        onnx, folder = self.small_convolution(), self.arrays(1)
        for name in ("upper.ONNX", "none"):
            shutil.copy(onnx, self.folder / name)
            self.minnow("quantize", self.folder / name, "--calibrate", folder)
            self.assertTrue((self.folder / name).with_suffix(".minnow").exists())
        self.assertIn("QuantizedConv", self.minnow("info", self.folder / "upper.minnow"))
        self.assertIn("Conv", self.minnow("info", self.folder / "upper.ONNX"))

    def test_quantize_reports_on_any_name(self):
        onnx, folder, report = self.small_convolution(), self.arrays(1), self.folder / "report.json"
        odd = os.path.join(os.fsencode(self.folder), b"odd\xff.onnx")
        os.rename(onnx, odd)
        self.minnow("quantize", os.fsdecode(odd), "--calibrate", folder, "--report", report)
        self.assertIn("odd\ufffd.onnx", json.loads(report.read_text())["model"])

    def test_target(self):
        model = self.convert()
        for out, options in (("best", []), ("scalar", ["--target", "scalar-fma"])):
            run = json.loads(self.minnow("run", model, "--input", "all=random:3", "--output-dir", self.folder / out,
                                         "--json", *options))
            self.assertIn(run["target"], ("scalar-fma",) if options else
                          ("avx3", "avx2", "sve", "neon", "scalar-fma"))
        self.assertEqual((self.folder / "best/y.npy").read_bytes(), (self.folder / "scalar/y.npy").read_bytes())
        self.minnow("bench", model, "--target", "scalar-fma", "--runs", "1")
        self.assertIn("scalar-fma", self.minnow("run", model, "--input", "all=const:1", "--target", "vax", code=ERROR))

    def test_bench_json(self):
        rows = json.loads(self.minnow("bench", self.onnx, self.convert(), "--runs", "3", "--json"))
        self.assertEqual(len(rows), 2)
        for row in rows:
            self.assertEqual(set(row), {"model", "threads", "load_ms", "create_ms", "first_ms", "min_ms",
                                        "median_ms", "p90_ms"})

    def test_bench_compares_strips_with_layers(self):
        (row,) = json.loads(self.minnow("bench", self.convert(), "--runs", "2", "--compare-layers", "--json"))
        self.assertEqual(set(row), {"model", "threads", "layers", "strips"})
        for part in (row["layers"], row["strips"]):
            self.assertGreater(part["min_ms"], 0)
            self.assertGreater(part["dynamic_bytes"], 0)

    def test_bench_profile_tells_bytes_and_the_peak_it_was_given(self):
        softmax = self.file("softmax.onnx", onnx_model(["Softmax"], [1, 8, 60, 50]))
        told = self.minnow("bench", softmax, "--runs", "2", "--profile", "--peak", "50", "--threads", "2")
        rows = [line.split() for line in told.splitlines()]
        moved = next(row[row.index("Softmax") - 1] for row in rows if "Softmax" in row)
        self.assertEqual(moved, "0.192")  # MB: 24,000 floats are read, and as many written
        (row,) = json.loads(self.minnow("bench", softmax, "--runs", "2", "--profile", "--layers", "--json"))
        self.assertEqual([(step["type"], step["bytes"]) for step in row["operators"]], [("Softmax", 192000)])
        self.assertIn("peak 100.0 GFLOP/s", told)
        measured = self.minnow("bench", softmax, "--runs", "2", "--profile")
        self.assertGreater(float(re.search(r"peak ([\d.]+) GFLOP/s", measured)[1]), 0)

    def test_memory_is_predicted_to_the_byte(self):
        large = self.file("large.onnx", onnx_model(["Relu", "Sigmoid", "Softmax", "Relu"], [1, 8, 60, 50]))
        for models in ([self.convert()], [self.onnx], [self.convert(), large, self.onnx]):
            for concurrency in (1, 2):
                report = json.loads(self.minnow("memory", *models, "--json", "--concurrency", concurrency))
                self.assertEqual(set(report), {"models", "predicted_peak_bytes", "measured_peak_bytes", "stages",
                                               "concurrency"})
                plans = sorted((m["dynamic_bytes"] for m in report["models"]), reverse=True)
                static = sum(m["static_bytes"] for m in report["models"])
                self.assertEqual(report["predicted_peak_bytes"], static + sum(plans[:concurrency]))
                self.assertEqual(report["measured_peak_bytes"], report["predicted_peak_bytes"])
                totals = [static + sum(plans[:k + 1]) for k in range(len(models))]
                self.assertEqual([row["predicted_peak_bytes"] for row in report["concurrency"]], totals)
                for model in report["models"]:
                    self.assertGreaterEqual(model["dynamic_bytes"], model["lower_bound_bytes"])
                    self.assertEqual(model["measured_peak_bytes"], model["static_bytes"] + model["dynamic_bytes"])
        names = [m["name"] for m in report["models"]]
        self.assertEqual(names, ["tiny", "large", "tiny-2"])

    def test_memory_stages(self):
        report = json.loads(self.minnow("memory", self.convert(), self.onnx, "--json"))
        alone = ["before load", "after load", "after createSession", "after releaseModel", "input in place",
                 "after run", "destroyed"]
        together = [s for s in alone if s != "input in place"]
        self.assertEqual([(s.get("model"), s["stage"]) for s in report["stages"]],
                         [("tiny", s) for s in alone] + [("tiny-2", s) for s in alone] + [(None, s) for s in together])
        for stage in report["stages"]:
            self.assertLessEqual({"ledger", "anonymous_bytes", "file_bytes", "pss_bytes", "vm_hwm_bytes", "heap_bytes",
                                  "stack_bytes"}, set(stage))
            ledger = stage["ledger"]
            self.assertEqual(set(ledger), {"model_bytes", "static_bytes", "dynamic_bytes", "heap_bytes", "device_bytes"})
            if stage["stage"] in ("before load", "destroyed"):
                self.assertEqual(sum(ledger.values()), 0)
            self.assertEqual(ledger["dynamic_bytes"] > 0, stage["stage"] in ("input in place", "after run"))
            self.assertEqual(ledger["model_bytes"] > 0, stage["stage"] in ("after load", "after createSession"))
            if stage["anonymous_bytes"] is not None:
                self.assertGreater(stage["anonymous_bytes"], 0)
                self.assertGreaterEqual(stage["vm_hwm_bytes"], stage["stack_bytes"])

    def test_budgets_are_what_the_runtime_accepts(self):
        models = [self.convert(), self.file("large.onnx", onnx_model(["Relu"], [1, 8, 60, 50]))]
        for chosen in (models, models[:1]):
            def asked(budget, code, *more):
                return json.loads(self.minnow("memory", *chosen, "--json", "--budget", budget, *more, code=code))
            roomy = asked("1GB", OK)
            self.assertIsNone(roomy["measured_peak_bytes"])  # nothing ran
            self.assertEqual(roomy["stages"], [])
            total = roomy["budget"]["total_bytes"]
            self.assertTrue(asked(f"{total}B", OK, "--measure")["budget"]["fits"])
            tight = asked(total - 1, OVER_BUDGET, "--measure")["budget"]  # fails unless the runtime refuses too
            self.assertFalse(tight["fits"])
            self.assertEqual(tight["excess_bytes"], 1)
            self.assertEqual(len(tight["drop"]), len(chosen) - 1)
        said = self.minnow("memory", *models, "--budget", "0.102MB", code=OVER_BUDGET)
        self.assertRegex(said, r"does not fit: [\d.]+ of 102 kB, [\d.]+ too many\n  drop: tiny \(")
        self.assertIn("fits: ", self.minnow("memory", *models, "--budget", "24MiB"))
        self.assertIn("fits: ", self.minnow("info", models[0], "--budget", "24MB"))
        total = json.loads(self.minnow("info", models[0], "--budget", "24MB", "--json"))["budget"]["total_bytes"]
        self.minnow("info", models[0], "--budget", f"{total} B")
        self.minnow("info", models[0], "--budget", f"{total - 1} B", code=OVER_BUDGET)
        self.minnow("info", models[0], "--budget", "many", code=USAGE)

    def test_plan_drawings(self):
        large = self.file("large.onnx", onnx_model(["Relu", "Softmax", "Sigmoid", "Softmax"], [1, 8, 60, 50]))
        svg, page = self.folder / "plans.svg", self.folder / "page.html"
        self.minnow("memory", large, self.onnx, "--svg", svg, "--html", page)
        drawing = xml.etree.ElementTree.parse(svg).getroot()
        plans = drawing.findall(".//{*}svg")
        self.assertEqual(len(plans), 2)
        for plan in plans:
            rects = [(r.get("class"), *(float(r.get(k, 0)) for k in ("x", "y", "width", "height")))
                     for r in plan.iter("{http://www.w3.org/2000/svg}rect")]
            _, left, top, width, height = next(r for r in rects if r[0] == "frame")
            boxes = [r[1:] for r in rects if r[0].startswith("box ")]
            self.assertTrue(boxes)
            for i, (x, y, w, h) in enumerate(boxes):
                self.assertGreaterEqual(x, left - .01)
                self.assertGreaterEqual(y, top - .01)
                self.assertLessEqual(x + w, left + width + .01)
                self.assertLessEqual(y + h, top + height + .01)
                for x2, y2, w2, h2 in boxes[:i]:
                    self.assertFalse(min(x + w, x2 + w2) - max(x, x2) > .01 and min(y + h, y2 + h2) - max(y, y2) > .01)
        html = page.read_text()
        self.assertEqual(html.count("<svg"), 2 + 3)  # plans, and stages of each and of both
        self.assertIsNone(re.search(r"(?:src|href)=|@import|url\(", html), "the page needs another file")

    def trace(self, *arguments, model=None):
        """The archive that a trace of the tiny model (or another) leaves, and its description."""
        path = self.folder / "trace.npz"
        said = self.minnow("trace", model or self.onnx, "--input", "all=random:3", "-o", path, *arguments)
        archive = zipfile.ZipFile(path)
        self.assertIsNone(archive.testzip())
        info = json.loads(archive.read("minnow.json"))
        self.assertIn(f"{len(info['tensors'])} tensors, ", said.splitlines()[-1])
        return archive, info

    def test_trace(self):
        archive, info = self.trace("--threads", 2)
        self.assertEqual(sorted(archive.namelist()), ["minnow.json", "t0.npy", "x.npy", "y.npy"])
        self.assertEqual((info["engine"]["name"], info["engine"]["threads"]), ("minnow", 2))
        self.assertEqual((info["inputs"], info["outputs"]), (["x"], ["y"]))
        self.assertEqual([op["inputs"] + op["outputs"] for op in info["operators"]], [["x", "t0"], ["t0", "y"]])
        out = self.folder / "out"
        self.minnow("run", self.onnx, "--input", "all=random:3", "--output-dir", out)
        self.assertEqual(archive.read("y.npy"), (out / "y.npy").read_bytes())
        hashes = dict(line.split() for line in self.minnow("hash", self.onnx, "-i", "all=random:3").splitlines())
        self.assertEqual(hashes, {"y": info["tensors"]["y"]["hash"]})
        self.assertEqual(info["tensors"]["y"]["shape"], [1, 3, 4, 5])
        self.assertEqual(self.trace(model=self.convert())[1]["model"], info["model"])

    def test_trace_of_a_part(self):
        archive, info = self.trace("--only", "y")
        self.assertEqual(sorted(info["tensors"]), ["x", "y"])
        archive, info = self.trace("--only", "[RS]*")  # the operators' types
        self.assertEqual(len(info["tensors"]), 3)
        archive, info = self.trace("--summary")
        self.assertEqual(archive.namelist(), ["minnow.json"])
        self.assertEqual(len(info["tensors"]), 3)

    def test_trace_for_numpy(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("numpy is not installed")
        archive, info = self.trace()
        loaded = numpy.load(archive.filename)
        self.assertEqual(json.loads(loaded["minnow.json"]), info)
        for name, record in info["tensors"].items():
            self.assertEqual((loaded[name].dtype, list(loaded[name].shape)), (record["type"], record["shape"]))
            self.assertAlmostEqual(float(loaded[name].mean()), record["mean"], 5)

    def test_a_trace_is_whole_or_absent(self):
        path = self.folder / "none.npz"
        self.minnow("trace", self.onnx, "-o", path, code=ERROR)  # an input without values
        self.minnow("trace", self.onnx, "-i", "x=const:1", "-o", self.folder / "absent" / "t.npz", code=ERROR)
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
        said = self.minnow("trace", self.onnx, "-i", "x=const:1", "-o", path, code=ERROR, preexec_fn=limit)
        self.assertIn("none.npz", said)
        self.assertFalse(path.exists())
        self.assertEqual(self.leftovers(), [])

    def test_hash(self):
        report = json.loads(self.minnow("hash", self.onnx, "--input", "all=const:0.5", "--json"))
        self.assertRegex(report["outputs"]["y"], "^[0-9a-f]{32}$")
        for more in (["--layers"], ["--threads", 2], ["--target", "scalar-fma"], ["--reference"]):
            again = json.loads(self.minnow("hash", self.onnx, "x=const:0.5", "--json", *more))
            self.assertEqual(again["outputs"], report["outputs"], more)
        self.assertIn("scalar-fma", self.minnow("hash", self.onnx, "x=const:0.5", "--target", "vax", code=ERROR))

    def test_passes_can_be_left_out(self):
        passes = self.minnow("convert", "--list-passes").split()
        self.assertTrue(passes)
        model = self.folder / "plain.minnow"
        self.minnow("convert", self.onnx, "-o", model, *[a for p in passes for a in ("--disable", p)])
        whole = self.convert()
        for path, out in ((model, "a"), (whole, "b")):
            self.minnow("run", path, "--input", "x=random:5", "--output-dir", self.folder / out)
        self.assertEqual((self.folder / "a/y.npy").read_bytes(), (self.folder / "b/y.npy").read_bytes())

    def test_npy_input_and_nan(self):
        model = self.convert()
        values = [float("nan")] + [1.0] * 59
        data = self.file("x.npy", npy("(1, 3, 4, 5)", values))
        self.minnow("run", model, "--input", f"x={data}")

    def test_shape_of_symbolic_input(self):
        model = self.file("free.onnx", onnx_model(["Relu"], ["n", "c"]))
        self.assertIn("--shape", self.minnow("info", model, code=ERROR))
        info = json.loads(self.minnow("info", model, "--shape", "x=2,0", "--json"))
        self.assertEqual(info["inputs"][0]["shape"], [2, 0])
        self.minnow("run", model, "--shape", "x=2,0", "--input", "x=const:1")

    def test_ranges_and_names_of_axes(self):
        free = self.file("free.onnx", onnx_model(["Relu"], ["n", "w"]))
        model = self.folder / "ranged.minnow"
        said = self.minnow("convert", free, "-o", model, "--shape", "x=N=1..4,8..64")
        self.assertIn("smallest ", said)
        self.assertIn("for x 1x8", said)
        text = self.minnow("info", model)
        self.assertIn("input          x: float32 4x64\n", text)
        self.assertIn("extent         N: 1..4, axis 0 of x\n", text)
        self.assertIn("extent         w: 8..64, axis 1 of x\n", text)
        self.assertIn("smallest       x 1x8: ", text)
        self.assertIn("resizable      x: axes 0, 1\n", text)
        info = json.loads(self.minnow("info", model, "--json"))
        self.assertEqual(info["extents"][1], {"name": "w", "least": 8, "most": 64, "axes": [{"input": "x", "axis": 1}]})
        self.assertEqual(info["smallest"]["shapes"], {"x": [1, 8]})
        self.assertLess(info["smallest"]["predicted_peak_bytes"], info["memory"]["predicted_peak_bytes"])
        run = ["--input", "x=const:1", "--json"]
        for shape, expected in (("x=2,9", [2, 9]), ("w=9", [4, 9])):
            outputs = json.loads(self.minnow("run", model, "--shape", shape, *run))["outputs"]
            self.assertEqual(outputs[0]["shape"], expected)
        self.minnow("memory", model, "--shape", "w=9", "--shape", "N=1")
        for shape in ("x=2,65", "w=7"):
            self.assertIn("8..64", self.minnow("run", model, "--shape", shape, *run, code=ERROR))
        for shape in ("x=2,9..10", "w=9..10", "x=2,b"):
            self.assertIn("for conversion", self.minnow("run", model, "--shape", shape, *run, code=USAGE))
        self.minnow("run", free, "--shape", "x=2,w", "--shape", "w=8..16", *run)
        self.assertIn("x=1,H=320", self.minnow("convert", free, "-o", model, "--shape", "x=1,H", code=ERROR))
        self.minnow("convert", free, "-o", model, "--shape", "x=S=8..64,S")
        text = self.minnow("info", model)
        self.assertIn("extent         S: 8..64, axis 0 of x, axis 1 of x\n", text)
        self.assertIn("resizable      x: axes 0, 1\n", text)
        self.assertIn("one name", self.minnow("run", model, "--shape", "x=8,9", *run, code=ERROR))
        self.assertIn("range '9..8' is empty", self.minnow("convert", free, "--shape", "x=1,9..8", code=USAGE))

    def test_sizes_within_a_range_that_a_model_cannot_have_are_told(self):
        blocks = field(5, field(1, "blocksize") + field(3, 2) + field(20, 2))
        node = field(1, field(1, "x") + field(2, "y") + field(3, "halve") + field(4, "SpaceToDepth") + blocks)
        graph = node + field(2, "tiny") + field(11, value_info("x", ["N", 1, "H", 4])) + field(12, value_info("y", []))
        onnx = self.file("halve.onnx", field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, 13)))
        model = self.folder / "halve.minnow"
        report = json.loads(self.minnow("convert", onnx, "-o", model, "--shape", "x=1,1,2..8,4", "--json"))
        (warning,) = report["warnings"]
        self.assertRegex(warning, r"of 6 sizes .* within H \(2..8\) the model cannot have 3, but 2, 4, 6…; 3: node 'halve'")
        self.minnow("run", model, "--shape", "H=6", "-i", "x=const:1")
        self.assertIn("node 'halve'", self.minnow("run", model, "--shape", "H=5", "-i", "x=const:1", code=ERROR))
        said = self.minnow("convert", onnx, "-o", model, "--shape", "x=1,1,3..8,4", code=ERROR)
        self.assertIn("cannot have the smallest sizes of the range", said)
        self.assertIn("node 'halve'", said)

    def test_diff_names_the_first_operator_that_differs(self):
        long = "backbone/" + "very/" * 20 + "deep"
        network = {"inputs": ["x"], "outputs": ["y"],
                   "operators": [{"name": "conv_1", "type": "Conv", "inputs": ["x"], "outputs": [long]},
                                 {"name": "relu_1", "type": "Relu", "inputs": [long], "outputs": ["y"]}]}
        a = self.saved_trace("a.npz", {"x": [1, 2], long: [-1, 3], "y": [0, 3]}, **network)
        same = self.saved_trace("same.npz", {"y": [0, 3], long: [-1, 3], "x": [1, 2]})
        other = self.saved_trace("other.npz", {"x": [1, 2], long: [-1, 4], "y": [0, float("nan")]})
        self.assertIn("2 tensors compared, all equal.", self.minnow("diff", a, same))
        said = self.minnow("diff", a, other, code=DIFFERENT)
        self.assertRegex(" ".join(said.split()), r"2 differ\. The first is Conv 'conv_1', tensor backbone/\S+: 1 of 2 "
                         r"elements differ, by up to 1 \(0\.25 of the largest value, \d+ ULP\)\. Its input is equal\.")
        lines = said.split("\n\n")[1].splitlines()
        self.assertEqual(len(lines), 3)
        for line in lines:
            self.assertLessEqual(len(line), 100)
        self.assertIn("backbone/ver…", lines[1])
        report = json.loads(self.minnow("diff", a, other, "--json", code=DIFFERENT).strip())
        self.assertEqual((report["result"], report["culprit"]), ("different", 0))
        self.assertEqual(report["operators"][1]["entire"]["figures"]["nan"], [0, 1])
        near = self.saved_trace("near.npz", {"x": [1, 2], long: [-1, 3.25], "y": [0, 3]})
        self.assertIn("within the tolerance", self.minnow("diff", a, near, "--tolerance", "0.01,0.1", "--all"))
        self.minnow("diff", a, near, "--tolerance", "0.01,0.05", code=DIFFERENT)
        moved = self.saved_trace("moved.npz", {"x": [1, 2.5], long: [-1, 3], "y": [0, 3]})
        self.assertRegex(self.minnow("diff", a, moved, code=DIFFERENT), r"(?m)^The inputs differ, x: 1 of 2")

    def test_diff_says_why_it_cannot_compare(self):
        a = self.saved_trace("a.npz", {"x": [1, 2], "y": [3]}, inputs=["x"])
        for name, data, reason in (("junk.npz", b"junk", "junk.npz"), ("none.npz", b"", "none.npz")):
            self.assertIn(reason, self.minnow("diff", a, self.file(name, data), code=CANNOT_COMPARE))
        wide = self.saved_trace("wide.npz", {"x": [1, 2, 3], "y": [3]})
        self.assertIn("--shape", self.minnow("diff", a, wide, code=CANNOT_COMPARE))
        self.assertIn("no tensor of the same name",
                      self.minnow("diff", a, self.saved_trace("z.npz", {"z": [1]}), code=CANNOT_COMPARE))
        self.assertIn("absent.npz", self.minnow("diff", a, self.folder / "absent.npz", code=CANNOT_COMPARE))
        done = subprocess.run([MINNOW, "diff", str(a), str(wide), "--json"], capture_output=True, text=True, check=False)
        self.assertEqual(json.loads(done.stdout)["result"], "cannot compare")
        for tolerance in ("much", "-1", "1,2,3", "nan"):
            self.minnow("diff", a, a, f"--tolerance={tolerance}", code=USAGE)

    def test_archives_of_64_bits(self):
        """Python writes every zip64 record there is, far below the sizes that need them."""
        a = self.saved_trace("a.npz", {"x": [1, 2], "y": [3]}, inputs=["x"])
        before = zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT
        for limits in ((10, 10), (400, 10), (10, 2), before):
            zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = limits
            try:
                with zipfile.ZipFile(self.folder / "wide.npz", "w") as archive:
                    for tensor, values in (("y", [3]), ("x", [1, 2])):
                        with archive.open(f"{tensor}.npy", "w", force_zip64=True) as entry:
                            entry.write(npy(f"({len(values)},)", values))
            finally:
                zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = before
            self.assertIn("all equal", self.minnow("diff", a, self.folder / "wide.npz"), limits)

    def changed(self, trace, tensor, data):
        """The trace with other bytes at the end of one tensor; without the tensor if there are none."""
        path = self.folder / "changed.npz"
        with zipfile.ZipFile(trace) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                if name == f"{tensor}.npy":
                    content = content[:-len(data)] + data if data else None
                if content is not None:
                    new.writestr(name, content)
        return path

    def test_replay_tells_own_errors_from_inherited_ones(self):
        model, reference = self.convert(), self.folder / "reference.npz"
        self.minnow("trace", model, "--input", "x=random:3", "-o", reference)
        for options in ([], ["--threads", "2"], ["--reference-kernels"], ["--target", "scalar-fma"]):
            self.assertIn("2 outputs computed from the reference's inputs, all equal.",
                          self.minnow("replay", model, "--reference", reference, *options))
        self.minnow("replay", self.onnx, "--reference", reference)
        faulty = self.changed(reference, "t0", struct.pack("<f", 5))
        said = self.minnow("replay", model, "--reference", faulty, code=DIFFERENT)
        self.assertIn("Look at Relu 'node_t0' (", said)
        for line in self.minnow("replay", model, "--reference", faulty, "--all", code=DIFFERENT).splitlines():
            self.assertLessEqual(len(line), 100)
        report = json.loads(self.minnow("replay", model, "--reference", faulty, "--json", code=DIFFERENT))
        relu, sigmoid = report["operators"]
        self.assertEqual((relu["single"]["figures"]["differing"], relu["entire"]["figures"]["differing"]), (1, 1))
        self.assertEqual((sigmoid["single"]["figures"]["differing"], sigmoid["entire"]["state"]), (1, "equal"))
        self.minnow("replay", model, "--reference", faulty, "--tolerance", "5")
        part = self.changed(reference, "t0", None)
        report = json.loads(self.minnow("replay", model, "--reference", part, "--json"))
        self.assertEqual(report["operators"][1]["group"], ["node_t0"])

    def test_replay_writes_the_culprit_as_a_case(self):
        model, reference, case = self.convert(), self.folder / "reference.npz", self.folder / "case"
        self.minnow("trace", model, "--input", "x=random:3", "-o", reference)
        self.minnow("replay", model, "--reference", reference, "--culprit", case)
        self.assertFalse(case.exists())  # nothing errs
        faulty = self.changed(reference, "t0", struct.pack("<f", 5))
        for source in (model, self.onnx):
            self.minnow("replay", source, "--reference", faulty, "--culprit", case, code=DIFFERENT)
            self.assertEqual(sorted(str(p.relative_to(case)) for p in case.rglob("*.*")),
                             ["model.onnx", "test_data_set_0/input_0.pb", "test_data_set_0/output_0.pb"])
            self.assertIn("1 fail", self.minnow("conformance", case, code=ERROR))
        (case / "test_data_set_0/output_0.pb").unlink()  # without the reference's output nothing can differ
        self.assertIn("1 pass", self.minnow("conformance", case))
        self.assertIn("--culprit", self.minnow("replay", model, "--reference", faulty, "--culprit", self.onnx / "x", code=DIFFERENT))

    def test_export_comes_back(self):
        model, after = self.weighty(), self.folder / "after.onnx"
        self.minnow("export", model, "-o", after)
        hashes = [self.minnow("hash", path, "--input", "all=random:1") for path in (model, after)]
        self.assertEqual(*hashes)
        self.assertIn("over itself", self.minnow("export", model, "-o", model, code=USAGE))
        self.assertIn("was converted for", self.minnow("export", model, "-o", after, "--shape", "x=1,3,4,5", code=USAGE))
        self.minnow("export", self.file("free.onnx", onnx_model(["Relu"], [1, 3, "h", 5])), "-o", after, "--shape", "x=1,3,8,5")
        self.assertIn("1x3x8x5", self.minnow("info", after))

    def test_export_refuses_by_name(self):
        crd = field(5, field(1, "mode") + field(4, "CRD") + field(20, 3)) + field(5, field(1, "blocksize") + field(3, 2) + field(20, 2))
        node = field(1, "x") + field(2, "y") + field(3, "blocks") + field(4, "SpaceToDepth") + crd
        graph = field(1, node) + field(2, "g") + field(11, value_info("x", [1, 1, 4, 4])) + field(12, value_info("y", [1, 4, 2, 2]))
        onnx = self.file("crd.onnx", field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, 28)))
        said = self.minnow("export", onnx, "-o", self.folder / "no.onnx", code=UNSUPPORTED)
        self.assertIn("node 'blocks' (SpaceToDepth)", said)
        self.assertFalse((self.folder / "no.onnx").exists())

    def test_info_draws_the_graph(self):
        page = self.folder / "graph.html"
        self.minnow("info", self.convert(), "--html", page)
        text = page.read_text()
        self.assertEqual(len(re.findall(r'<g class="op ', text)), 4)  # input, two operators, output
        self.assertEqual(len(re.findall(r'<path class="edge"', text)), 3)
        facts = json.loads(re.search(r'id="facts">(.*?)</script>', text, re.DOTALL)[1])
        rows = [dict(f["rows"]) for f in facts]
        self.assertEqual([f["title"] for f in facts], ["input x", "Relu", "Sigmoid", "output y"])
        self.assertIn("1x3x4x5", rows[1]["output"])
        hashes = self.minnow("hash", self.folder / "tiny.minnow", "--input", "x=const:0.46875")
        self.assertEqual(f"y {rows[2]['hash']}\n", hashes)

    def test_a_page_for_standard_output_comes_alone(self):
        model, trace = self.convert(), self.folder / "trace.npz"
        self.minnow("trace", model, "--input", "x=const:1", "-o", trace)
        for arguments, begins in ((["info", model, "--html", "-"], "<!DOCTYPE html>"), (["info", model, "--graph", "-"], "digraph"),
                                  (["info", model, "--html", "-", "--json"], "<!DOCTYPE html>"),
                                  (["memory", model, "--html", "-"], "<!DOCTYPE html>"), (["memory", model, "--svg", "-"], "<svg"),
                                  (["diff", trace, trace, "--html", "-"], "<!DOCTYPE html>"),
                                  (["replay", model, "--reference", trace, "--html", "-", "--json"], "<!DOCTYPE html>")):
            printed = self.minnow(*arguments, cwd=self.folder)
            self.assertTrue(printed.lower().startswith(begins.lower()), arguments)
            self.assertTrue(printed.rstrip().endswith(("</html>", "</svg>", "}")), arguments)
        self.assertFalse((self.folder / "-").exists())

    def test_doctor_says_what_is_here(self):
        found = {row["what"]: row["found"] for row in json.loads(self.minnow("doctor", "--json"))}
        self.assertEqual(found["target"].split(",")[0], json.loads(self.minnow("hash", self.onnx, "--input", "all=const:1", "--json"))["target"])
        self.assertIn("available", found["memory"])
        said = self.minnow("doctor")
        for what in ("CPU", "threads", "GPU files", "JPEG", "PNG", "video"):
            self.assertIn(f"\n{what} ", said)

    def test_shells_and_man_know_every_verb(self):
        verbs = re.findall(r"^  ([a-z]+) ", self.minnow("--help").split("Subcommands:")[1].split("\n\n")[0], re.M)
        self.assertIn("export", verbs)
        for shell, check in (("bash", ["-n"]), ("zsh", ["-n"]), ("fish", ["--no-execute"])):
            script = self.file(f"completion.{shell}", self.minnow("completion", shell).encode())
            for verb in verbs:
                self.assertIn(verb, script.read_text())
            if shutil.which(shell):
                subprocess.run([shell, *check, script], check=True)
        offered = subprocess.run(["bash", "-c", f". {self.folder}/completion.bash; COMP_WORDS=(minnow exp); COMP_CWORD=1; _minnow; "
                                  "echo ${COMPREPLY[@]}; COMP_WORDS=(minnow export --sh); COMP_CWORD=2; _minnow; echo ${COMPREPLY[@]}"],
                                 capture_output=True, text=True, check=True).stdout
        self.assertEqual(offered, "export\n--shape\n")
        for verb in ["", *verbs]:
            page = self.file("page.1", self.minnow("manual", *filter(None, [verb])).encode())
            self.assertIn(".SH OPTIONS", page.read_text())
            if shutil.which("groff"):
                said = subprocess.run(["groff", "-man", "-ww", "-z", "-K", "utf8", page], capture_output=True, text=True, check=True)
                self.assertEqual(said.stderr, "", verb)
        self.assertIn("there is no verb", self.minnow("manual", "nothing", code=USAGE))

    def test_replay_says_why_it_cannot(self):
        model, reference = self.convert(), self.folder / "reference.npz"
        self.minnow("trace", model, "--input", "x=random:3", "-o", reference)

        def said(path, *more):
            return self.minnow("replay", model, "--reference", path, *more, code=CANNOT_COMPARE)

        self.assertIn("absent.npz", said("absent.npz"))
        self.assertIn("junk.npz", said(self.file("junk.npz", b"junk")))
        self.assertIn("lacks the elements of input x", said(self.changed(reference, "x", None)))
        self.assertIn("--shape", said(self.saved_trace("wide.npz", {"x": [1]})))
        self.assertIn("marsian", said(reference, "--target", "marsian"))
        self.minnow("trace", model, "--input", "x=random:3", "--summary", "-o", reference)
        self.assertIn("not as a summary", said(reference))
        self.minnow("replay", self.folder / "absent.minnow", "--reference", reference, code=CANNOT_COMPARE)

    # --- what it refuses ------------------------------------------------------------------------------

    def test_usage(self):
        for arguments in ([], ["paint"], ["run"], ["run", self.onnx, "--input", "x"],
                          ["run", self.onnx, "--input", "x=const:abc"], ["run", self.onnx, "--shape", "x=1,?b"],
                          ["bench", self.onnx, "--threads", "0"], ["convert"], ["memory"],
                          ["memory", self.onnx, "--budget", "24 mice"], ["memory", self.onnx, "--budget", "-1MB"],
                          ["memory", self.onnx, "--budget", "0"], ["memory", self.onnx, "--concurrency", "0"],
                          ["run", self.onnx, "--resize", "sideways"]):
            self.minnow(*arguments, code=USAGE)

    def test_unsupported_nodes_are_all_named(self):
        model = self.file("odd.onnx", onnx_model(["Relu", "NoSuchOp", "Relu", "NorThisOne"], [1, 2]))
        said = self.minnow("convert", model, "-o", self.folder / "odd.minnow", code=UNSUPPORTED)
        for word in ("NoSuchOp", "NorThisOne", "opset 13"):
            self.assertIn(word, said)
        self.assertFalse((self.folder / "odd.minnow").exists())
        self.assertIn("NoSuchOp", self.minnow("memory", model, code=UNSUPPORTED))

    def test_a_verb_that_does_not_exist_is_named_beside_the_nearest(self):
        self.assertIn("no verb 'covnert' (did you mean 'convert'?)", self.minnow("covnert", self.onnx, code=USAGE))
        self.assertIn("no verb 'conf' (did you mean 'conformance'?)", self.minnow("conf", code=USAGE))
        self.assertRegex(self.minnow("frobnicate", code=USAGE), "no verb 'frobnicate'; there are .*trace")
        self.assertIn("a verb is missing", self.minnow(code=USAGE))
        self.assertIn("`minnow run --help`", self.minnow("run", self.onnx, "--threads", "0", code=USAGE))

    def test_shapes_of_inputs_that_do_not_exist(self):
        model, trace = self.convert(), self.folder / "t.npz"
        self.minnow("trace", model, "x=const:1", "-o", trace)
        for file in (model, self.onnx):
            for verb, *more in (["info"], ["run", "x=const:1"], ["hash", "x=const:1"], ["bench", "--runs", "1"], ["memory"],
                                ["trace", "x=const:1", "-o", self.folder / "u.npz"], ["replay", "--reference", trace]):
                said = self.minnow(verb, file, *more, "--shape", "z=1,3,4,5",
                                   code=CANNOT_COMPARE if verb == "replay" else ERROR)
                self.assertIn("no input is named 'z'; there is x", said, (verb, file))
        self.assertIn("no input is named 'z'", self.minnow("convert", self.onnx, "--shape", "z=1", code=ERROR))
        self.assertFalse((self.folder / "u.npz").exists())
        two = self.file("two.onnx", onnx_model(["Relu"], ["n", "c"]).replace(b"\n\x01x", b"\n\x01q"))
        for verb, *more in (["memory"], ["bench", "--runs", "1"]):  # models that share a list of shapes
            self.minnow(verb, two, self.onnx, *more, "--shape", "q=2,3", "--shape", "x=1,3,4,5")
            self.assertIn("there is q, x", self.minnow(verb, two, self.onnx, *more, "--shape", "r=2,3", code=ERROR))

    def test_what_is_wrong_with_an_input_is_said(self):
        model = self.convert()
        header = "(1, 3, 4, 5)"
        cases = (("double.npy", npy(header, [0.0] * 120, "<f8"), "float64 1x3x4x5, .*astype\\('float32'\\)"),
                 ("big.npy", npy(header, [0.0] * 60, ">f4"), "'>f4'.*little-endian"),
                 ("complex.npy", npy(header, [0.0] * 120, "<c8"), "'<c8'.*numpy.save"),
                 ("shape.npy", npy("(1, 4, 5, 3)", [0.0] * 60), "1x4x5x3, .*--shape x=1,4,5,3"),
                 ("short.npy", npy(header, [0.0] * 6), "240 bytes of data expected, 24 found"),
                 ("rank.npy", npy("(1, 1, 1, 1, 1, 1, 1, 1, 1)", [0.0]), "at most 8 axes"),
                 ("empty.npy", b"", "is empty"), ("junk.npy", b"junk", "is no .npy file"))
        for name, data, says in cases:
            self.assertRegex(self.minnow("run", model, f"x={self.file(name, data)}", code=ERROR), f"{name}.*{says}")
        self.assertNotIn("--shape", self.minnow("run", model, f"x={self.file('two.npy', npy('(2,)', [1, 2]))}", code=ERROR))
        self.assertRegex(self.minnow("run", model, "x=cnst:1", code=ERROR), "input x: cnst:1: .*a SPEC is const:NUMBER")
        (self.folder / "folder.npy").mkdir()
        self.assertIn("folder.npy: is a folder", self.minnow("run", model, f"x={self.folder}/folder.npy", code=ERROR))
        self.assertIn("'x' is given twice", self.minnow("run", model, "x=const:1", "x=const:2", code=USAGE))
        self.assertIn("--scale", self.minnow("run", model, "x=const:1", "--scale", "2", code=USAGE))
        for spec in ("const:", "const:a", "const:1,2", "random:", "random:-1", "random:1.5"):
            said = self.minnow("run", model, f"x={spec}", code=USAGE)
            self.assertIn("--input", said)
        self.assertIn("did you mean 'x'?", self.minnow("run", model, "X=const:1", code=ERROR))
        for shape, says in (("-1,3,4,5", "holds -1"), ("1,3,4,5,6,7,8,9,10", "9 axes"), ("1,,2", "a number is missing"),
                            ("1,b", "'b'"), ("0,4294967296,4294967296", "more elements")):
            self.assertIn(says, self.minnow("info", model, "--shape", f"x={shape}", code=USAGE))
        self.assertIn("does not fit what the model declares",
                      self.minnow("convert", self.onnx, "--value", "x=1,2", "-o", self.folder / "v.minnow", code=ERROR))

    def test_places_that_cannot_be_written_are_named(self):
        model = self.convert()
        self.assertIn("is a folder", self.minnow("convert", self.onnx, "-o", self.folder, code=ERROR))
        self.assertIn("its folder does not exist",
                      self.minnow("convert", self.onnx, "-o", self.folder / "absent/x.minnow", code=ERROR))
        said = self.minnow("run", model, "x=const:1", "--output-dir", self.onnx, code=ERROR)
        self.assertIn(f"{self.onnx}: ", said)
        for verb in (["info", self.folder], ["diff", self.folder, self.folder], ["convert", self.folder]):
            said = self.minnow(*verb, code=CANNOT_COMPARE if verb[0] == "diff" else ERROR)
            self.assertIn(f"{self.folder}: is a folder", said)
        (self.folder / "none").mkdir()
        self.assertIn(f"{self.folder}/none: holds no folder",
                      self.minnow("conformance", self.folder / "none", code=ERROR))
        self.assertIn(f"{self.onnx}: Not a directory", self.minnow("conformance", self.onnx, code=ERROR))
        self.assertIn("is a folder", self.minnow("conformance", self.folder, "--list", self.folder, code=ERROR))

    def test_missing_things_are_named(self):
        model = self.convert()
        self.assertIn("absent.onnx", self.minnow("convert", self.folder / "absent.onnx", code=ERROR))
        self.assertIn("absent.minnow", self.minnow("run", self.folder / "absent.minnow", code=ERROR))
        self.assertIn("x", self.minnow("run", model, code=ERROR))
        self.assertIn("nothing", self.minnow("run", model, "--input", "nothing=const:1", code=ERROR))
        self.assertIn("absent.minnow", self.minnow("memory", model, self.folder / "absent.minnow", code=ERROR))
        self.assertIn("absent.onnx", self.minnow("memory", self.folder / "absent.onnx", code=ERROR))
        self.assertIn("absent.png", self.minnow("run", model, "--input", "x=absent.png", code=ERROR))
        self.assertIn("no-such-pass", self.minnow("convert", self.onnx, "--disable", "no-such-pass", code=ERROR))

    def test_inputs_that_do_not_fit(self):
        model = self.convert()
        for name, data in (("shape.npy", npy("(1, 2)", [1, 2])), ("short.npy", npy("(1, 3, 4, 5)", [1])),
                           ("junk.npy", b"junk"), ("empty.npy", b""), ("p.png", b"\x89PNG\r\n\x1a\n junk"),
                           ("p.jpg", b"\xff\xd8\xff junk"), ("p.bmp", b"BM junk"), ("empty.jpg", b"")):
            path = self.file(name, data)
            self.assertIn(name, self.minnow("run", model, "--input", f"x={path}", code=ERROR))
        self.minnow("run", model, "--shape", "x=1,3", "--shape", "zzz=1", "--input", "x=const:1", code=ERROR)

    def test_damaged_files(self):
        model = self.convert()
        for source, verb in ((self.onnx, "convert"), (model, "info")):
            whole = source.read_bytes()
            dice = random.Random(7)
            for trial in range(60):
                if trial < 20:
                    data = whole[:len(whole) * trial // 20]
                else:
                    data = bytearray(whole)
                    for _ in range(1 + trial % 4):
                        data[dice.randrange(len(data))] = dice.randrange(256)
                bad = self.file("bad" + source.suffix, bytes(data))
                arguments = [MINNOW, verb, str(bad)] + (["-o", str(self.folder / "out")] if verb == "convert" else [])
                done = subprocess.run(arguments, capture_output=True, timeout=60, check=False)
                self.assertIn(done.returncode, (OK, ERROR, UNSUPPORTED), f"trial {trial}: {done.stderr[-500:]}")
                if trial < 20:
                    self.assertNotEqual(done.returncode, OK, f"truncated to {len(data)} bytes")
        for junk in (b"", b"\0" * 1000, bytes(random.Random(1).randrange(256) for _ in range(5000))):
            for name in ("junk.minnow", "junk.onnx"):
                self.assertIn(name, self.minnow("info", self.file(name, junk), code=ERROR))
                self.assertIn(name, self.minnow("memory", self.file(name, junk), code=ERROR))
        self.assertEqual(self.leftovers(), [])

    # --- what it writes -------------------------------------------------------------------------------

    def test_standard_output_that_is_full_or_closed(self):
        model, trace = self.convert(), self.folder / "t.npz"
        self.minnow("trace", model, "-i", "x=const:1", "-o", trace)
        runs = [["info", model], ["info", model, "--json"], ["info", model, "--operators"],
                ["info", model, "--graph", "-"], ["run", model, "x=const:1"], ["run", model, "x=const:1", "--json"],
                ["hash", model, "x=const:1"], ["hash", model, "x=const:1", "--json"], ["bench", model, "--runs", "1"],
                ["bench", model, "--runs", "1", "--json"], ["bench", model, "--runs", "1", "--profile"],
                ["memory", model], ["memory", model, "--json"], ["memory", model, "--budget", "1"],
                ["convert", self.onnx, "-o", self.folder / "c.minnow"], ["convert", "--list-passes"],
                ["trace", model, "x=const:1", "-o", self.folder / "u.npz"], ["conformance", self.folder],
                ["diff", trace, trace], ["diff", trace, trace, "--json"], ["replay", model, "--reference", trace],
                ["--help"], ["info", "--help"], ["--version"]]
        self.file("model.onnx", self.onnx.read_bytes())
        for arguments in runs:
            code = CANNOT_COMPARE if arguments[0] in ("diff", "replay") else ERROR
            command = [MINNOW, *map(str, arguments)]
            for end in (["sh", "-c", 'exec "$@" >&-', "sh", *command], command):
                with open("/dev/full", "w") as full:
                    done = subprocess.run(end, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
                self.assertEqual(done.returncode, code, (end, done.stderr))
                self.assertIn("standard output", done.stderr, end)

    def test_no_output_is_written_over_an_input(self):
        model, trace = self.convert(), self.folder / "t.npz"
        self.minnow("trace", model, "-i", "x=random:3", "-o", trace)
        data = self.file("o/x.npy", npy("(1, 3, 4, 5)", [1.0] * 60)) if (self.folder / "o").mkdir() is None else None
        self.file("o/y.npy", data.read_bytes())
        places = {}
        for name, file in (("onnx", self.onnx), ("model", model), ("trace", trace), ("data", data)):
            (self.folder / f"{name}.soft").symlink_to(file)
            (self.folder / f"{name}.hard").hardlink_to(file)
            places[name] = [file, self.folder / ".." / self.folder.name / file.relative_to(self.folder),
                            self.folder / f"{name}.soft", self.folder / f"{name}.hard"]
        before = {file: file.read_bytes() for names in places.values() for file in names}
        refused = []
        for place in places["onnx"]:
            refused += [["convert", self.onnx, "-o", place], ["info", self.onnx, "--graph", place],
                        ["memory", self.onnx, "--svg", place]]
        for place in places["model"]:
            refused += [["memory", self.onnx, model, "--html", place], ["info", model, "--graph", place],
                        ["trace", model, "x=const:1", "-o", place],
                        ["replay", model, "--reference", trace, "--html", place]]
        for place in places["trace"]:
            refused += [["diff", trace, trace, "--html", place],
                        ["replay", model, "--reference", trace, "--html", place]]
        for place in places["data"]:
            refused += [["convert", self.onnx, "--value", f"x={data}", "-o", place],
                        ["trace", model, f"x={data}", "-o", place]]
        refused += [["run", model, f"x={self.folder}/o/y.npy", "--output-dir", self.folder / "o"],
                    ["run", model, f"x={self.folder}/o/x.npy", "--save-inputs", self.folder / "o"],
                    ["memory", model, "--svg", self.folder / "same", "--html", self.folder / "same"],
                    ["memory", model, "--svg", self.folder / "same", "--html", self.folder / "." / "o/../same"]]
        for arguments in refused:
            self.assertIn("would be written over", self.minnow(*arguments, code=USAGE), arguments)
        for file, content in before.items():
            self.assertEqual(file.read_bytes(), content, file)
        self.assertFalse((self.folder / "same").exists())
        self.assertEqual(self.leftovers(), [])

    def test_no_output_is_written_over_a_model_s_weights(self):
        """External data of a tensor at the top, in a node, in a branch, in a function."""
        def tensor(place):
            return (field(1, 5) + field(2, 1) + field(8, "w") + field(14, 1)
                    + field(13, field(1, "location") + field(2, place)))

        def node(place, sub=b""):
            value = field(1, "value") + field(5, tensor(place)) + field(20, 4)
            return field(2, "c") + field(4, "Constant") + field(5, value) + sub

        branch = field(5, field(1, "body") + field(6, field(5, tensor("branch.bin"))) + field(20, 5))
        graph = (field(1, node("node.bin", branch)) + field(2, "g") + field(5, tensor("top.bin"))
                 + field(12, value_info("c", [5])))
        function = field(1, "f") + field(7, node("function.bin")) + field(10, "d")
        onnx = self.file("outside.onnx", field(1, 8) + field(7, graph) + field(25, function)
                         + field(8, field(1, "") + field(2, 13)))
        weights = struct.pack("<5f", *WEIGHTS)
        for name in ("top", "node", "branch", "function"):
            file = self.file(f"{name}.bin", weights)
            (self.folder / f"{name}.soft").symlink_to(file)
            for place in (file, self.folder / f"{name}.soft"):
                for arguments in (["convert", onnx, "-o", place], ["info", onnx, "--graph", place],
                                  ["trace", onnx, "x=const:1", "-o", place]):
                    message = self.minnow(*arguments, code=USAGE)
                    self.assertIn("would be written over", message, arguments)
            self.assertEqual(file.read_bytes(), weights)

    def test_an_input_given_twice_is_refused(self):
        model = self.convert()
        for arguments in (["convert", self.onnx, "--shape", "x=1,3,4,5", "--shape", "x=1,3,4,6"],
                          ["convert", self.onnx, "--value", "x=1", "--value", "x=2"],
                          ["run", model, "--input", "x=const:1", "--input", "x=const:2"],
                          ["run", model, "x=const:1", "x=const:1"]):
            self.assertIn("'x' is given twice", self.minnow(*arguments, code=USAGE), arguments)

    def test_an_interrupted_write_leaves_nothing(self):
        model = self.file("large.onnx", onnx_model(["Relu", "Sigmoid"] * 20, [1, 64, 128, 128]))
        numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
        try:  # where files can be without a name, not even a killed process leaves one
            os.close(os.open(self.folder, os.O_TMPFILE | os.O_WRONLY))
            numbers.append(signal.SIGKILL)
        except (AttributeError, OSError):
            pass
        for number in numbers:
            process = subprocess.Popen([MINNOW, "trace", str(model), "x=const:1", "-o", str(self.folder / "t.npz")],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            opened = pathlib.Path(f"/proc/{process.pid}/fd")
            while process.poll() is None and not self.is_writing(opened):
                time.sleep(.001)
            process.send_signal(number)
            self.assertEqual(process.wait(timeout=60), -number)
            self.assertFalse((self.folder / "t.npz").exists())
            self.assertEqual(self.leftovers(), [])

    def is_writing(self, descriptors):
        """Whether a process has a file of the test's folder open to write it."""
        for entry in descriptors.iterdir():
            try:
                flags = int(re.search(r"flags:\s*(\d+)", (descriptors.parent / "fdinfo" / entry.name).read_text())[1], 8)
                if flags & 3 and str(entry.readlink()).startswith(str(self.folder.resolve())):
                    return True
            except OSError:
                pass
        return False

    def test_names_that_are_not_utf8(self):
        odd = os.fsencode(self.folder) + b"/\xff\xfe.onnx"
        with open(odd, "wb") as file:
            file.write(self.onnx.read_bytes())
        model = odd.replace(b".onnx", b".minnow")
        trace = self.folder / "t.npz"
        for arguments in (["convert", odd, "-o", model], ["info", model], ["run", model, "x=const:1"],
                          ["hash", model, "x=const:1"], ["bench", model, "--runs", "1"], ["memory", model]):
            done = subprocess.run([MINNOW, *arguments, "--json"], capture_output=True, check=False)
            self.assertEqual(done.returncode, OK, (arguments, done.stderr))
            self.assertIn("\ufffd", json.dumps(json.loads(done.stdout), ensure_ascii=False), arguments)
        subprocess.run([MINNOW, "trace", model, "x=const:1", "-o", trace], check=True, stdout=subprocess.DEVNULL)
        done = subprocess.run([MINNOW, "replay", model, "--reference", trace, "--json"], capture_output=True, check=False)
        self.assertEqual((done.returncode, json.loads(done.stdout)["result"]), (OK, "equal"))

    def test_weights_that_are_damaged(self):
        model, reference = self.weighty(), self.folder / "reference.npz"
        self.minnow("trace", model, "x=random:3", "-o", reference)
        self.assertIn(", verified", self.minnow("info", model, "--verify"))
        whole, weights = model.read_bytes(), struct.pack("<5f", *WEIGHTS)
        self.assertEqual(whole.count(weights), 1)
        model.write_bytes(whole.replace(weights, weights[:-4] + struct.pack("<f", 4)))
        self.assertFalse(json.loads(self.minnow("info", model, "--json"))["weights_verified"])
        for arguments in (["info", model, "--verify"], ["run", model, "x=random:3"], ["hash", model, "x=random:3"],
                          ["trace", model, "x=random:3", "-o", self.folder / "t.npz"],
                          ["replay", model, "--reference", reference]):
            code = CANNOT_COMPARE if arguments[0] == "replay" else ERROR
            said = self.minnow(*arguments, code=code)
            self.assertIn(f"{model}: the weights are damaged", said, arguments)
        self.assertFalse((self.folder / "t.npz").exists())

    def test_a_compressed_trace_may_not_take_much_memory(self):
        a = self.saved_trace("a.npz", {"x": [1, 2]}, inputs=["x"])
        bomb = self.folder / "bomb.npz"
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.npy", npy("(2,)", [1, 2]))
            archive.writestr("minnow.json", '{"format": "minnow-trace", "format_version": 1, "operators": ['
                             + "{}," * 4_000_000 + "{}]}")
        self.assertLess(bomb.stat().st_size, 100_000)

        def limit():
            if b"__asan_init" not in pathlib.Path(MINNOW).read_bytes():  # which wants terabytes of addresses
                resource.setrlimit(resource.RLIMIT_AS, (500 << 20, 500 << 20))

        said = self.minnow("diff", a, bomb, code=CANNOT_COMPARE, preexec_fn=limit)
        self.assertRegex(said, "bomb.npz: entry 'minnow.json' is compressed (and would grow to 12000[0-9]{3} bytes, 2097152 "
                         "are allowed|in a way)|which this build does not read")

    def test_a_full_disk(self):
        model = self.convert()
        out = self.folder / "o"

        def few_bytes():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

        self.minnow("run", model, "--input", "x=const:1", "--output-dir", out, code=ERROR, preexec_fn=few_bytes)
        self.assertEqual(list(out.iterdir()), [])
        again = self.folder / "again.minnow"
        self.minnow("convert", self.onnx, "-o", again, code=ERROR, preexec_fn=few_bytes)
        for option in ("--svg", "--html"):
            self.minnow("memory", model, option, again, code=ERROR, preexec_fn=few_bytes)
        self.assertFalse(again.exists())
        self.assertEqual(self.leftovers(), [])

    def test_conformance_of_a_hostile_case(self):
        case = self.folder / "cases/broken"
        (case / "test_data_set_0").mkdir(parents=True)
        (case / "model.onnx").write_bytes(b"junk")
        out = self.minnow("conformance", self.folder / "cases", "--json", code=ERROR)
        self.assertEqual(json.loads(out)["totals"]["fail"], 1)


if __name__ == "__main__":
    unittest.main()
