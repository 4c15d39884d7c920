#!/usr/bin/env python3
"""Minnow beside ncnn and MNN on ARM, without a board: executed instructions and estimated cycles of one inference.

Usage: table.py --minnow ARM_BINARY --native BINARY --python FOLDER --work FOLDER [--json FILE]
                MODEL.onnx[:NAME=1,3,H,W]…

FOLDER of --python is what scripts/arm_python.sh makes; in that of --work what has been counted is kept, so that a peer
is run once, and Minnow when its binary or the model changed. One thread, float32, batch 1, as a Cortex-A53 (no fp16, no
dot product); Minnow, which asks its core whether it issues in order, also as a Cortex-A72. Each engine's outputs are held against ONNX Runtime's before anything counts. Cycles are estimates: what
they leave out is in docs/speed.md.
"""
import argparse
import dataclasses
import hashlib
import json
import math
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE.parent / "peers"
sys.path.insert(0, str(PEERS))

import numpy as np

import conversions
import counting
import engines
import minnow_run
import pricing
import subjects

COLUMNS = ["instructions", "in order", *pricing.CORES]
HEADINGS = ["instructions", "instructions in order", *(core.upper() + " cycles" for core in pricing.CORES)]
CPUS = [counting.IN_ORDER, counting.OUT_OF_ORDER]
TITLES = {"minnow": "Minnow", "ncnn": "ncnn", "mnn": "MNN"}


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.root, self.site = options.python / "root", options.python / "site"
        self.interpreter = next(self.root.glob("usr/bin/python3.*"))

    def counted_minnow(self, subject, cpu):
        model = conversions.for_minnow(self.options.native, subject.path, subject.shapes, self.folder / "model.minnow")
        program = self.options.minnow
        emulated = ["nice", "-n", "19", "qemu-aarch64", "-cpu", cpu, program]
        found = minnow_run.outputs(emulated, model, subject.feed, subject.outputs)
        return counting.count_minnow(program, model, self.options.work, cpu), found

    def counted_peer(self, subject, engine):
        model = (conversions.for_mnn(subject.path, self.folder / "model.mnn") if engine == "mnn" else
                 conversions.for_ncnn(subject.path, subject.shapes, self.folder / "model.param"))
        feed, out = self.folder / "feed.npz", self.folder / "out.npz"
        np.savez(feed, **subject.feed)
        command = [self.interpreter, HERE / "infer.py", engine, model, feed, ",".join(subject.outputs), out]
        environment = {"PYTHONPATH": f"{self.site}:{PEERS}", "PYTHONDONTWRITEBYTECODE": "1"}
        text, _ = counting.run(command, counting.GETPRIORITY, self.options.work, environment=environment, root=self.root)
        return counting.blocks_of(text), list(np.load(out).values())

    def counted(self, subject, engine, cpu):
        """{"instructions": number, "blocks": [fields of counting.Block]}, or {"failed": why}."""
        try:
            blocks, found = (self.counted_minnow(subject, cpu) if engine == "minnow" else self.counted_peer(subject, engine))
        except RuntimeError as error:
            return {"failed": f"cannot run it: {error}"}
        if wrong := subjects.difference(subject, found):
            return {"failed": wrong}
        return {"instructions": counting.instructions(blocks),
                "blocks": [dataclasses.astuple(block) for block in counting.frequent(blocks)]}


def digest(text, *files):
    made = hashlib.sha256(text.encode())
    for file in files:
        made.update(file.read_bytes())
    return made.hexdigest()[:16]


def counts_key(options, argument, engine, cpu):
    """Of everything that counts depend on."""
    own, wheels = [options.minnow, options.native], [cpu]
    if engine != "minnow":
        own, wheels = [], sorted(path.name for path in options.python.glob("site/*.dist-info"))
    code = [HERE / "block_counts.c", HERE / "counting.py", HERE / "infer.py", PEERS / "engines.py",
            PEERS / "subjects.py"]
    return digest(f"{engine} {argument.rpartition('/')[2]} {wheels}", subjects.parse(argument)[0], *own, *code)


