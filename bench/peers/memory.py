#!/usr/bin/env python3
"""Memory of twelve road models resident at once: Minnow, MNN, ncnn and ONNX Runtime on one machine in one run.

Usage: memory.py --minnow build/minnow --resident build/bench/resident [--json FILE] FOLDER…

Every engine has a process of its own that loads all models found below the folders, keeps them, runs each twice with one
thread in float32, and is then looked at from outside (/proc: smaps_rollup, smaps, status). "above" is what it has more
than the same process with no model: the interpreter of Python, the engine's libraries and their start-up are taken
away. MB are 10^6 bytes. Where Minnow's bytes lie follows, by what the system says is mapped there.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import conversions

# File, its one input, the shape.
MODELS = [
    ("FastestDet_352", "input.1", [1, 3, 352, 352]),
    ("face_detection_front_128x128_barracuda", "input:0", [1, 128, 128, 3]),
    ("face_detection_back_256x256_barracuda", "input:0", [1, 256, 256, 3]),
    ("gtsrb_mobile_dmitry", "input", [1, 30, 30, 3]),
    ("mlsd_320x320_tiny", "input_image_with_alpha:0", [1, 320, 320, 4]),
    ("nanodet_m_320", "input.1", [1, 3, 320, 320]),
    ("ch_PP-OCRv4_det_infer", "x", [1, 3, 320, 320]),
    ("ch_PP-OCRv4_rec_infer", "x", [1, 3, 48, 320]),
    ("ch_ppocr_mobile_v2.0_cls_infer", "x", [1, 3, 48, 192]),
    ("twinlitenet_360x640", "images", [1, 3, 360, 640]),
    ("ultraface_RFB_320", "input", [1, 3, 240, 320]),
    ("yolox_nano_416", "images", [1, 3, 416, 416]),
]
PEERS = [("mnn", "MNN, a runtime each"), ("mnn-shared", "MNN, one runtime"), ("ncnn", "ncnn"),
         ("ncnn-shared", "ncnn, one pool"), ("onnxruntime", "ONNX Runtime"), ("onnxruntime-no-arena", "ONNX Runtime, no arena")]
FIGURES = ["anonymous", "file_backed", "pss", "peak"]


def for_minnow(options, source, entry, shape, folder):
    return conversions.for_minnow(options.minnow, source, {entry: shape}, folder / (source.stem + ".minnow"))


def for_mnn(options, source, entry, shape, folder):
    return conversions.for_mnn(source, folder / (source.stem + ".mnn"))


def for_ncnn(options, source, entry, shape, folder):
    return conversions.for_ncnn(source, {entry: shape}, folder / (source.stem + ".param"))


def converted(convert, options, sources, folder):
    """[[file, shape]…] of what could be converted, {model: reason} of the rest."""
    made, failed = [], {}
    for source, entry, shape in sources:
        try:
            made.append([str(convert(options, source, entry, shape, folder)), shape])
        except Exception as error:
            failed[source.stem] = str(error)
    return made, failed


def rollup(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    of = {name: int(kb) * 1024 for name, kb in re.findall(r"^(\w+): +(\d+) kB", text, re.M)}
    peak = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
    return {"anonymous": of["Anonymous"], "file_backed": of["Rss"] - of["Anonymous"], "pss": of["Pss"],
            "peak": int(peak[1]) * 1024}


def place(name, program):
    if name.endswith(".minnow"):
        return "model files"
    if name == program:
        return "the program"
    if name.startswith("/"):
        return "shared libraries"
    return name.strip("[]") or "mapped by malloc"


def places(pid, program):
    """{place: [anonymous, file-backed]} of everything mapped."""
    sums, here = collections.defaultdict(lambda: [0, 0]), None
    resident = 0
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if mapped := re.match(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)", line):
            here = sums[place(mapped[1], program)]
        elif line.startswith("Rss:"):
            resident = int(line.split()[1]) * 1024
        elif line.startswith("Anonymous:"):
            anonymous = int(line.split()[1]) * 1024
            here[0] += anonymous
            here[1] += resident - anonymous
    return {name: of for name, of in sorted(sums.items(), key=lambda item: -sum(item[1])) if sum(of)}


def look(command):
    """Starts a process, waits for its line of JSON, reads what the system says of it, lets it end."""
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=environment) as process:
        line = ""
        for line in process.stdout:
            if line.startswith("{"):
                break
        else:
            raise RuntimeError(f"{command[0]} ended early: {process.stderr.read().strip()}")
        seen = rollup(process.pid)
        seen["places"] = places(process.pid, os.path.realpath(command[0]))
        process.communicate()
    return seen | json.loads(line)


def above(full, empty):
    return {name: full[name] - empty[name] for name in FIGURES}


def measure(name, command, empty_command, models, failed):
    empty, full = look(empty_command), look(command)
    failed = failed | {pathlib.Path(path).stem: reason for path, reason in full.get("failed", {}).items()}
    return {"engine": name, "models": models - len(failed), "failed": failed, "empty": empty, "full": full,
            "above": above(full, empty)}


def table(rows):
    print("| engine | models | anonymous | above | file-backed | above | Pss | above | peak (VmHWM) | above |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        cells = [f"{row[part][name] / 1e6:.1f}" for name in FIGURES for part in ("full", "above")]
        print(f"| {row['engine']} | {row['models']} | {' | '.join(cells)} |")


def breakdown(row):
    seen = row["full"]
    print(f"\nMinnow, of which: arena {seen['arena'] / 1e6:.2f} MB; weights {seen['weights'] / 1e6:.2f} MB in files of "
          f"{seen['models'] / 1e6:.2f} MB\n\n| where | anonymous | without models | file-backed | without models |")
    print("|---|---|---|---|---|")
    for name, sizes in seen["places"].items():
        before = row["empty"]["places"].get(name, [0, 0])
        print(f"| {name} | " + " | ".join(f"{size / 1e6:.2f}" for pair in zip(sizes, before) for size in pair) + " |")


def find_models(folders):
    sources, absent = [], []
    for stem, entry, shape in MODELS:
        found = sorted(path for folder in folders for path in pathlib.Path(folder).rglob(stem + ".onnx"))
        sources += [(found[0], entry, shape)] if found else []
        absent += [] if found else [stem]
    return sources, absent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--minnow", default="build/minnow")
    parser.add_argument("--resident", default="build/bench/resident")
    parser.add_argument("--json")
    options = parser.parse_args()
    sources, absent = find_models(options.folders)
    if absent:
        print(f"{len(sources)} of {len(MODELS)} models; absent: {', '.join(absent)}\n")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        made, failed = converted(for_minnow, options, sources, folder)
        rows = [measure("Minnow", [options.resident, *(path for path, _ in made)], [options.resident], len(sources),
                        failed)]
        files = {"mnn": converted(for_mnn, options, sources, folder),
                 "ncnn": converted(for_ncnn, options, sources, folder),
                 "onnxruntime": ([[str(source), shape] for source, _, shape in sources], {})}
        script = str(pathlib.Path(__file__).parent / "resident.py")
        for engine, title in PEERS:
            made, failed = files[engine.split("-")[0]]
            start = [sys.executable, script, engine]
            rows.append(measure(title, [*start, json.dumps(made)], [*start, "[]"], len(sources), failed))
    table(rows)
    print()
    for row in rows:
        for model, reason in row["failed"].items():
            print(f"{row['engine']} without {model}: {reason}")
    breakdown(rows[0])
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"absent": absent, "engines": rows}, indent=1))


if __name__ == "__main__":
    main()
