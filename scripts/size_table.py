#!/usr/bin/env python3
"""How large libminnow.so becomes: builds it below build/size and prints the table of docs/size.md.

Usage: size_table.py NATIVE FOLDER…      (build/minnow; folders with the models of apps/road/models.toml)
"""
import os
import pathlib
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[1]
OUT = ROOT / "build/size"
# What the table says, preset, options. With MINNOW_SKIPPED_TARGETS a copy of the fast kernels is left out.
ALL_OPERATORS = [
    ("AArch64", "arm64-minimal", "|HWY_SVE"),
    ("AArch64 with SVE", "arm64-minimal", ""),
    ("32-bit ARM", "armv7-minimal", ""),
    ("x86-64", "minimal", ""),
    ("x86-64 without AVX-512", "minimal", "|HWY_AVX3"),
]
# Of apps/road/models.toml, by name; none: every one.
SETS = [
    ("GTSRB", ["gtsrb"]),
    ("UltraFace", ["ultraface"]),
    ("FastestDet, UltraFace", ["fastestdet", "ultraface"]),
    ("all models of the demo", []),
]


def do(*command):
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def converted(native, entry, folders):
    """The model as a .minnow file, or None where it is not on this machine."""
    source = next((path for folder in folders for path in folder.rglob(entry["onnx"])), None)
    if not source:
        return None
    model = OUT / f"{entry['name']}.minnow"
    shape = ",".join(map(str, entry["shapes"][0])) if "shapes" in entry else None
    do(native, "convert", source, "-o", model, *(["--shape", f"{entry['input']}={shape}"] if shape else []))
    return model


def size(native, preset, skipped="", models=()):
    """Bytes of the stripped library. A preset has one folder: most of it serves the next row."""
    folder = OUT / preset
    do("cmake", "--preset", preset, "-B", folder, f"-DMINNOW_HOST_TOOL={native}",
       f"-DMINNOW_SKIPPED_TARGETS={skipped}", "-DMINNOW_MOST_BYTES=10000000", f"-DMINNOW_MODELS={';'.join(map(str, models))}")
    do("cmake", "--build", folder, "--target", "minnow_library", "-j", os.cpu_count())
    return (folder / "libminnow.so").stat().st_size


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    native, folders = pathlib.Path(sys.argv[1]).resolve(), [pathlib.Path(f).resolve() for f in sys.argv[2:]]
    OUT.mkdir(parents=True, exist_ok=True)
    table = tomllib.loads((ROOT / "apps/road/models.toml").read_text())["model"]
    models = {entry["name"]: converted(native, entry, folders) for entry in table}
    print("| machine | operators | bytes |\n|---|---|---:|")
    for machine, preset, skipped in ALL_OPERATORS:
        print(f"| {machine} | all | {size(native, preset, skipped):,} |", flush=True)
    for what, names in SETS:
        served = [models[name] for name in names or models]
        if None in served:
            print(f"{what}: not all of these models are here", file=sys.stderr)
            continue
        print(f"| AArch64 | {what} | {size(native, 'arm64-minimal', '|HWY_SVE', served):,} |", flush=True)


if __name__ == "__main__":
    main()
