#!/usr/bin/env python3
"""Minnow beside ONNX Runtime, MNN, ncnn and OpenVINO on the same models, one machine, one run.

Usage: speed.py --minnow build/minnow [--before other/minnow] [--threads 1] [--seconds 2] MODEL.onnx[:NAME=1,3,H,W]…

Each engine gets `--seconds` of steady runs a round, the engines take turns for three rounds, and the minimum counts.
Nothing is timed that did not compute what ONNX Runtime computes: such an engine is named below the table, with the
reason. Peers come from PyPI (scripts/peers_venv.sh), each with its thread setting set. The table ends with Minnow's
time over the best peer's, and with geometric means of Minnow's time over each peer's, of the models that it runs.
`--before` is another build of Minnow, of an earlier commit say, measured in the same turns.
"""
import argparse
import contextlib
import json
import math
import os
import pathlib
import subprocess
import tempfile
import time

import conversions
import engines
import minnow_run
import subjects

PEERS = [engines.OnnxRuntime, engines.Mnn, engines.Ncnn, engines.OpenVino]
ROUNDS = 3


class Peer:
    def __init__(self, kind, subject, threads, folder):
        path = {engines.Mnn: lambda: conversions.for_mnn(subject.path, folder / f"{subject.name}.mnn"),
                engines.Ncnn: lambda: conversions.for_ncnn(subject.path, subject.shapes, folder / f"{subject.name}.param")
                }.get(kind, lambda: subject.path)()
        self.engine = kind(str(path), subject.feed, list(subject.outputs), threads)

    def timed(self):
        self.engine.fill()
        begin = time.perf_counter()
        self.engine.run()
        return time.perf_counter() - begin

    def outputs(self):
        self.timed()
        return self.engine.outputs()

    def measure(self, seconds):
        self.timed(), self.timed()
        best, end = float("inf"), time.perf_counter() + seconds
        while time.perf_counter() < end:
            best = min(best, self.timed())
        return best * 1e3


class Minnow:
    """The command line: each build converts for itself, for conversion is part of what is compared."""

    def __init__(self, binary, subject, threads, folder):
        self.binary, self.subject = binary, subject
        self.model = conversions.for_minnow(binary, subject.path, subject.shapes, folder / f"{subject.name}.minnow")
        self.command = [binary, "bench", str(self.model), "--threads", str(threads), "--json"]

    def outputs(self):
        return minnow_run.outputs([self.binary], self.model, self.subject.feed, self.subject.outputs)

    def bench(self, runs):
        return json.loads(subprocess.check_output(self.command + ["--runs", str(runs)]))[0]

    def measure(self, seconds):
        runs = max(10, int(seconds * 1e3 / max(self.bench(5)["median_ms"], 1e-3)))
        return self.bench(runs)["min_ms"]


def makers(options, subject, folder):
    """{name: what makes the engine}, in the table's order."""
    made = {"minnow": lambda: Minnow(options.minnow, subject, options.threads, folder)}
    for kind in PEERS:
        made[kind.name] = lambda kind=kind: Peer(kind, subject, options.threads, folder)
    if options.before:
        within = folder / "before"
        within.mkdir(exist_ok=True)
        made["before"] = lambda: Minnow(options.before, subject, options.threads, within)
    return made


@contextlib.contextmanager
def silence():
    """Peers print, from C++."""
    kept = [os.dup(1), os.dup(2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1), os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept[0], 1), os.dup2(kept[1], 2)
        for file in [*kept, nowhere]:
            os.close(file)


def prepared(options, subject, folder):
    """{name: engine} of those that compute what they should, {name: why not}."""
    ready, failed = {}, {}
    for name, make in makers(options, subject, folder).items():
        try:
            with silence():
                engine = make()
                wrong = subjects.difference(subject, engine.outputs())
        except Exception as error:  # whatever a peer throws, the others are measured
            wrong = f"cannot run it: {error}"
        if wrong:
            failed[name] = wrong
        else:
            ready[name] = engine
    return ready, failed


def measured(options, argument):
    subject = subjects.read(argument)
    with tempfile.TemporaryDirectory() as folder:
        ready, failed = prepared(options, subject, pathlib.Path(folder))
        best = dict.fromkeys(ready, float("inf"))
        for _ in range(ROUNDS):
            for name, engine in ready.items():
                best[name] = min(best[name], engine.measure(options.seconds / ROUNDS))
    return {"model": subject.name, "ms": best, "failed": failed}


def over(row, names):
    """Minnow's time over the best of these, or nothing."""
    times = [row["ms"][name] for name in names if name in row["ms"]]
    return row["ms"]["minnow"] / min(times) if times and "minnow" in row["ms"] else None


def geometric_mean(rows, names):
    """Of Minnow over the best of these, where there is any."""
    ratios = [found for row in rows if (found := over(row, names))]
    return f"{math.exp(sum(map(math.log, ratios)) / len(ratios)):.3f} ({len(ratios)})" if ratios else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--minnow", default="build/minnow")
    parser.add_argument("--before", help="another build of Minnow, measured in the same turns")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    peers = [kind.name for kind in PEERS]
    columns = {"minnow": "Minnow"} | {kind.name: kind.title for kind in PEERS}
    ratios = {"Minnow / best peer": peers}
    if options.before:
        columns["before"], ratios["Minnow / before"] = "before", ["before"]

    rows = []
    print(f"One inference, ms, {options.threads} thread{'s' if options.threads > 1 else ''}, float32, minimum.\n")
    print(f"| model | {' | '.join([*columns.values(), *ratios])} |")
    print("|---" * (1 + len(columns) + len(ratios)) + "|")
    for argument in options.models:
        rows.append(measured(options, argument))
        cells = [f"{rows[-1]['ms'][name]:.2f}" if name in rows[-1]["ms"] else "–" for name in columns]
        cells += [f"{found:.2f}" if (found := over(rows[-1], names)) else "–" for names in ratios.values()]
        print(f"| {rows[-1]['model']} | {' | '.join(cells)} |", flush=True)
    means = ["", *(geometric_mean(rows, [name]) for name in columns if name != "minnow")]
    means += [geometric_mean(rows, names) for names in ratios.values()]
    print(f"| **Minnow / engine, geometric mean (models)** | {' | '.join(means)} |")
    for row in rows:
        for name, why in row["failed"].items():
            print(f"\n- {row['model']}: {columns[name]}: {why}", end="")
    print()
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    if wrong := [row["model"] for row in rows if "minnow" in row["failed"]]:
        raise SystemExit(f"Minnow failed on {', '.join(wrong)}")


if __name__ == "__main__":
    main()
