"""Where real models are, and what a test does that lacks them.

A registry's models lie in .cache/npm (`make models`). Those of a folder beside the checkout are seen only where
MINNOW_SHARED names it (`make test-shared`), more in the folders of MINNOW_MODELS. A test that lacks a model or a
package is skipped; with MINNOW_REQUIRE_MODELS, which CI sets, it fails if a registry has it.
"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
VENV = ROOT / ".cache/onnx-venv"
REQUIRED = bool(os.environ.get("MINNOW_REQUIRE_MODELS"))
SKIPPED = 77


def shared(path):
    """A file or folder beside the checkout, or None."""
    folder = os.environ.get("MINNOW_SHARED")
    found = folder and pathlib.Path(folder) / path
    return found if found and found.exists() else None


def find(file):
    """A file of that name, or None."""
    folders = [shared("models"), ROOT / ".cache/npm",
               *map(pathlib.Path, filter(None, os.environ.get("MINNOW_MODELS", "").split(":")))]
    return next((path.resolve() for folder in folders if folder and folder.is_dir() for path in folder.rglob(file)), None)


def fetch():
    """Gets the registry's models if they are not there yet."""
    subprocess.run([ROOT / "apps/road/fetch_models.sh", ROOT / "apps/road/models.toml", ROOT / ".cache/npm"], check=True)


def registry_has(file):
    entries = (ROOT / "apps/road/models.toml").read_text().split("[[model]]")
    return any(f'onnx = "{file}"' in entry and re.search("^package = ", entry, re.M) for entry in entries)


def count_required(files):
    """Says which models are missing; how many of them should be there."""
    missing = [file for file in files if not find(file)]
    required = [file for file in missing if REQUIRED and (os.environ.get("MINNOW_SHARED") or registry_has(file))]
    for file in missing:
        print(f"{file} is not on this machine: {'FAILED, make models' if file in required else 'not checked'}")
    return len(required)


def end_without(what):
    """Ends a test that cannot run: skipped, or failed where everything is required."""
    print(f"{what}: {'FAILED, for it is required' if REQUIRED else 'not checked'}")
    sys.exit(1 if REQUIRED else SKIPPED)


def use_packages():
    """Goes on in the environment that scripts/onnx_venv.sh has made, where there is one."""
    python = VENV / "bin/python"
    if (VENV / "complete").exists() and pathlib.Path(sys.prefix).resolve() != VENV.resolve():
        os.execv(python, [str(python), *sys.argv])
