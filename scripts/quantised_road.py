#!/usr/bin/env python3
"""The road models in integers beside themselves in float: what they find in pictures, and how well it agrees.

Usage: quantised_road.py --build build --models FOLDER… --calibrate PICTURES --pictures PICTURES --out FOLDER

Each model of the table is converted, quantised by `minnow quantize` and by ONNX Runtime's quantize_static (MinMax, per channel,
of the same inputs; its file is then converted), and `road` runs all three on the pictures. Agreement with float: boxes of one class
that overlap by half or more, as a part of all boxes of either (2 matched / (found + float's)); text boxes with equal words; masks'
outlines as areas. Needs numpy, Pillow, onnx and onnxruntime.
"""
import argparse
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tomllib

import numpy
from PIL import Image, ImageDraw

HERE = pathlib.Path(__file__).resolve().parent.parent
TABLE = HERE / "apps/road/models.toml"
OVERLAP = 0.5


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **more)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


# Models -----------------------------------------------------------------------------------------------------------------------

def conversions(options):
    """{file name of the original: (path, name converted, shapes as an argument)}"""
    text = run(options.build / "road", "--table", TABLE, *[w for m in options.models for w in ("--models-dir", m)], "--list-conversions")
    found = {}
    for line in text.splitlines():
        onnx, name, shape = line.split("\t")
        found[pathlib.Path(onnx).name] = (pathlib.Path(onnx), name, shape)
    return found


def picture_words(entry):
    """How the table's model wants pictures, as options of the command line."""
    pre, words = entry.get("pre", {}), []
    number = lambda x: ",".join(map(str, x)) if isinstance(x, list) else str(x)
    for key, option in (("mean", "--mean"), ("scale", "--scale"), ("colour", "--color"), ("fit", "--resize"), ("alpha", "--alpha"),
                        ("pad", "--pad")):
        if key in pre:
            words += [option, number(pre[key])]
    return words


def crops(features, kinds, pictures, to, most):
    """What a model that reads crops is calibrated with: crops of what float models found."""
    to.mkdir(parents=True, exist_ok=True)
    made = 0
    for f in features:
        if made == most or (f["kind"] not in kinds and f.get("class") not in kinds):
            continue
        points = numpy.array(f.get("polygon") or f.get("box"), float).reshape(-1, 2)
        (left, top), (right, bottom) = points.min(0), points.max(0)
        if right - left < 8 or bottom - top < 8:
            continue
        Image.open(pictures[f["picture"]]).convert("RGB").crop((int(left), int(top), int(right), int(bottom))).save(to / f"{made:04}.png")
        made += 1
    return made


# Quantisers -------------------------------------------------------------------------------------------------------------------

def ours(options, entry, onnx, name, shape, folder, to):
    log = run(options.build / "minnow", "quantize", onnx, "--calibrate", folder, "-o", to / name, *(["--shape", shape] if shape else []),
              *picture_words(entry), *options.quantize, "--report", to / f"{entry['name']}.json")
    (to / f"{entry['name']}.txt").write_text(log)


def onnxruntimes(options, entry, onnx, name, shape, folder, to):
    import onnx as onnx_package
    from onnxruntime import quantization as q
    arrays = []
    fixed = shape.replace("..", " ").split("=")[1] if shape else ""
    most = ["--shape", f"{entry['input']}=" + ",".join(axis.split()[-1] for axis in fixed.split(","))] if shape else []
    work = to / "work"
    for picture in sorted(folder.iterdir()):
        if picture.suffix not in (".jpg", ".png", ".bmp"):
            continue
        run(options.build / "minnow", "run", onnx, "--input", f"{entry['input']}={picture}", *most, *picture_words(entry),
            "--save-inputs", work)
        arrays += [{entry["input"]: numpy.load(file)} for file in work.glob("*.npy")]
        shutil.rmtree(work)

    class Reader(q.CalibrationDataReader):
        rest = iter(arrays)

        def get_next(self):
            return next(self.rest, None)

    prepared, made = to / f"{onnx.stem}.prepared.onnx", to / f"{onnx.stem}.onnx"
    q.shape_inference.quant_pre_process(str(onnx), str(prepared), skip_symbolic_shape=True)
    q.quantize_static(str(prepared), str(made), Reader(), quant_format=q.QuantFormat.QDQ, per_channel=True,
                      activation_type=q.QuantType.QUInt8, weight_type=q.QuantType.QInt8)
    run(options.build / "minnow", "convert", made, "-o", to / name, *(["--shape", shape] if shape else []))


# Agreement --------------------------------------------------------------------------------------------------------------------

def found_by(options, models, pictures, out):
    if not (out / "features.jsonl").exists():
        folders = [models, *options.models]
        run(options.build / "road", *[w for f in folders for w in ("--models-dir", f)], "--table", TABLE, "--images", *pictures, "--out", out)
    return [json.loads(line) for line in (out / "features.jsonl").read_text().splitlines()]


def box_of(f):
    points = numpy.array(f.get("box") or f.get("polygon") or f.get("line"), float).reshape(-1, 2)
    return (*points.min(0), *points.max(0))


