#!/usr/bin/env python3
"""Pages in a browser: nothing fails in their scripts, every drawing has a size, nothing is loaded from elsewhere.

Usage: pages_test.py MINNOW      (Python's standard library, and Debian's chromium; without it exit code 77)
"""
import html
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile

from tiny_onnx import onnx_model

MINNOW = sys.argv.pop(1) if len(sys.argv) > 1 else "build/minnow"
CHROMIUM = shutil.which("chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--virtual-time-budget=5000"]

# Before the page's own scripts, and after everything.
LISTEN = "<script>window.failures = []; addEventListener('error', e => failures.push(String(e.message)));</script>"
PROBE = """<script>addEventListener('load', async () => {
  const sizes = selector => [...document.querySelectorAll(selector)].map(e => {
    const box = e.getBoundingClientRect(); return [box.width, box.height]; });
  const pictures = await Promise.all([...document.querySelectorAll('image')].map(async e => {
    const picture = new Image(); picture.src = e.getAttribute('href');
    try { await picture.decode(); } catch (error) { failures.push(String(error)); }
    return [picture.naturalWidth, picture.naturalHeight]; }));
  const heads = document.querySelectorAll('.rows th'); heads[4]?.click();
  const found = {failures, pictures, heading: document.querySelector('h1').textContent, svgs: sizes('svg'),
    images: sizes('image'), dots: document.querySelectorAll('circle.dot').length, width: innerWidth,
    pageWidth: document.documentElement.scrollWidth, rows: [...document.querySelectorAll('.rows tbody tr')].map(e => e.id)};
  const out = document.createElement('pre'); out.id = 'found'; out.textContent = JSON.stringify(found);
  document.body.append(out);
});</script>"""


def npy(shape, values):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {tuple(shape)}, }}".encode()
    header += b" " * (63 - (10 + len(header)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack(f"<{len(values)}f", *values)


class Pages(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.folder = pathlib.Path(self.temporary.name)

    def tearDown(self):
        self.temporary.cleanup()

    def minnow(self, *arguments, code=0):
        done = subprocess.run([MINNOW, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)

    def look(self, page, width):
        """What the probe found in the page as a browser shows it."""
        text = page.read_text()
        self.assertNotRegex(text, r"(src|href)=\"(?!#|data:)")
        self.assertNotRegex(text, r"@import|url\(")
        probed = self.folder / "probed.html"
        probed.write_text(text.replace("<head>", "<head>" + LISTEN, 1).replace("</body>", PROBE + "</body>"))
        done = subprocess.run([CHROMIUM, *FLAGS, f"--user-data-dir={self.folder}/profile", f"--window-size={width},800",
                               "--dump-dom", probed.as_uri()], capture_output=True, text=True, timeout=240, check=False)
        found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
        self.assertTrue(found, done.stdout[-2000:] + done.stderr[-2000:])
        found = json.loads(html.unescape(found[1]))
        self.assertEqual(found["failures"], [])
        self.assertGreater(len(found["svgs"]), 0)
        for size in found["svgs"] + found["images"] + found["pictures"]:
            self.assertGreater(min(size), 0)
        self.assertLessEqual(found["pageWidth"], found["width"], "the page scrolls sideways")
        return found

    def trace(self, name, off):
        """Four operators in a row; the third's output differs in one element by `off`."""
        path = self.folder / name
        tensors = {f"t{i}": [0.01 * k for k in range(2 * 12 * 16)] for i in range(5)}
        tensors["t3"][200] += off
        operators = [{"name": f"op<{i}>", "type": "Conv", "kernel": "", "inputs": [f"t{i - 1}"], "outputs": [f"t{i}"]}
                     for i in range(1, 5)]
        with zipfile.ZipFile(path, "w") as archive:
            for tensor, values in tensors.items():
                archive.writestr(f"{tensor}.npy", npy((1, 2, 12, 16), values))
            archive.writestr("minnow.json", json.dumps({
                "format": "minnow-trace", "format_version": 1, "inputs": ["t0"], "outputs": ["t4"],
                "engine": {"name": "made up", "version": "1", "target": "", "threads": 1},
                "model": {"name": "made up", "checksum": ""}, "operators": operators, "tensors": {}}))
        return path

    def test_the_graph(self):
        model, page = self.folder / "tiny.onnx", self.folder / "graph.html"
        model.write_bytes(onnx_model(["Relu", "Sigmoid", "Exp"], [1, 3, 16, 16]))
        self.minnow("info", model, "--html", page)
        for width in (1300, 500):
            self.look(page, width)
        clicked = page.read_text().replace("</body>", "<script>document.getElementById('op2').dispatchEvent("
                                                      "new MouseEvent('click', {bubbles: true}));</script></body>")
        page.write_text(clicked)
        done = subprocess.run([CHROMIUM, *FLAGS, f"--user-data-dir={self.folder}/profile", "--dump-dom", page.as_uri()],
                              capture_output=True, text=True, timeout=240, check=False)
        aside = re.search(r"<aside>(.*?)</aside>", done.stdout, re.DOTALL)[1]
        self.assertIn("<h2>Sigmoid</h2>", aside)
        self.assertIn("1x3x16x16, 32 bits an element", aside)

    def test_diff(self):
        page = self.folder / "report.html"
        good, bad, nan = self.trace("a.npz", 0), self.trace("b.npz", 0.5), self.trace("c.npz", float("nan"))
        for wrong in (bad, nan):
            self.minnow("diff", wrong, good, "--html", page, code=1)
            for width in (1200, 500):  # 500: the browser's least
                found = self.look(page, width)
                self.assertEqual(found["heading"], "The first that differs: Conv op<3>")
                self.assertEqual(found["dots"], 8)
                self.assertEqual(found["pictures"], [[16, 12], [16, 12]])
                self.assertEqual(found["rows"][0], "row2")  # sorted by the largest error
        self.minnow("diff", good, good, "--html", page)
        self.assertEqual(self.look(page, 1200)["heading"], "Equal")

    def test_memory(self):
        model, page = self.folder / "tiny.onnx", self.folder / "memory.html"
        model.write_bytes(onnx_model(["Relu", "Sigmoid"], [1, 3, 4, 5]))
        self.minnow("memory", model, "--html", page)
        self.assertEqual(self.look(page, 1200)["heading"], "Memory")


if __name__ == "__main__":
    if CHROMIUM is None:
        print("chromium is not installed (scripts/setup.sh browser): skipped")
        sys.exit(77)
    unittest.main(verbosity=2)
