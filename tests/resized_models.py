#!/usr/bin/env python3
"""Real models: converted for one shape and resized to others they give the bits of conversions for those shapes.

Usage: resized_models.py PROGRAM
Exit code 77 when no model is on this machine. (Nothing but Python's standard library.)
"""
import json
import pathlib
import subprocess
import sys
import tempfile

from real_models import ROOT, count_required, find

# Converted for the first shape.
SHAPES = {
    "ppocr_det_320": [[1, 3, 320, 320], [1, 3, 96, 64], [1, 3, 480, 640], [1, 3, 640, 640], [1, 3, 736, 1280]],
    "ppocr_rec": [[1, 3, 48, 320], *([1, 3, 48, width] for width in (32, 48, 100, 160, 640, 960)), [2, 3, 48, 64]],
    "ppocr_cls": [[1, 3, 48, 192], [1, 3, 48, 96], [3, 3, 48, 192]],
    "ultraface_RFB_320": [[1, 3, 240, 320], [2, 3, 240, 320]],
}


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"FAILED {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def main():
    program = sys.argv[1]
    rows = [row for row in json.loads((ROOT / "tests/golden/models.json").read_text())["models"] if row["id"] in SHAPES]
    wrong = count_required(row["file"] for row in rows)
    found = [row for row in rows if find(row["file"])]
    if not found:
        sys.exit(1 if wrong else 77)
    with tempfile.TemporaryDirectory() as folder:
        model, fresh = (pathlib.Path(folder) / name for name in ("model.minnow", "fresh.minnow"))
        for row in found:
            shapes = [f"{row['input']}={','.join(map(str, shape))}" for shape in SHAPES[row["id"]]]
            run(program, "convert", find(row["file"]), "-o", model, "--shape", shapes[0])
            for shape in shapes[1:]:
                run(program, "convert", find(row["file"]), "-o", fresh, "--shape", shape)
                expected = run(program, "hash", fresh, "-i", "all=random:7")
                actual = run(program, "hash", model, "-i", "all=random:7", "--shape", shape)
                wrong += actual != expected
                print(f"{'same ' if actual == expected else 'WRONG'} {row['id']} {shape}", flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
