#!/usr/bin/env python3
"""What the same bits everywhere cost: a build with the contract beside one without (MINNOW_RELAXED).

Usage: bench_contract.py MINNOW RELAXED_MINNOW MODEL…      (nothing but Python's standard library)
Runs both in turns on one thread and prints a table in Markdown: the fastest run of each, their ratio,
and how far the outputs for random inputs lie apart.
"""
import array
import json
import pathlib
import subprocess
import sys
import tempfile

ROUNDS, RUNS = 12, 25


def minnow(program, *arguments):
    return subprocess.run([program, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def fastest(programs, model):
    best = dict.fromkeys(programs, float("inf"))
    for _ in range(ROUNDS):
        for program in programs:
            (row,) = json.loads(minnow(program, "bench", model, "--runs", RUNS, "--json"))
            best[program] = min(best[program], row["min_ms"])
    return [best[program] for program in programs]


def floats(npy):
    data = npy.read_bytes()
    assert b"'<f4'" in data[:128], f"{npy}: not float32"
    values = array.array("f")
    values.frombytes(data[10 + int.from_bytes(data[8:10], "little"):])
    return values


def outputs(program, model, folder):
    minnow(program, "run", model, "--input", "all=random:1", "--output-dir", folder)
    return {path.name: floats(path) for path in sorted(folder.iterdir())}


def difference(programs, model):
    """Share of elements that differ, and the largest difference over the largest value."""
    with tempfile.TemporaryDirectory() as folder:
        a, b = (outputs(p, model, pathlib.Path(folder) / str(i)) for i, p in enumerate(programs))
    pairs = [(x, y) for name in a for x, y in zip(a[name], b[name])]
    differing = sum(x != y for x, y in pairs) / len(pairs)
    return differing, max(abs(x - y) for x, y in pairs) / max(abs(x) for x, _ in pairs)


def main():
    programs, models = sys.argv[1:3], [pathlib.Path(m) for m in sys.argv[3:]]
    print("| model | contract ms | without ms | ratio | outputs that differ | largest difference |")
    print("|---|---|---|---|---|---|")
    for model in models:
        kept, relaxed = fastest(programs, model)
        differing, largest = difference(programs, model)
        print(f"| {model.stem} | {kept:.2f} | {relaxed:.2f} | {kept / relaxed:.3f} | {differing:.0%} | {largest:.1e} |",
              flush=True)


if __name__ == "__main__":
    main()
