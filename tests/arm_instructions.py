#!/usr/bin/env python3
"""Executed AArch64 instructions of one inference beside recorded ones: the regression test that times cannot be.

Usage: arm_instructions.py NATIVE ARM_PROGRAM [--record]
NATIVE converts the models, ARM_PROGRAM runs them as a Cortex-A53 under qemu-user, whose plugin counts
(bench/arm/block_counts.c). arm_instructions.tsv lists models (of a registry, `make models`), shapes and counts; a count
above it by more than 3 % fails. --record writes the counts of now: say in the commit why they changed.
Exit code 77 when no model is on this machine. (Nothing but Python's standard library.)
"""
import pathlib
import subprocess
import sys
import tempfile

from real_models import ROOT, count_required, end_without, find

sys.path.insert(0, str(ROOT / "bench/arm"))
import counting

TABLE = pathlib.Path(__file__).with_suffix(".tsv")
ALLOWED = 1.03
WORK = ROOT / "build/arm-instructions"


def counted(native, program, file, shape):
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "model.minnow"
        fixed = ["--shape", shape] if shape != "-" else []
        subprocess.run([native, "convert", find(file), "-o", model, *fixed], check=True, stdout=subprocess.DEVNULL)
        return counting.instructions(counting.count_minnow(program, model, WORK))


def verdict(now, before):
    if now > ALLOWED * before:
        return "FAILED: more than 3 % above what is recorded"
    return "fewer: worth recording" if now * ALLOWED < before else "ok"


def main():
    native, program = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    record = sys.argv[3:] == ["--record"]
    rows = [line.split("\t") for line in TABLE.read_text().splitlines()]
    found = [row for row in rows if find(row[0])]
    failed = count_required(row[0] for row in rows)
    if not found:
        end_without("no model to count")
    for row in found:
        file, shape, before = row
        now = counted(native, program, file, shape)
        says = "recorded" if record else verdict(now, int(before))
        print(f"{file}: {now / 1e6:.2f} M instructions, recorded {int(before) / 1e6:.2f} M, "
              f"{100 * (now / int(before) - 1):+.2f} %: {says}", flush=True)
        failed += says.startswith("FAILED")
        row[2] = str(now)
    if record:
        TABLE.write_text("".join("\t".join(row) + "\n" for row in rows))
    elif failed:
        sys.exit("Where that is meant: make bench-arm-check RECORD=1, and say in the commit what it buys. The recorded "
                 "counts are of Debian 12's aarch64-linux-gnu-g++ 12.2.")


if __name__ == "__main__":
    main()
