#!/usr/bin/env python3
"""The tests of python/tests over a build's library, by a Python that has NumPy and pytest: this one, Debian's, or the virtual
environment of the other tests.

Usage: python_test.py LIBRARY FOLDER_OF_THE_PACKAGE [PYTEST_ARGUMENT…]
Exit code 77 when there is no such Python. (Standard library only.)
"""
import os
import subprocess
import sys

from real_models import ROOT

CANDIDATES = [sys.executable, "/usr/bin/python3", str(ROOT / ".cache/onnx-venv/bin/python")]


def has_all(python):
    try:
        return subprocess.run([python, "-c", "import numpy, pytest"], capture_output=True).returncode == 0
    except OSError:
        return False


def main():
    library, package, arguments = sys.argv[1], sys.argv[2], sys.argv[3:]
    python = next(filter(has_all, CANDIDATES), None)
    if python is None:
        print("no Python with numpy and pytest: scripts/setup.sh test")
        sys.exit(77)
    environment = {**os.environ, "MINNOW_LIBRARY": library, "PYTHONPATH": package, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", os.path.join(package, "tests"), *arguments]
    sys.exit(subprocess.run(command, env=environment, cwd=ROOT).returncode)


main()
