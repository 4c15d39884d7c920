#!/usr/bin/env python3
"""Java's face on this machine's virtual machine, which checks every call of JNI (-Xcheck:jni): java/tests by JUnit, on tiny
models and on a real one of the registry, beside what examples/infer.c puts out for the same elements. What is tested is
unpacked from an archive as Android has them.

Usage: java_test.py BUILD      (built with MINNOW_JAVA; Debian's junit4)
"""
import array
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import zipfile

from tiny_onnx import onnx_model, rounding_model

ROOT = pathlib.Path(__file__).resolve().parent.parent
JUNIT = ["/usr/share/java/junit4.jar", "/usr/share/java/hamcrest-core.jar"]
TESTS = ["EngineTest", "ImageTest", "ThreadsTest"]


def do(*command, given=None):
    done = subprocess.run([str(part) for part in command], input=given, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout


def unpacked(build, folder):
    """The jar and the folder of the library, out of an archive that says this machine's library were Android's."""
    archives = [folder / "one.aar", folder / "two.aar"]
    for archive in archives:
        do(ROOT / "java/make_aar.py", archive, build / "java/minnow.jar", f"x86_64={build / 'java/libminnow_jni.so'}")
    if archives[0].read_bytes() != archives[1].read_bytes():
        sys.exit("two archives of the same files differ")
    with zipfile.ZipFile(archives[0]) as archive:
        archive.extractall(folder / "aar")
    if sorted(path.name for path in (folder / "aar").iterdir()) != ["AndroidManifest.xml", "R.txt", "classes.jar", "jni", "proguard.txt"]:
        sys.exit("the archive is not laid out as Android wants it")
    return folder / "aar/classes.jar", folder / "aar/jni/x86_64"


def make_models(build, folder):
    """Models, and for some of them elements that go in and what C says comes out."""
    tiny = {"means": onnx_model(["GlobalAveragePool"], [1, 3, 2, 2], out=[1, 3, 1, 1]),
            "relu": onnx_model(["Relu"], [1, 3, 8, 8]), "open": onnx_model(["Relu"], [1, 3, "h", "w"]),
            "bytes": rounding_model([1, 3, 4, 6], 0.0625, 100)}
    sources = {}
    for name, model in tiny.items():
        sources[name] = folder / f"{name}.onnx"
        sources[name].write_bytes(model)
    counts = {"means": 12}
    for real in sorted((ROOT / ".cache/npm").rglob("face_detection_front_128x128_barracuda.onnx"))[:1]:
        sources["real"], counts["real"] = real, 128 * 128 * 3
    for name, source in sources.items():
        options = {"open": ["--shape", "x=1,3,4..8,4..8"], "bytes": ["--byte-inputs"]}.get(name, [])
        do(build / "minnow", "convert", source, "-o", folder / f"{name}.minnow", *options)
    numbers = random.Random(1)
    for name, count in counts.items():
        elements = array.array("f", (numbers.uniform(-1, 1) for _ in range(count))).tobytes()
        (folder / f"{name}.in").write_bytes(elements)
        (folder / f"{name}.out").write_bytes(do(build / "examples/infer", folder / f"{name}.minnow", given=elements))
    if "real" not in sources:
        print("No real model (make models): tiny ones alone.")


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    if not all(map(os.path.exists, JUNIT)):
        print("There is no JUnit here: scripts/setup.sh languages")
        return 77
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        make_models(build, folder)
        jar, library = unpacked(build, folder)
        classes = os.pathsep.join([str(jar), str(folder), *JUNIT])
        do("javac", "--release", "8", "-Xlint:all,-options", "-Werror", "-encoding", "UTF-8", "-d", folder, "-cp", classes,
           *(ROOT / "java/tests").rglob("*.java"))
        done = subprocess.run(
            ["java", "-Xcheck:jni", "-ea", "-Dfile.encoding=UTF-8", "-Dsun.jnu.encoding=UTF-8", f"-Djava.library.path={library}",
             f"-Dmodels={folder}", "-cp", classes, "org.junit.runner.JUnitCore", *(f"minnow.engine.{name}" for name in TESTS)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd=folder)
    print(done.stdout)
    complained = [line for line in done.stdout.splitlines() if "WARNING" in line or "FATAL" in line]
    return 1 if done.returncode or complained else 0


if __name__ == "__main__":
    sys.exit(main())
