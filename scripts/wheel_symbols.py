#!/usr/bin/env python3
"""Fails where a wheel's programs ask for a newer glibc, or for libraries that not every Linux has: wheel_symbols.py 2.17 WHEEL"""
import re
import subprocess
import sys
import tempfile
import zipfile

EVERYWHERE = {"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libminnow_tools.so",
              "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "ld-linux-armhf.so.3"}
MOST_BYTES = 8_000_000


def version(text):
    return [int(part) for part in text.split(".")]


def main():
    most, wheel = sys.argv[1:]
    problems = []
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
        size = sum(entry.compress_size for entry in archive.infolist())
        if size > MOST_BYTES:
            problems.append(f"{size} bytes, more than {MOST_BYTES}")
        for name in archive.namelist():
            if not name.startswith("minnow/lib/"):
                continue
            told = subprocess.run(["readelf", "-dV", archive.extract(name, folder)], capture_output=True, text=True, check=True).stdout
            asked = max(re.findall(r"GLIBC_([0-9.]+)", told), key=version)
            if version(asked) > version(most):
                problems.append(f"{name}: asks for glibc {asked}, the wheel promises {most}")
            others = set(re.findall(r"NEEDED.*\[(.*)\]", told)) - EVERYWHERE
            if others:
                problems.append(f"{name}: wants {', '.join(sorted(others))}")
            print(f"{name}: glibc {asked}")
    sys.exit("\n".join(problems) or 0)  # words, even none, would be a failure


main()
