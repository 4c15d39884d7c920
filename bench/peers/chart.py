#!/usr/bin/env python3
"""Draws Minnow's time over the best peer's, model by model: chart.py CACHE OUT.svg

Takes what `make bench-peers` (speed-1.json, speed-2.json) and `make bench-arm` (arm.json) left in the folder; what is not
there is not drawn. Dots are the single peers."""
import json
import math
import pathlib
import re
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "minnow", "font.size": 9, "font.family": "sans-serif"})
import matplotlib.pyplot as plt
from matplotlib.ticker import MultipleLocator

AHEAD, BEHIND, DOT = "#3f7f93", "#d08a3c", "#333333"
PEERS = {"onnxruntime": ("ONNX Runtime", "o"), "mnn": ("MNN", "s"), "ncnn": ("ncnn", "^"), "openvino": ("OpenVINO", "D")}


def of_times(rows):
    """{model: {engine: time}}"""
    return {row["model"]: row["ms"] for row in rows}


def of_core(rows, core):
    return {model: {engine: row[core] for engine, row in engines.items() if core in row} for model, engines in rows.items()}


def panels(cache):
    """[(title, {model: {engine: time}})]"""
    found = []
    for threads, words in ((1, "one thread"), (2, "two threads")):
        file = cache / f"speed-{threads}.json"
        if file.exists():
            found.append((f"x86-64, {words}\nmeasured", of_times(json.loads(file.read_text()))))
    if (cache / "arm.json").exists():
        rows = json.loads((cache / "arm.json").read_text())
        found += [(f"Cortex-{core.upper()}\nestimated cycles", of_core(rows, core)) for core in ("a53", "a55", "a72", "a76")]
    return found


def ratios(times):
    """{model: {peer: Minnow over it}}"""
    of = {model: {peer: row["minnow"] / row[peer] for peer in PEERS if peer in row}
          for model, row in times.items() if "minnow" in row}
    return {model: row for model, row in of.items() if row}


def short(model):
    return re.sub(r"_(barracuda|infer|320x320|\d+x\d+)|v?\d\.0_", "", model)


def draw(axis, title, rows, models):
    best = {model: max(row.values()) for model, row in rows.items()}
    at = {model: i for i, model in enumerate(models)}
    axis.barh([at[m] for m in best], best.values(), color=[AHEAD if r <= 1 else BEHIND for r in best.values()], height=0.62,
              zorder=2)
    for peer, (name, marker) in PEERS.items():
        with_peer = [model for model in rows if peer in rows[model]]
        axis.scatter([rows[model][peer] for model in with_peer], [at[model] for model in with_peer], s=11, marker=marker,
                     facecolor="white", edgecolor=DOT, linewidth=0.7, zorder=3, label=name)
    mean = math.exp(sum(map(math.log, best.values())) / len(best))
    axis.axvline(1, color=DOT, linewidth=0.8, zorder=1)
    axis.set_title(f"{title}\ngeometric mean {mean:.2f}", fontsize=9)
    axis.set_xlim(0, max(1.6, min(3, 1.05 * max(best.values()))))
    axis.xaxis.set_major_locator(MultipleLocator(0.5))
    axis.xaxis.set_major_formatter(lambda ratio, _: f"{ratio:g}")
    axis.grid(axis="x", color="#dddddd", linewidth=0.6, zorder=0)
    axis.tick_params(length=0)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)


def main():
    cache, out = map(pathlib.Path, sys.argv[1:3])
    drawn = [(title, rows) for title, times in panels(cache) if (rows := ratios(times))]
    if not drawn:
        sys.exit(f"{cache} has no figures yet: make bench-peers, make bench-arm")
    models = sorted({model for _, rows in drawn for model in rows}, key=str.lower, reverse=True)
    height = 1.5 + 0.24 * len(models)
    figure, axes = plt.subplots(1, len(drawn), sharey=True, squeeze=False, figsize=(2.4 + 1.9 * len(drawn), height))
    for axis, (title, rows) in zip(axes[0], drawn):
        draw(axis, title, rows, models)
    axes[0][0].set_yticks(range(len(models)), map(short, models))
    axes[0][0].set_ylim(-0.7, len(models) - 0.3)
    handles = {label: handle for axis in axes[0] for handle, label in zip(*axis.get_legend_handles_labels())}
    figure.legend(handles.values(), handles.keys(), loc="lower center", ncol=len(handles), frameon=False)
    figure.suptitle("Minnow's time over the best peer's (bars) and over each peer's (dots): left of the line Minnow is faster",
                    fontsize=9)
    figure.tight_layout(rect=(0, 0.25 / height, 1, 1))
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    main()