def kept(file, make):
    """What an earlier run has left in the file, or what is made now."""
    if not file.exists():
        file.write_text(json.dumps(make()))
    return json.loads(file.read_text())


def priced(counts):
    """{column: a million}"""
    if "failed" in counts:
        return counts
    blocks = [counting.Block(*fields) for fields in counts["blocks"]]
    scale = counts["instructions"] / counting.instructions(blocks) / 1e6
    return {"instructions": counts["instructions"] / 1e6} | {
        core: scale * sum(path.total for path in pricing.priced(blocks, core)) for core in pricing.CORES}


def rows_of(options, argument):
    """{engine: row} of one model."""
    stem, subject, rows = subjects.parse(argument)[0].stem, None, {}
    prices = digest("", HERE / "pricing.py", HERE / "in_order.py")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, pathlib.Path(folder))
        for engine in TITLES:
            on = {}
            for cpu in CPUS[:1 if engine != "minnow" else None]:
                key = counts_key(options, argument, engine, cpu)
                file = options.work / f"{key}.json"
                if not file.exists():
                    print(f"{stem}: {TITLES[engine]}", file=sys.stderr, flush=True)
                    subject = subject or subjects.read(argument)
                counts = kept(file, lambda: bench.counted(subject, engine, cpu))
                on[cpu] = kept(options.work / f"{key}-{prices}.json", lambda: priced(counts))
            rows[engine] = row(on)
    return rows


def row(on):
    """Of an engine that was counted on some CPUs: each column from the one that stands for its core."""
    if failed := [found for found in on.values() if "failed" in found]:
        return failed[0]
    in_order = on[counting.IN_ORDER]
    other = on.get(counting.OUT_OF_ORDER, in_order)
    return {"instructions": other["instructions"], "in order": in_order["instructions"]} | {
        core: (other if pricing.EMULATED[core] == counting.OUT_OF_ORDER else in_order)[core] for core in pricing.CORES}


def ratio(rows, column):
    """Minnow over the best peer, or nothing."""
    peers = [row[column] for engine, row in rows.items() if engine != "minnow" and column in row]
    return rows["minnow"][column] / min(peers) if peers and column in rows["minnow"] else None


def cell(rows, column):
    shown = [f"{row[column]:.{0 if row[column] >= 100 else 1}f}" if column in row else "–" for row in rows.values()]
    figures = " : ".join(shown)
    found = ratio(rows, column)
    return figures + (f" = **{found:.2f}**" if found else "")


def mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def table(all_rows):
    """Markdown, its columns aligned to be read as text too."""
    lines = [["million"] + HEADINGS]
    lines += [[name] + [cell(rows, column) for column in COLUMNS] for name, rows in all_rows.items()]
    ratios = [[found for rows in all_rows.values() if (found := ratio(rows, column))] for column in COLUMNS]
    for title, of in (("geometric mean", mean), ("worst", max)):
        lines.append([f"{title}, Minnow / best"] + [f"**{of(found):.2f}**" if found else "–" for found in ratios])
    lines.insert(1, ["-" * 3] * len(lines[0]))
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("| " + " | ".join(text.ljust(w) for text, w in zip(line, widths)) + " |" for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    for name in ("minnow", "native", "python", "work"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    options.python, options.minnow = options.python.resolve(), options.minnow.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    all_rows = {subjects.parse(argument)[0].stem: rows_of(options, argument) for argument in options.models}
    print(f"Cells: {' : '.join(TITLES.values())} = Minnow / the better peer. Cycles are estimates (docs/speed.md).\n")
    print(table(all_rows))
    failures = [f"- {name}: {TITLES[engine]}: {row['failed']}" for name, rows in all_rows.items()
                for engine, row in rows.items() if "failed" in row]
    if failures:
        print("\nNot counted:\n\n" + "\n".join(failures))
    if options.json:
        options.json.write_text(json.dumps(all_rows, indent=1))
    if wrong := [name for name, rows in all_rows.items() if "failed" in rows["minnow"]]:
        sys.exit(f"Minnow failed on {', '.join(wrong)}")


if __name__ == "__main__":
    main()
