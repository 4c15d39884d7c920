#!/usr/bin/env python3
"""Minnow's layers on an ARM core: instructions, estimated cycles and share of the core's peak of each.

Usage: layers.py ARM_BINARY MODEL.minnow [CORE [LEAST]]     (CORE: a53, a55, a72, a76; LEAST: share of the cycles, 0.01)

The model runs layer by layer under qemu-user, and the blocks of each layer are priced by themselves; docs/speed.md says
what that leaves out. Most cycles first; layers below LEAST are summed in the last row."""
import json
import pathlib
import sys

import counting
import pricing

WORK = counting.HERE.parents[1] / "build/arm-layers"
# Looks at the clock after the profile: before and after the first run, and the second.
AFTER = 4


def steps_and_blocks(program, model, core):
    """[(step as `minnow bench --json` tells it, its blocks)]: the clock is read before and after each step."""
    WORK.mkdir(parents=True, exist_ok=True)
    command = [program, "bench", model, "--runs", "1", "--profile", "--layers", "--json"]
    text, printed = counting.run(command, counting.CLOCK_GETTIME, WORK, cpu=pricing.EMULATED[core], every=True)
    steps = json.loads(printed)[0]["operators"]
    of = {(block.address, block.length): block for block in counting.blocks_of(text)}
    ran = counting.intervals(text)[:-1]  # after the last mark nothing is told
    begin = len(ran) + 1 - AFTER - 2 * len(steps)
    for i, step in enumerate(steps):
        counts = ran[begin + 2 * i]
        yield step, [counting.Block(at, count, of[at, length].code, of[at, length].place)
                     for (at, length), count in counts.items()]


def row(step, blocks, core):
    return {"name": step["name"], "what": f"{step['type']} / {step['kernel']}", "multiply_adds": step["multiply_adds"],
            "instructions": counting.instructions(blocks),
            "cycles": sum(path.total for path in pricing.priced(blocks, core)) if blocks else 0}


def summed(rows, name):
    return {"name": name, "what": f"{len(rows)} layers"} | {
        key: sum(row[key] for row in rows) for key in ("multiply_adds", "instructions", "cycles")}


def shown(row, total, core):
    peak = 2 * row["multiply_adds"] / pricing.PEAK[core] / row["cycles"] if row["cycles"] else 0
    per = row["cycles"] / row["multiply_adds"] if row["multiply_adds"] else None
    return (f"{row['cycles'] / 1e6:9.3f} {row['cycles'] / total:6.1%} {row['instructions'] / 1e6:9.3f} "
            f"{f'{per:8.3f} {peak:6.1%}' if per else ' ' * 15}  {row['name']} ({row['what']})")


def main():
    if not 3 <= len(sys.argv) <= 5:
        sys.exit(__doc__)
    program, model = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    core, least = (sys.argv[3:] + ["a53", "0.01"][len(sys.argv) - 3:])
    rows = [row(step, blocks, core) for step, blocks in steps_and_blocks(program, model, core) if step["kernel"] != "view"]
    total = sum(row["cycles"] for row in rows)
    small = [row for row in rows if row["cycles"] < float(least) * total]
    print(f"{'M cycles':>9} {'share':>6} {'M instr.':>9} {'per MAC':>8} {'peak':>6}  layer ({core.upper()}, estimated)")
    large = sorted((row for row in rows if row not in small), key=lambda row: -row["cycles"])
    for line in [*large, summed(small, "the rest"), summed(rows, "all")]:
        print(shown(line, total, core))


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:
        sys.exit(str(error))
