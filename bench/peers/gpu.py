#!/usr/bin/env python3
"""Back-ends of GPUs beside our own kernels on the CPU and beside the peers' back-ends, one machine, one run.

Usage: gpu.py --minnow build/minnow [--seconds 2] MODEL.onnx[:NAME=1,3,H,W]…

Each back-end has a model twice: as far as it supports it, by estimates that are a GPU's; and as measured costs place it
(--kernel-cache), which on a software driver leaves most on the CPU. On a software driver (PoCL, llvmpipe) on one pinned thread, times say how good the kernels are for that driver's compiler,
and nothing of a GPU; bytes that cross, kernels started and sizes of work-groups hold on any device. The CPU runs layer by
layer, as sessions with a device do. Everybody takes turns, for three rounds, and the minimum counts. A peer that does not
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
MEASURED = ", as measured"


class Ours:
    def __init__(self, binary, model, backends, cache):
        self.arguments = [str(model), *(["--backend", backends] if backends else []),
                          *(["--kernel-cache", str(cache)] if cache else [])]
        self.binary = binary
        self.layers = [] if backends else ["--layers"]

    def asked(self, verb, *more):
        return json.loads(subprocess.check_output([self.binary, verb, *self.arguments, *more, "--json"],
                                                  stderr=subprocess.DEVNULL))

    def placement(self):
        return self.asked("info")["placement"]

    def measure(self, seconds):
        once = self.asked("bench", *self.layers, "--runs", "3")[0]["median_ms"]
        runs = max(3, int(seconds * 1e3 / max(once, 1e-3)))
        return self.asked("bench", *self.layers, "--runs", str(runs))[0]["min_ms"]


def devices(binary, model):
    """{list of back-ends: the first one's device and work-groups} of those that are here."""
    here = {}
    for backends in BACKENDS:
        found = subprocess.run([binary, "info", str(model), "--backend", backends, "--json"], capture_output=True)
        if found.returncode == 0:
            first = next(one for one in json.loads(found.stdout)["placement"]["backends"]
                         if one["name"] == backends.split(",")[0])
            if first["device"]:
                here[backends] = first
    return here


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
        here = devices(options.minnow, model)
        ours = {"": Ours(options.minnow, model, "", None)}
        for backends in here:
            ours[backends] = Ours(options.minnow, model, backends, None)
            ours[backends + MEASURED] = Ours(options.minnow, model, backends, options.cache)
        theirs, failed = peers(subject, folder)
        best = dict.fromkeys([*ours, *theirs], float("inf"))
        for _ in range(ROUNDS):
            for who, one in ours.items():
                best[who] = min(best[who], one.measure(options.seconds / ROUNDS))
            for who, one in theirs.items():
                best[who] = min(best[who], measure_peer(one, options.seconds / ROUNDS))
        placements = {who: one.placement() for who, one in ours.items() if who}
    return {"model": subject.name, "ms": best, "failed": failed, "here": here, "placements": placements}


def columns(rows):
    return [backends for backends in BACKENDS if any(backends in row["here"] for row in rows)]


def print_table(rows):
    ours = [who for backends in columns(rows) for who in (backends, backends + MEASURED)]
    theirs = [kind.title for kind in PEERS if any(kind.title in row["ms"] for row in rows)]
    heads = ["model", "CPU ms"]
    for who in ours:
        heads += [f"{who}: ms", "x CPU", "operators", "crossings", "KB across", "kernels"]
    heads += [head for who in theirs for head in (f"{who}: ms", "x CPU")]
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for row in rows:
        cells = [row["model"], f"{row['ms']['']:.2f}"]
        for who in ours:
            cells += [*times_of(row, who), *placement_of(row["placements"].get(who))]
        for who in theirs:
            cells += times_of(row, who)
        print("| " + " | ".join(cells) + " |", flush=True)


def times_of(row, who):
    return [f"{row['ms'][who]:.2f}", f"{row['ms'][who] / row['ms']['']:.2f}"] if who in row["ms"] else ["", ""]


def placement_of(placed):
    if not placed:
        return [""] * 4
    operators = ", ".join(f"{count} {name}" for name, count in placed["operators"].items())
    return [operators, str(placed["crossings"]), f"{placed['crossing_bytes'] / 1024:.0f}", str(placed["kernels_started"])]


def print_notes(rows):
    for backends in columns(rows):
        first = next(row["here"][backends] for row in rows if backends in row["here"])
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
    rows = [measured(options, argument) for argument in options.models]
    print_table(rows)
    print_notes(rows)


if __name__ == "__main__":
    main()
