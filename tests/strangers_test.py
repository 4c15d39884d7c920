#!/usr/bin/env python3
"""Strangers build programs with Minnow, in C and in C++: by find_package and by pkg-config out of what `cmake --install`
installs, and by add_subdirectory into a project that has things of its own under the same names (tests/strangers). Each
program runs a tiny model, which the installed command line converts.

Usage: strangers_test.py BUILD      (a build with the command line in it; standard library only)
"""
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

from tiny_onnx import onnx_model

ROOT = pathlib.Path(__file__).resolve().parent.parent
STRANGERS, EXAMPLES = ROOT / "tests/strangers", ROOT / "examples"
SHAPE, ELEMENTS = [1, 3, 2, 2], [float(i) for i in range(12)]
MEANS = [1.5, 5.5, 9.5]  # of each channel, if elements arrive where row-major ones belong
# A 24-bit BMP of 2 x 2 pixels, blue, green, red: most red, some green, little blue.
PICTURE = (struct.pack("<2sIHHI", b"BM", 70, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, 2, 2, 1, 24, 0, 16, 0, 0, 0, 0)
           + (b"\x10\x80\xf0" * 2 + b"\0\0") * 2)


def do(*command, folder=None, given=None):
    environment = dict(os.environ, CCACHE_BASEDIR=str(ROOT), CCACHE_NOHASHDIR="1")
    done = subprocess.run([str(part) for part in command], cwd=folder, input=given, capture_output=True, env=environment,
                          check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout


def configured(source, folder, *options):
    """Configures and builds a stranger's project."""
    cached = [f"-DCMAKE_{language}_COMPILER_LAUNCHER=ccache" for language in ("C", "CXX")]
    do("cmake", "-S", source, "-B", folder, "-G", "Ninja", *(cached if shutil.which("ccache") else []), *options)
    do("cmake", "--build", folder)
    return folder


class Installed:
    """What `cmake --install` of a build has put below a prefix, which is moved afterwards."""

    def __init__(self, build, folder):
        shutil.rmtree(build / "installed/help", ignore_errors=True)  # manual pages, which installing writes
        do("cmake", "--install", build, "--prefix", folder / "first")
        self.prefix = (folder / "first").rename(folder / "moved")
        self.folder = folder

    def by_find_package(self, program, language):
        folder = configured(STRANGERS / "found", self.folder / f"found-{language}", f"-DLANGUAGE={language}",
                            f"-DPROGRAM={EXAMPLES / program}", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        return folder / pathlib.Path(program).stem

    def by_pkg_config(self, program, *compiler):
        found = next(self.prefix.rglob("minnow.pc")).parent
        flags = do("env", f"PKG_CONFIG_PATH={found}", "pkg-config", "--cflags", "--libs", "minnow").decode().split()
        out = self.folder / f"pkg-config-{compiler[0]}"
        do(*compiler, EXAMPLES / program, "-o", out, *flags, f"-Wl,-rpath,{found.parent}")
        return out


def by_add_subdirectory(folder):
    """The parent's programs in C and in C++. Packages that Minnow's own build wants are not to be had."""
    absent = [f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in ("Protobuf", "GTest", "OpenCV", "fmt")]
    # One copy of the kernels, as the compiler's time is long.
    configured(STRANGERS / "parent", folder, f"-DMINNOW={ROOT}", "-DMINNOW_SKIPPED_TARGETS=|HWY_AVX3", *absent)
    listed = do("ctest", "-N", folder=folder).decode()
    if "Total Tests: 1\n" not in listed:
        sys.exit(f"the parent's tests are no longer its own alone:\n{listed}")
    do("ctest", folder=folder)
    return folder / "uses_from_c", folder / "uses_from_cxx"


def check(who, program, model, picture):
    """Runs the example in C, infer, or the one in C++, classify."""
    if "c++" in who:
        out = do(program, model, picture).decode()
        order = [int(line.split()[1]) for line in out.splitlines()]
        right = order == [0, 1, 2]
    else:
        out = struct.unpack("<3f", do(program, model, given=struct.pack("<12f", *ELEMENTS)))
        right = list(out) == MEANS
    print(f"{who}: {'as it should be' if right else f'wrong: {out}'}", flush=True)
    return right


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    parent = build / "strangers"  # always the same folder, so that ccache knows it again
    shutil.rmtree(parent, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        installed = Installed(build, folder)
        onnx, model, picture = folder / "means.onnx", folder / "means.minnow", folder / "picture.bmp"
        onnx.write_bytes(onnx_model(["GlobalAveragePool"], SHAPE, out=[1, 3, 1, 1]))
        picture.write_bytes(PICTURE)
        do(installed.prefix / "bin/minnow", "convert", onnx, "-o", model)
        programs = {
            "find_package, c": installed.by_find_package("infer.c", "C"),
            "find_package, c++": installed.by_find_package("classify.cc", "CXX"),
            "pkg-config, c": installed.by_pkg_config("infer.c", "cc"),
            "pkg-config, c++": installed.by_pkg_config("classify.cc", "c++", "-std=c++23"),
        }
        programs["add_subdirectory, c"], programs["add_subdirectory, c++"] = by_add_subdirectory(parent)
        right = [check(who, program, model, picture) for who, program in programs.items()]
        return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
