#!/usr/bin/env python3
"""Kernels that ask whether they are for ARM compile for a 32-bit ARM without NEON and VFPv4 too, where Highway has single floats:
`pip install` on a Raspberry Pi Zero. Their results are the scalar reference's, so compiling is all there is to see.

Usage: check_old_arm.py     (77: no cross compiler)
"""
import concurrent.futures
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
KERNELS = ROOT / "src/kernels/simd"
COMPILER = shutil.which("arm-linux-gnueabihf-g++")


def complaints(source, headers):
    done = subprocess.run([COMPILER, "-fsyntax-only", "-std=c++23", "-Wno-psabi", f"-I{ROOT}/include", f"-I{ROOT}/src", "-isystem", headers,
                           "-DHWY_DISABLED_TARGETS=0", "-include", KERNELS / "armv7_comparisons.h", source],
                          capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def main():
    if not COMPILER or not pathlib.Path("/usr/include/hwy").exists():
        print("no compiler for 32-bit ARM (scripts/setup.sh arm), or no Highway where Debian has it")
        return 77
    sources = [path for path in sorted(KERNELS.glob("*.cc")) if "HWY_ARCH_ARM" in path.read_text(encoding="utf-8")]
    with tempfile.TemporaryDirectory() as headers, concurrent.futures.ThreadPoolExecutor(2) as pool:
        pathlib.Path(headers, "hwy").symlink_to("/usr/include/hwy")  # none of the host's beside
        found = list(pool.map(complaints, sources, [headers] * len(sources)))
    print("".join(found), end="")
    return 1 if any(found) or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
