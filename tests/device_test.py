#!/usr/bin/env python3
"""The library for devices as a user has it: installed, found by find_package, called from C (tests/device). Every one
gives the same bits, on ARM under the emulator; one with the operators of some models refuses others by name.

Usage: device_test.py NATIVE PRESET…     (build/minnow; arm64-minimal and the like, built below build/device)
Exit code 77 when no model is on this machine. (Standard library only.)
"""
import os
import pathlib
import subprocess
import sys

from real_models import ROOT, end_without, find

SERVED, OTHER = "face_detection_front_128x128_barracuda.onnx", "mlsd_320x320_tiny.onnx"
EMULATORS = {"arm64": ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"],
             "armv7": ["qemu-arm-static", "-L", "/usr/arm-linux-gnueabihf"]}
OUT = ROOT / "build/device"


def do(*command):
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def program(native, preset, name, *options):
    """Builds and installs a library and what tests/device makes of it; returns the command."""
    folder = OUT / name
    do("cmake", "--preset", preset, "-B", folder, f"-DMINNOW_HOST_TOOL={native}", *options)
    do("cmake", "--build", folder, "--target", "minnow_library", "-j", os.cpu_count())
    print(f"{name}: {(folder / 'libminnow.so').stat().st_size:,} bytes", flush=True)
    do("cmake", "--install", folder, "--prefix", folder / "installed")
    machine = preset.removesuffix("-minimal")
    cross = [f"-DCMAKE_TOOLCHAIN_FILE={ROOT}/cmake/{machine}.cmake", "-DCMAKE_EXE_LINKER_FLAGS="]
    do("cmake", "-S", ROOT / "tests/device", "-B", folder / "program", "-G", "Ninja",
       f"-Dminnow_DIR={folder}/installed/lib/cmake/minnow", *(cross if machine in EMULATORS else []))
    do("cmake", "--build", folder / "program")
    return [*EMULATORS.get(machine, []), str(folder / "program/run")]


def refusal(command, model):
    done = subprocess.run([*command, str(model)], capture_output=True, text=True)
    return done.stderr if done.returncode == 1 else f"{model} was not refused"


def main():
    native, presets = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    sources = [find(SERVED), find(OTHER)]
    if None in sources:
        end_without("no models: make models")
    OUT.mkdir(parents=True, exist_ok=True)
    models = [OUT / f"{source.stem}.minnow" for source in sources]
    for source, model in zip(sources, models):
        do(native, "convert", source, "-o", model)

    problems = []
    expected = None
    for preset in presets:
        command = program(native, preset, preset)
        sums = [do(*command, model) for model in models]
        expected = expected or sums
        if sums != expected:
            problems.append(f"{preset} has other bits than {presets[0]}: {sums}, {expected}")

    few = program(native, presets[0], presets[0] + "-few", f"-DMINNOW_MODELS={models[0]}")
    if do(*few, models[0]) != expected[0]:
        problems.append("with few operators a model has other bits")
    message = refusal(few, models[1])
    print(message.strip())
    if "was left out of this engine" not in message or models[1].name not in message:
        problems.append("with few operators a model that needs more was not refused by name")
    print("\n".join(problems) or "the same bits everywhere, and a refusal")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
