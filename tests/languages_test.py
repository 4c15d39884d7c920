#!/usr/bin/env python3
"""Other languages by their ordinary binding generators, out of what `cmake --install` installs: examples/rust by bindgen and
cargo, examples/go by cgo, beside examples/infer.c for the same model and elements. Debian's compilers, and what is first on the
PATH where that is another. A language without its tools is left out, and the test counts as skipped.

Usage: languages_test.py BUILD
"""
import array
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

from tiny_onnx import onnx_model

ROOT = pathlib.Path(__file__).resolve().parent.parent


def do(*command, given=None, folder=None, environment=None, fails=False):
    done = subprocess.run([str(part) for part in command], input=given, cwd=folder, env=environment, capture_output=True,
                          check=False)
    if (done.returncode != 0) != fails:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout.decode()}{done.stderr.decode()}")
    return done.stderr if fails else done.stdout


def compilers(program):
    """Debian's, and the PATH's."""
    found = {f"/usr/bin/{program}", shutil.which(program) or ""}
    return sorted(path for path in found if os.path.exists(path))


def rust(cargo, source, environment):
    do(cargo, "build", "--release", "--offline", "-q", folder=source, environment=environment)
    return source / "target/release/infer"


def go(compiler, source, environment):
    do(compiler, "build", "-o", "infer", ".", folder=source, environment=environment)
    return source / "infer"


LANGUAGES = {"rust": ("cargo", ["cargo", "bindgen"], rust), "go": ("go", ["go"], go)}


def model_and_elements(minnow, folder):
    """A real model of the registry where there is one; elements for its first input."""
    real = sorted((ROOT / ".cache/npm").rglob("face_detection_front_128x128_barracuda.onnx"))
    source, count = (real[0], 3 * 128 * 128) if real else (folder / "means.onnx", 12)
    if not real:
        source.write_bytes(onnx_model(["GlobalAveragePool"], [1, 3, 2, 2], out=[1, 3, 1, 1]))
    do(minnow, "convert", source, "-o", folder / "model.minnow")
    numbers = random.Random(2)
    return folder / "model.minnow", array.array("f", (numbers.uniform(-1, 1) for _ in range(count))).tobytes()


def check(name, program, model, elements, expected):
    """The same bytes as C's; the engine's words for a model that is none."""
    same = do(program, model, given=elements) == expected
    error = do(program, model.with_name("absent.minnow"), given=elements, fails=True).decode()
    told = "absent.minnow: cannot open" in error
    print(f"{name}: {'the same bits as in C' if same else 'other bits than in C'}{'' if told else f'; said {error}'}", flush=True)
    return same and told


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    right, absent = [], []
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        do("cmake", "--install", build, "--prefix", folder / "prefix", "--component", "development")
        model, elements = model_and_elements(build / "minnow", folder)
        expected = do(build / "examples/infer", model, given=elements)
        package = next((folder / "prefix").rglob("minnow.pc")).parent
        for language, (program, wanted, made_by) in LANGUAGES.items():
            absent += [f"{language} ({tool})" for tool in wanted if not shutil.which(tool)]
            for compiler in compilers(program) if all(map(shutil.which, wanted)) else []:
                source = pathlib.Path(shutil.copytree(ROOT / "examples" / language, folder / f"{language}-{len(right)}"))
                # A compiler's own companions first; nothing is left in its user's caches.
                path = f"{os.path.dirname(compiler)}{os.pathsep}{os.environ['PATH']}"
                environment = dict(os.environ, PATH=path, PKG_CONFIG_PATH=str(package), GOCACHE=str(folder / "gocache"))
                version = do(compiler, *(["version"] if language == "go" else ["--version"])).decode().strip()
                right.append(check(version, made_by(compiler, source, environment), model, elements, expected))
    if absent:
        print(f"Left out: {', '.join(absent)}. scripts/setup.sh languages installs what is wanted.")
    return 1 if not all(right) else 77 if absent else 0


if __name__ == "__main__":
    sys.exit(main())
