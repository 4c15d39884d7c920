#!/usr/bin/env python3
"""Back-ends of GPUs beside our own kernels on the CPU and beside the peers' back-ends, one machine, one run.

Usage: gpu.py --minnow build/minnow [--seconds 2] MODEL.onnx[:NAME=1,3,H,W]…

Each back-end has a model as far as it supports it, by estimates that are a GPU's; and all of them together have it as measured costs
place it (--kernel-cache), which on software drivers leaves most on the CPU. On a software driver (PoCL, llvmpipe) on one pinned thread, times say how good the kernels are for that driver's compiler,
and nothing of a GPU; bytes that cross, kernels started and sizes of work-groups hold on any device. The CPU runs layer by
layer, as sessions with a device do. Everybody takes turns, for three rounds, and the minimum counts; who takes longer for three runs
than a round is to last has one. Rows are printed as they are measured. A peer that does not
compute what ONNX Runtime computes, or has no such back-end in its wheel, is named below the table.
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time

import conversions
import engines
import speed
import subjects

ROUNDS = 3
# What --backend takes, in the order of the columns; a build or a machine that lacks one has no such column.
BACKENDS = ["cl,cpu", "gl,cpu"]
MIXED = "cl,gl,cpu"  # as measured costs place it


class Ours:
    def __init__(self, binary, model, backends, cache):
        self.arguments = [str(model), *(["--backend", backends] if backends else []),
                          *(["--kernel-cache", str(cache)] if cache else [])]
        self.binary = binary
        self.layers = [] if backends else ["--layers"]
        self.once = None  # ms, the least of three runs

    def asked(self, verb, *more):
        return json.loads(subprocess.check_output([self.binary, verb, *self.arguments, *more, "--json"],
                                                  stderr=subprocess.DEVNULL))

    def placement(self):
        return self.asked("info")["placement"]

    def least(self, runs):
        return self.asked("bench", *self.layers, "--runs", str(runs))[0]["min_ms"]

    def measure(self, seconds):
        if self.once is None:
            self.once = self.least(3)
        runs = int(seconds * 1e3 / self.once)
        return self.least(runs) if runs > 3 else self.once


def placements(binary, model):
    """{list of back-ends: placement} of those whose first device is here."""
    here = {}
    for backends in BACKENDS:
        found = subprocess.run([binary, "info", str(model), "--backend", backends, "--json"], capture_output=True)
        if found.returncode == 0:
            placed = json.loads(found.stdout)["placement"]
            if first_of(backends, placed)["device"]:
                here[backends] = placed
    return here


def first_of(backends, placed):
    return next(one for one in placed["backends"] if one["name"] == backends.split(",")[0])


PEERS = {engines.NcnnVulkan: lambda subject, made: conversions.for_ncnn(subject.path, subject.shapes, made / "net.param"),
         engines.MnnOpenCl: lambda subject, made: conversions.for_mnn(subject.path, made / "net.mnn")}


def peers(subject, folder):
    """({title: engine}, {title: why not}) of those with a back-end of a GPU."""
    ready, failed = {}, {}
    for kind, convert in PEERS.items():
        try:
            with speed.silence():
                engine = kind(str(convert(subject, folder)), subject.feed, list(subject.outputs), 1)
                engine.fill()
                engine.run()
                wrong = subjects.difference(subject, engine.outputs())
        except Exception as error:  # whatever a peer throws, the others are measured
            wrong = f"cannot run it: {error}"
        if wrong:
            failed[kind.title] = wrong
        else:
            ready[kind.title] = engine
    return ready, failed


def measure_peer(engine, seconds):
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        engine.fill()
        begin = time.perf_counter()
        engine.run()
        best = min(best, (time.perf_counter() - begin) * 1e3)
    return best


def measured(options, argument):
    subject = subjects.read(argument)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model = conversions.for_minnow(options.minnow, subject.path, subject.shapes, folder / "model.minnow")
        here = placements(options.minnow, model)
        ours = {"": Ours(options.minnow, model, "", None)}
        for backends in here:
            ours[backends] = Ours(options.minnow, model, backends, None)
        if here:
            ours[MIXED] = Ours(options.minnow, model, MIXED, options.cache)
        theirs, failed = peers(subject, folder)
        best = dict.fromkeys([*ours, *theirs], float("inf"))
        for _ in range(ROUNDS):
            for who, one in ours.items():
                best[who] = min(best[who], one.measure(options.seconds / ROUNDS))
            for who, one in theirs.items():
                best[who] = min(best[who], measure_peer(one, options.seconds / ROUNDS))
        if here:
            here[MIXED] = ours[MIXED].placement()
    return {"model": subject.name, "ms": best, "failed": failed, "placements": here}


def print_head(row):
    heads = ["model", "CPU ms"]
    for who in row["placements"]:
        heads += [f"{who}: ms", "x CPU", "operators", "crossings", "KB across", "kernels"]
    heads += [head for kind in PEERS for head in (f"{kind.title}: ms", "x CPU")]
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))


def print_row(row):
    cells = [row["model"], f"{row['ms']['']:.2f}"]
    for who in row["placements"]:
        cells += [*times_of(row, who), *placement_of(row["placements"][who])]
    for kind in PEERS:
        cells += times_of(row, kind.title)
    print("| " + " | ".join(cells) + " |", flush=True)


def times_of(row, who):
    return [f"{row['ms'][who]:.2f}", f"{row['ms'][who] / row['ms']['']:.2f}"] if who in row["ms"] else ["", ""]


def placement_of(placed):
    operators = ", ".join(f"{count} {name}" for name, count in placed["operators"].items())
    return [operators, str(placed["crossings"]), f"{placed['crossing_bytes'] / 1024:.0f}", str(placed["kernels_started"])]


def print_notes(rows):
    for backends in filter(rows[0]["placements"].get, BACKENDS):
        first = first_of(backends, rows[0]["placements"][backends])
        print(f"\n{backends}: {first['device']}, work-groups of {first['work_groups']}.", end="")
    print()
    reasons = {}
    for row in rows:
        for who, why in row["failed"].items():
            reasons.setdefault((who, why), []).append(row["model"])
    for (who, why), models in reasons.items():
        print(f"{who}: {why} ({'every model' if len(models) == len(rows) else ', '.join(models)}).")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--minnow", default="build/minnow")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path("build/kernel-cache"))
    options = parser.parse_args()
    for name in ("POCL_MAX_PTHREAD_COUNT", "LP_NUM_THREADS", "OMP_NUM_THREADS"):  # software drivers: one thread
        os.environ[name] = "1"
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    rows = []
    for argument in options.models:
        rows.append(measured(options, argument))
        if len(rows) == 1:
            print_head(rows[0])
        print_row(rows[-1])
    print_notes(rows)


if __name__ == "__main__":
    main()