def overlap(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    area = lambda r: (r[2] - r[0]) * (r[3] - r[1])
    return both / max(area(a) + area(b) - both, 1e-9)


def likeness(x, y):
    """Of boxes what they share; of line segments 1 where both ends are within 8 pixels."""
    if "line" not in x:
        return overlap(box_of(x), box_of(y))
    a, b = numpy.array(x["line"], float).reshape(-1, 2), numpy.array(y["line"], float).reshape(-1, 2)
    return float(any(abs(a - c).max() <= 8 for c in (b, b[::-1]))) if a.shape == b.shape else 0.0


def matches(a, b):
    """Pairs of features of one class, each in one pair, those that overlap most first."""
    pairs = sorted(((likeness(x, y), i, j) for i, x in enumerate(a) for j, y in enumerate(b)
                    if x.get("class") == y.get("class")), reverse=True)
    used_a, used_b, found = set(), set(), []
    for o, i, j in pairs:
        if o >= OVERLAP and i not in used_a and j not in used_b:
            used_a.add(i), used_b.add(j)
            found.append((a[i], b[j]))
    return found


def mask(features, size):
    image = Image.new("1", size)
    draw = ImageDraw.Draw(image)
    for f in features:
        points = [tuple(p) for p in numpy.array(f.get("polygon") or f.get("line"), float).reshape(-1, 2)]
        draw.polygon(points, fill=1) if "polygon" in f else draw.line(points, fill=1, width=7)
    return numpy.array(image)


def agreement(float_found, found, sizes):
    """{model: (kind of figure, agreement, count in float, count)}"""
    by = lambda features: {k: [f for f in features if (f["picture"], f["model"], f["kind"]) == k]
                           for k in {(f["picture"], f["model"], f["kind"]) for f in features}}
    a, b = by(float_found), by(found)
    sums = collections.defaultdict(lambda: [0, 0, 0])
    words = collections.defaultdict(lambda: [0, 0, 0])
    areas = collections.defaultdict(lambda: [0, 0])
    for key in sorted(set(a) | set(b)):
        picture, model, kind = key
        x, y = a.get(key, []), b.get(key, [])
        if kind in ("area", "lane"):
            m, n = mask(x, sizes[picture]), mask(y, sizes[picture])
            areas[f"{model} {kind}"][0] += int((m & n).sum())
            areas[f"{model} {kind}"][1] += int((m | n).sum())
            continue
        pairs = matches(x, y)
        for i, more in enumerate((len(pairs), len(x), len(y))):
            sums[f"{model} {kind}"][i] += more
        if kind == "text" and "text" in (x + y)[0]:
            for i, more in enumerate((sum(p["text"] == r["text"] for p, r in pairs), len(x), len(y))):
                words[f"{model} words"][i] += more
    return {**{k: (2 * m / (n + o), n, o) for k, (m, n, o) in [*sums.items(), *words.items()]},
            **{k: (both / max(either, 1), both, either) for k, (both, either) in areas.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("build", "calibrate", "out"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--models", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--pictures", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--only", default="", help="models whose name has this in it")
    parser.add_argument("--float", nargs="*", default=[], help="models that stay float")
    parser.add_argument("--without", nargs="*", default=[], help="onnxruntime: leave it out")
    parser.add_argument("--quantize", nargs="*", default=[], help="more options of minnow quantize: --quantize=--ranges=minmax")
    options = parser.parse_args()
    table = tomllib.loads(TABLE.read_text())["model"]
    out = options.out
    originals = conversions(options)
    entries = [(e, *originals[e["onnx"]]) for e in table if e["onnx"] in originals and options.only in e["name"]]

    floats = out / "float-models"
    floats.mkdir(parents=True, exist_ok=True)
    for entry, onnx, name, shape in entries:
        if not (floats / name).exists():
            run(options.build / "minnow", "convert", onnx, "-o", floats / name, *(["--shape", shape] if shape else []))
    listed = [p for given in options.pictures for p in (sorted(given.iterdir()) if given.is_dir() else [given])
              if p.suffix in (".jpg", ".png", ".bmp")]
    sizes = {p.name: Image.open(p).size for p in listed}
    float_found = found_by(options, floats, listed, out / "float")
    calibration = {p.name: p for p in sorted(options.calibrate.iterdir()) if p.suffix in (".jpg", ".png", ".bmp")}
    seen = found_by(options, floats, calibration.values(), out / "float-calibration")

    results = {}
    for engine, quantiser in (("minnow", ours), ("onnxruntime", onnxruntimes)):
        if engine in options.without:
            continue
        folder = out / f"{engine}-models"
        folder.mkdir(exist_ok=True)
        for entry, onnx, name, shape in entries:
            if (folder / name).exists():
                continue
            if entry["name"] in options.float:
                shutil.copy(floats / name, folder / name)
                continue
            pictures = options.calibrate
            if "of" in entry:
                pictures = out / "crops" / entry["name"]
                if not pictures.exists():
                    crops(seen, [entry["of"]] if isinstance(entry["of"], str) else entry["of"], calibration, pictures, 64)
            try:
                if not any(pictures.iterdir()):
                    raise RuntimeError("nothing to calibrate with")
                quantiser(options, entry, onnx, name, shape, pictures, folder)
            except Exception as error:  # told, and left in float
                print(f"{engine} {entry['name']}: {str(error)[-400:]}", file=sys.stderr)
        results[engine] = agreement(float_found, found_by(options, folder, listed, out / engine), sizes)
    engines = list(results)
    print("| what | " + " | ".join(f"{e}: agreement (float's, its)" for e in engines) + " |\n|---|" + "---|" * len(engines))
    for key in sorted({k for r in results.values() for k in r}):
        cells = [f"{r[key][0]:.3f} ({r[key][1]}, {r[key][2]})" if key in r else "–" for r in results.values()]
        print(f"| {key} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
