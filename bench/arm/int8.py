#!/usr/bin/env python3
"""An int8 .tflite model on ARM cores with and without a dot product: executed instructions of Minnow and of LiteRT with XNNPACK.

Usage: int8.py --minnow ARM_BINARY --native BINARY --python FOLDER --work FOLDER MODEL.tflite [FLOAT.onnx]

FOLDER of --python is what scripts/arm_python.sh makes. FLOAT.onnx is the same network in float32, for the ratio to
Minnow's own. One inference is counted under qemu-user, as bench/arm/table.py counts."""
import argparse
import pathlib
import subprocess
import sys

import counting
import pricing

# What an emulated CPU's /proc/cpuinfo says: LiteRT's library cpuinfo chooses kernels by it, and crashes on x86's, which
# is what qemu 7.2 shows. qemu looks into the folder of -L first.
CORES = {"cortex-a53": ("0xd03", "fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid", "a53"),
         "cortex-a76": ("0xd0b", "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop "
                        "asimddp", "a76")}
LITERT = """
import os, sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter
model = Interpreter(sys.argv[1], num_threads=1)
model.allocate_tensors()
x = model.get_input_details()[0]
model.set_tensor(x["index"], np.full(x["shape"], 3, x["dtype"]))
model.invoke()
os.getpriority(os.PRIO_PROCESS, 0)
model.invoke()
os.getpriority(os.PRIO_PROCESS, 0)
"""


def emulated(root, cpu):
    part, features, _ = CORES[cpu]
    for folder in (root / "proc", root / "sys/devices/system/cpu"):
        folder.mkdir(parents=True, exist_ok=True)
    (root / "proc/cpuinfo").write_text(f"processor\t: 0\nFeatures\t: {features}\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
                                       f"CPU variant\t: 0x0\nCPU part\t: {part}\nCPU revision\t: 4\n\n")
    for name in ("possible", "present"):
        (root / "sys/devices/system/cpu" / name).write_text("0\n")


def count_litert(options, cpu):
    root = options.python / "root"
    emulated(root, cpu)
    environment = {"PYTHONPATH": str(options.python / "site"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [next(root.glob("usr/bin/python3.*")), "-c", LITERT, options.model]
    text, _ = counting.run(command, counting.GETPRIORITY, options.work, cpu=cpu, environment=environment, root=root)
    return counting.blocks_of(text)


def count_minnow(options, file, cpu):
    made = options.work / f"{file.stem}.minnow"
    subprocess.run([options.native, "convert", file, "-o", made], check=True, stdout=subprocess.DEVNULL)
    return counting.count_minnow(options.minnow, made, options.work, cpu=cpu)


def figures(blocks, core):
    return counting.instructions(blocks) / 1e6, sum(path.total for path in pricing.priced(blocks, core)) / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("float", type=pathlib.Path, nargs="?")
    for name in ("minnow", "native", "python", "work"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    options.model, options.python = options.model.resolve(), options.python.resolve()
    print("| emulated | M instructions: float32 | int8 | of float32 | LiteRT int8 | ratio | M cycles: float32 | int8 | LiteRT |")
    print("|---|---|---|---|---|---|---|---|---|")
    for cpu, (_, _, core) in CORES.items():
        own = figures(count_minnow(options, options.model, cpu), core)
        real = figures(count_minnow(options, options.float, cpu), core) if options.float else (float("nan"),) * 2
        theirs = figures(count_litert(options, cpu), core)
        print(f"| {cpu} | {real[0]:.1f} | {own[0]:.1f} | {own[0] / real[0]:.2f} | {theirs[0]:.1f} | {own[0] / theirs[0]:.2f} "
              f"| {real[1]:.0f} | {own[1]:.0f} | {theirs[1]:.0f} |", flush=True)


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
