#!/usr/bin/env python3
"""Twelve road models on one stream: Minnow's schedule beside threads that are left to the operating system, in Minnow and
in the peers, and beside others' ways of choosing, with Minnow's kernels.

Usage: schedule.py --minnow build/minnow --bench build/bench/schedule_bench --cache FOLDER [--units 1] [--seconds 2]
                   [--rounds 1] [--only NAME…] FOLDER…

Every way has the same models at the same rates, which ask for 0.5 to 2 times what the cores have, by the times that Minnow
takes alone; deadlines are the time between two frames. All ways follow each other at each load, in rounds; of a way's
rounds the one with fewest misses counts, since a neighbour can only add some. It runs on the first cores, as many as units.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import types

import conversions
import memory

# Frames a second where all is in time on a fast machine, and priority. The first one is the most urgent.
RATES = {
    "face_detection_front_128x128_barracuda": (30, 2),
    "nanodet_m_320": (15, 1), "gtsrb_mobile_dmitry": (30, 1), "yolox_nano_416": (10, 1),
    "face_detection_back_256x256_barracuda": (10, 0), "FastestDet_352": (10, 0), "ultraface_RFB_320": (15, 0),
    "mlsd_320x320_tiny": (7, 0), "ch_PP-OCRv4_det_infer": (4, 0), "ch_PP-OCRv4_rec_infer": (6, 0),
    "ch_ppocr_mobile_v2.0_cls_infer": (10, 0), "twinlitenet_360x640": (2, 0),
}
PAIR = ["nanodet_m_320", "gtsrb_mobile_dmitry"]  # lights and signs, as RT-mDL has them
LOADS = [0.5, 0.75, 1.0, 1.5, 2.0]
WAYS = {"urgency": "Minnow's schedule", "slack": "least slack (Band)", "heft": "HEFT (Band)", "robin": "round robin",
        "threads": "Minnow, threads", "onnxruntime": "ONNX Runtime, threads", "mnn": "MNN, threads", "ncnn": "ncnn, threads"}
PEERS = ["onnxruntime", "mnn", "ncnn"]
THREADS = ["threads", *PEERS]


def convert(options):
    """{engine: {model: (file, shape)}}, kept in the cache; of the models that all engines that are asked for have."""
    sources, absent = memory.find_models(options.folders)
    folder = pathlib.Path(options.cache) / "schedule-models"
    folder.mkdir(parents=True, exist_ok=True)
    peers = [way for way in PEERS if way in options.only]
    found = {engine: {} for engine in ("minnow", *peers)}
    ways = {"minnow": (".minnow", memory.for_minnow), "mnn": (".mnn", memory.for_mnn), "ncnn": (".param", memory.for_ncnn)}
    tool = types.SimpleNamespace(minnow=options.minnow)
    for source, entry, shape in sources:
        if source.stem not in RATES:
            continue
        if "onnxruntime" in found:
            found["onnxruntime"][source.stem] = (str(source.resolve()), shape)
        for engine, (suffix, make) in ways.items():
            if engine not in found:
                continue
            made = folder / (source.stem + suffix)
            try:
                if not made.exists():
                    make(tool, source, entry, shape, folder)
                found[engine][source.stem] = (str(made.resolve()), shape)
            except Exception as error:
                print(f"{engine} without {source.stem}: {error}")
    for model in absent:
        print(f"absent: {model}")
    for engine in peers:
        leave_out_what_fails(engine, found[engine])
    common = [model for model in RATES if all(model in of for of in found.values())]
    return {engine: {model: of[model] for model in common} for engine, of in found.items()}, common


def leave_out_what_fails(engine, models):
    script = str(pathlib.Path(__file__).parent / "resident.py")
    done = subprocess.run([sys.executable, script, engine, json.dumps(list(models.values()))], input="", capture_output=True,
                          text=True, timeout=120)
    failed = json.loads(done.stdout.strip().splitlines()[-1])["failed"]
    for model, (path, _) in list(models.items()):
        if path in failed:
            print(f"{WAYS[engine]} without {model}: {failed[path]}")
            del models[model]


class Bench:
    def __init__(self, options):
        self.options = options
        self.files, self.models = convert(options)
        paths = [self.files["minnow"][model][0] for model in self.models]
        times = [json.loads(self.call([options.bench, "alone", *paths])) for _ in range(5)]
        self.alone = dict(zip(self.models, map(min, zip(*times))))

    def call(self, command):
        cores = set(sorted(os.sched_getaffinity(0))[: self.options.units])
        done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, OMP_NUM_THREADS="1"),
                              preexec_fn=lambda: os.sched_setaffinity(0, cores), timeout=120,
                              # A scheduling group of its own: beside other programs twelve threads would else have twelve
                              # times the share of one.
                              start_new_session=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1:])
        return done.stdout.strip().splitlines()[-1]

    def load_of(self, rates):
        return sum(self.alone[model] * rate / 1000 for model, (rate, _) in rates.items())

    def rates_at(self, load, fixed=None):
        """{model: (rate, priority)} that asks for so much of all cores; those of `fixed` stay as they are."""
        fixed = fixed or {}
        others = {model: RATES[model] for model in self.models if model not in fixed}
        scale = (load * self.options.units - self.load_of(fixed)) / self.load_of(others)
        return fixed | {model: (rate * scale, priority) for model, (rate, priority) in others.items()}

    def run(self, way, rates, seconds=None):
        seconds = str(seconds or self.options.seconds)
        if way in PEERS:
            models = [[*self.files[way][model], 1000 / rate] for model, (rate, _) in rates.items()]
            script = pathlib.Path(__file__).parent / "threads.py"
            out = self.call([sys.executable, str(script), way, seconds, json.dumps(models)])
        else:
            models = [f"{self.files['minnow'][model][0]},{1000 / rate},{priority}"
                      for model, (rate, priority) in rates.items()]
            out = self.call([self.options.bench, way, str(self.options.units), seconds, *models])
        found = json.loads(out)
        found["models"] = dict(zip(rates, found["models"]))
        return found


def missed(found, models):
    """Frames, and of how many."""
    of = [found["models"][model] for model in models]
    asked = sum(one["asked"] for one in of)
    return asked - sum(one["in_time"] for one in of), asked


def percent(found, models):
    late, asked = missed(found, models)
    return 100 * late / max(asked, 1)


def rank(found):
    """Of a way's rounds: the most urgent priority's misses first."""
    levels = sorted({priority for _, priority in RATES.values()}, reverse=True)
    return [percent(found, [m for m in found["models"] if RATES[m][1] == level]) for level in levels]


def best_in_turns(bench, ways, rates):
    found = {}
    for _ in range(bench.options.rounds):
        for way in ways:
            one = bench.run(way, rates)
            if way not in found or rank(one) < rank(found[way]):
                found[way] = one
    return found


def highest_load(bench, way):
    """At which no frame is late, in one of two runs; to 8 %."""
    def holds(load):
        return any(missed(bench.run(way, bench.rates_at(load)), bench.models)[0] == 0 for _ in range(2))
    low, high = 0.1, 1.3
    while high / low > 1.08:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--minnow", default="build/minnow")
    parser.add_argument("--bench", default="build/bench/schedule_bench")
    parser.add_argument("--cache", default=".cache")
    parser.add_argument("--units", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=WAYS, default=list(WAYS))
    options = parser.parse_args()
    bench = Bench(options)
    base = bench.load_of({model: RATES[model] for model in bench.models}) / options.units
    print(f"{len(bench.models)} models, {options.units} core(s); load 1 is {1 / base:.2f} times these rates: "
          + ", ".join(f"{m} {RATES[m][0]}/s ({bench.alone[m]:.2f} ms)" for m in bench.models))
    report = {"alone_ms": bench.alone, "load": {}, "units": options.units}

    levels = {level: [m for m in bench.models if RATES[m][1] == level] for level in (2, 1, 0)}
    print("\nFrames not in time, % of those asked for, by priority 2 / 1 / 0; and the 99 % latency of the most urgent, ms\n")
    print("| load | " + " | ".join(WAYS[way] for way in options.only) + " |")
    print("|---|" + "---|" * len(options.only))
    for load in LOADS:
        found = best_in_turns(bench, options.only, bench.rates_at(load))
        report["load"][load] = found
        cells = [" / ".join(f"{percent(found[way], models):.1f}" for models in levels.values())
                 + f"; {found[way]['models'][bench.models[0]]['p99_ms']:.1f}" for way in options.only]
        print(f"| {load:.2f} | " + " | ".join(cells) + " |", flush=True)

    pair = [model for model in PAIR if model in bench.models]
    found = best_in_turns(bench, options.only, bench.rates_at(1.5, {model: (30, 2) for model in pair}))
    report["pair"] = found
    print("| pair at 30 Hz, 1.50 | " + " | ".join(f"{percent(found[way], pair):.1f}" for way in options.only) + " |", flush=True)

    highest = {way: highest_load(bench, way) for way in options.only}
    report["highest"] = highest
    print("| highest load without a miss | " + " | ".join(f"{highest[way]:.2f}" for way in options.only) + " |")
    kb = {way: report["load"][1.0][way]["anonymous_kb"] for way in options.only}
    print("| anonymous memory, MB | " + " | ".join(f"{kb[way] / 1024:.1f}" for way in options.only) + " |")
    left = [way for way in THREADS if way in options.only]
    if "urgency" in options.only and left:
        print(f"\nhighest load beside the best of those left to the operating system: "
              f"{highest['urgency'] / max(highest[way] for way in left):.2f} times")
        print("memory beside theirs: " + ", ".join(f"{WAYS[way]} {kb['urgency'] / kb[way]:.3f}" for way in left))
    (pathlib.Path(options.cache) / f"schedule-{options.units}.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
