"""A model in every engine's own format. Shapes are {input: [dimensions]}, of every input or of those that are open."""
import importlib.util
import pathlib
import subprocess

import mnn_convert


def _run(*command, folder=None):
    done = subprocess.run([str(part) for part in command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace")
    if done.returncode:
        raise RuntimeError("not converted: " + (done.stdout.strip().splitlines() or ["no reason given"])[-1])


def for_minnow(program, source, shapes, made):
    _run(program, "convert", source, "-o", made,
         *(f"--shape={name}=" + ",".join(map(str, shape)) for name, shape in shapes.items()))
    return made


def for_mnn(source, made):
    mnn_convert.convert(source, made)
    return made


def for_ncnn(source, shapes, made):
    """The .param file; a .bin lies beside it. By the program in pnnx's wheel, whose Python face wants torch."""
    tool = pathlib.Path(importlib.util.find_spec("pnnx").origin).parent / "pnnx"
    within = made.parent / (made.stem + ".pnnx")
    within.mkdir(parents=True)
    (within / "net.onnx").symlink_to(pathlib.Path(source).resolve())
    shape = ",".join(str(list(shape)).replace(" ", "") for shape in shapes.values())
    _run(tool, "net.onnx", "inputshape=" + shape, "fp16=0", folder=within)
    for part in (".param", ".bin"):
        (within / f"net.ncnn{part}").rename(made.with_suffix(part))
    return made.with_suffix(".param")
