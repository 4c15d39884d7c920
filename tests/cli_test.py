#!/usr/bin/env python3
"""The command line from outside: what it prints, exit codes, and bad input of every kind.

Usage: cli_test.py MINNOW      (nothing but Python's standard library)
"""
import json
import pathlib
import random
import resource
import struct
import subprocess
import sys
import tempfile
import unittest

from tiny_onnx import onnx_model

MINNOW = sys.argv.pop(1) if len(sys.argv) > 1 else "build/minnow"
OK, ERROR, USAGE, UNSUPPORTED = 0, 1, 2, 3


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

    def minnow(self, *arguments, code=OK, **more):
        done = subprocess.run([MINNOW, *map(str, arguments)], capture_output=True, text=True, errors="replace",
                              timeout=120, check=False, **more)
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}{done.stderr}")
        return done.stdout if code == OK else done.stderr + done.stdout

    def convert(self):
        path = self.folder / "tiny.minnow"
        self.minnow("convert", self.onnx, "-o", path)
        return path

    def leftovers(self):
        return [p.name for p in self.folder.rglob("*") if ".part" in p.name]

    # --- what it does ---------------------------------------------------------------------------------

    def test_help_has_examples(self):
        for verb in ("convert", "info", "run", "bench", "conformance"):
            self.assertIn("Examples:", self.minnow(verb, "--help"))

    def test_convert_info_run(self):
        model = self.convert()
        info = json.loads(self.minnow("info", model, "--json", "--graph", self.folder / "g.dot"))
        self.assertEqual(info["inputs"], [{"name": "x", "type": "float32", "shape": [1, 3, 4, 5]}])
        self.assertGreater(info["memory"]["predicted_peak_bytes"], 0)
        self.assertTrue((self.folder / "g.dot").read_text().startswith("digraph"))
        run = json.loads(self.minnow("run", model, "--input", "x=const:0", "--output-dir", self.folder / "o", "--json"))
        self.assertEqual(run["outputs"][0]["min"], 0.5)
        self.assertEqual(run["outputs"][0]["shape"], [1, 3, 4, 5])
        self.assertEqual((self.folder / "o/y.npy").stat().st_size, 128 + 4 * 60)

    def test_onnx_and_minnow_give_the_same(self):
        model = self.convert()
        for path, out in ((model, "a"), (self.onnx, "b")):
            self.minnow("run", path, "--input", "all=random:3", "--output-dir", self.folder / out)
        self.assertEqual((self.folder / "a/y.npy").read_bytes(), (self.folder / "b/y.npy").read_bytes())

    def test_bench_json(self):
        rows = json.loads(self.minnow("bench", self.onnx, self.convert(), "--runs", "3", "--json"))
        self.assertEqual(len(rows), 2)
        for row in rows:
            self.assertEqual(set(row), {"model", "threads", "load_ms", "create_ms", "first_ms", "min_ms",
                                        "median_ms", "p90_ms"})

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

    # --- what it refuses ------------------------------------------------------------------------------

    def test_usage(self):
        for arguments in ([], ["paint"], ["run"], ["run", self.onnx, "--input", "x"],
                          ["run", self.onnx, "--input", "x=const:abc"], ["run", self.onnx, "--shape", "x=1,b"],
                          ["bench", self.onnx, "--threads", "0"], ["convert"],
                          ["run", self.onnx, "--resize", "sideways"]):
            self.minnow(*arguments, code=USAGE)

    def test_unsupported_nodes_are_all_named(self):
        model = self.file("odd.onnx", onnx_model(["Relu", "NoSuchOp", "Relu", "NorThisOne"], [1, 2]))
        said = self.minnow("convert", model, "-o", self.folder / "odd.minnow", code=UNSUPPORTED)
        for word in ("NoSuchOp", "NorThisOne", "opset 13"):
            self.assertIn(word, said)
        self.assertFalse((self.folder / "odd.minnow").exists())

    def test_missing_things_are_named(self):
        model = self.convert()
        self.assertIn("absent.onnx", self.minnow("convert", self.folder / "absent.onnx", code=ERROR))
        self.assertIn("absent.minnow", self.minnow("run", self.folder / "absent.minnow", code=ERROR))
        self.assertIn("x", self.minnow("run", model, code=ERROR))
        self.assertIn("nothing", self.minnow("run", model, "--input", "nothing=const:1", code=ERROR))
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
        self.assertEqual(self.leftovers(), [])

    def test_a_full_disk(self):
        model = self.convert()
        out = self.folder / "o"

        def few_bytes():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

        self.minnow("run", model, "--input", "x=const:1", "--output-dir", out, code=ERROR, preexec_fn=few_bytes)
        self.assertEqual(list(out.iterdir()), [])
        again = self.folder / "again.minnow"
        self.minnow("convert", self.onnx, "-o", again, code=ERROR, preexec_fn=few_bytes)
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
