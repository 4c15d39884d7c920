#!/usr/bin/env python3
"""Recorded drives through many models by Ray Data, on a cluster or on this machine (docs/recorded-drives.md).

    drives_ray.py --table apps/road/models.toml --models models/ --out results/ drives/monday/ drives/tuesday.mp4

A drive is a folder of frames (.jpg, .png, .bmp) or a video, wherever Ray reads files from. The table says how each model wants its
pictures. Each actor holds one minnow.Runtime with all models that lie in the folder, and computes on one CPU. A row of the Parquet
files that are written is an output of a model for a frame: file, frame, model, output, dtype, shape, hash, error and, where it has at
most --keep bytes, its values.
"""
import argparse
import io
import os
import pathlib
import sys
import tomllib

import minnow
import numpy as np

PICTURES, VIDEOS = (".jpg", ".jpeg", ".png", ".bmp"), (".mp4", ".mkv", ".avi", ".mov", ".webm")
EMPTY = {"frame": 0, "model": "", "output": "", "dtype": "", "shape": "", "hash": "", "values": b"", "error": ""}


def models_of(table, folder):
    """[(entry of the table, .minnow bytes)] of the models that are there: NAME.minnow, or else an original, which is converted."""
    entries = tomllib.loads(pathlib.Path(table).read_text(encoding="utf-8"))["model"]
    found = []
    for entry in entries:
        original = pathlib.Path(folder, entry["onnx"])
        if original.with_suffix(".minnow").exists():
            found.append((entry, original.with_suffix(".minnow").read_bytes()))
        elif original.exists():
            shapes = {entry["input"]: entry["shapes"][0]} if "shapes" in entry else None
            found.append((entry, bytes(minnow.convert(original, shapes=shapes))))
    if not found:
        sys.exit(f"{folder} has none of the models of {table}")
    return found


def picture_of(data):
    """By the engine's decoders, whose pixels are the same on every machine. They read files: this one lies in memory."""
    with open(os.memfd_create("frame"), "wb", buffering=0) as file:
        file.write(data)
        return minnow.vision.read_image(f"/proc/self/fd/{file.fileno()}")


def frames_of_video(data):
    """As the decoder has them, in planes: what converts them to RGB here is not the same on every machine."""
    import av
    with av.open(io.BytesIO(data)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if frame.format.name not in ("yuv420p", "yuvj420p"):
                raise ValueError(f"frames are {frame.format.name}; expected yuv420p")
            planes = [np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:plane.height, :plane.width]
                      for plane in frame.planes]
            full = frame.format.name == "yuvj420p" or frame.color_range == 2
            yield number, planes, {"format": "i420", "matrix": "bt709" if frame.colorspace == 1 else "bt601", "full_range": full}


def frames_of(path, data):
    """(number, picture, how write_image has to read it) of a file's frames."""
    if path.lower().endswith(PICTURES):
        yield 0, picture_of(data), {}
    else:
        yield from frames_of_video(data)


class Models:
    """All models in one runtime: what an actor holds."""

    def __init__(self, models, keep=0):
        self.keep = keep
        self.runtime = minnow.Runtime(threads=1)
        self.sessions = [(entry, minnow.Session(minnow.Model(minnow.Conversion.of_bytes(model), self.runtime)))
                         for entry, model in models]

    def __call__(self, file):
        """The rows of a file. One that cannot be read is a row too, which says why: a drive goes on, and nothing is lost unseen."""
        path, number = file["path"], 0
        try:
            for number, picture, form in frames_of(path, file["bytes"]):
                for entry, session in self.sessions:
                    for row in self.outputs(entry, session, picture, form):
                        yield {**EMPTY, "file": path, "frame": number, "model": entry["name"], **row}
        except (minnow.Error, ValueError, OSError) as problem:
            yield {**EMPTY, "file": path, "frame": number, "error": f"{path}: {problem}"}

    def outputs(self, entry, session, picture, form):
        with session.begin() as frame:
            minnow.vision.write_image(picture, frame.input(entry["input"]), **form, **entry.get("pre", {}))
            frame.run()
            for info in session.outputs:
                array = frame.output(info.name)
                yield {"output": info.name, "dtype": array.dtype.name, "shape": ",".join(map(str, array.shape)),
                       "hash": minnow.hash(array), "values": array.tobytes() if array.nbytes <= self.keep else b""}
                del array  # an array keeps the frame's arena


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("drives", nargs="+")
    parser.add_argument("--table", required=True, help="how models want their pictures: apps/road/models.toml")
    parser.add_argument("--models", required=True, help="the folder in which they lie")
    parser.add_argument("--out", required=True, help="a folder for Parquet files, which is not there yet")
    parser.add_argument("--keep", type=int, default=0, help="keep the values of outputs that have at most so many bytes")
    parser.add_argument("--actors", type=int, default=0, help="most of them at a time; 0: one for each CPU")
    given = parser.parse_args()

    import pyarrow.parquet
    import ray
    ray.init(logging_level="warning", log_to_driver=False)  # RAY_ADDRESS names a cluster
    models = ray.put(models_of(given.table, given.models))

    class Actor(Models):
        def __init__(self):
            super().__init__(ray.get(models), given.keep)

    most = given.actors or int(ray.cluster_resources()["CPU"])
    files = ray.data.read_binary_files(given.drives, include_paths=True, file_extensions=[s[1:] for s in PICTURES + VIDEOS])
    files.flat_map(Actor, concurrency=(1, most), num_cpus=1).write_parquet(given.out, mode=ray.data.SaveMode.ERROR)
    errors = pyarrow.parquet.read_table(given.out, columns=["error"], filters=[("error", "!=", "")])["error"].to_pylist()
    for error in errors:
        print(error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
