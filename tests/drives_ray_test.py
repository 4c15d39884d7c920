#!/usr/bin/env python3
"""examples/drives_ray.py on this machine: its Parquet files' hashes are those that the command line finds for the same frames, on
plain C++ and, where build/arm64 has been built, on AArch64 under the emulator. A frame that cannot be read is told, and
costs no other.

Usage: drives_ray_test.py BUILD      (run by the Python of scripts/ray_venv.sh)
"""
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Whose pictures the command line can prepare in the same way.
LETTERBOXED = ["--resize", "letterbox", "--mean", "127.5", "--scale", "0.0078431373"]
MODELS = {"blazeface-front": ("face_detection_front_128x128_barracuda", LETTERBOXED),
          "blazeface-back": ("face_detection_back_256x256_barracuda", LETTERBOXED),
          "mlsd-tiny-320": ("mlsd_320x320_tiny", ["--alpha", "1"])}


def do(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, check=False, text=True)


def bmp(path, pixels):
    """24 bits, rows from the bottom up."""
    height, width, _ = pixels.shape
    rows = b"".join(row[:, ::-1].tobytes() + b"\0" * (-3 * width % 4) for row in pixels[::-1])
    path.write_bytes(struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54 + len(rows), 0, 0, 54, 40, width, height, 1, 24, 0, len(rows), 0, 0, 0, 0)
                     + rows)


def make_drives(folder, numpy):
    """Two frames, a file that is none, and a video of three frames; the pixels of its first."""
    import av
    shades = numpy.random.default_rng(1)
    smooth = [numpy.kron(shades.integers(0, 255, (9, 16, 3)), numpy.ones((40, 40, 1))).astype(numpy.uint8) for _ in range(2)]
    folder.mkdir()
    for number, pixels in enumerate(smooth):
        bmp(folder / f"{number}.bmp", pixels)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with av.open(folder / "drive.mp4", "w") as video:
        stream = video.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for _ in range(3):
            video.mux(stream.encode(av.VideoFrame.from_ndarray(numpy.ascontiguousarray(smooth[0][::2, ::2]), "rgb24")))
        video.mux(stream.encode())


def expected(program, options, models, frame):
    """{(model, output): hash} as the command line has them."""
    found = {}
    for name, (file, how) in MODELS.items():
        done = do(*program, "hash", models / f"{file}.minnow", "--input", f"all={frame}", *how, *options)
        if done.returncode:
            sys.exit(f"{' '.join(map(str, program))}: {done.stderr}")
        found |= {(name, line.split()[0]): line.split()[-1] for line in done.stdout.splitlines()}
    return found


def prepared(build, models):
    """Converted models beside their originals, of which one stays to be converted by the example."""
    models.mkdir()
    for file, _ in MODELS.values():
        original = next((ROOT / ".cache/npm").rglob(f"{file}.onnx"), None)
        if original is None:
            return False
        do(build / "minnow", "convert", original, "-o", models / f"{file}.minnow")
        shutil.copy(original, models)
    (models / "mlsd_320x320_tiny.minnow").rename(models / "later")
    return True


def rows_of(table, **wanted):
    return [row for row in table if all(row[key] == value for key, value in wanted.items())]


def check(told, right):
    print(f"{told}: {'yes' if right else 'NO'}", flush=True)
    return right


def main():
    try:
        import numpy
        import pyarrow.parquet
        import ray  # noqa: F401
    except ImportError as problem:
        print(f"{problem}: run this by the Python of scripts/ray_venv.sh")
        return 77
    build = pathlib.Path(sys.argv[1]).resolve()
    os.environ.update(PYTHONPATH=str(ROOT / "python"), MINNOW_LIBRARY=str(build / "libminnow_tools.so"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        drive, models, out = folder / "drive", folder / "models", folder / "out"
        if not prepared(build, models):
            print("The registry's models are not here: make models")
            return 77
        make_drives(drive, numpy)
        done = do(sys.executable, ROOT / "examples/drives_ray.py", "--table", ROOT / "apps/road/models.toml", "--models", models,
                  "--out", out, "--keep", "4000", "--actors", "2", drive)
        if not out.exists():
            sys.exit(done.stdout + done.stderr)
        table = pyarrow.parquet.read_table(out).to_pylist()
        (models / "later").rename(models / "mlsd_320x320_tiny.minnow")

        broken = rows_of(table, model="")
        right = [check("it says which frame cannot be read, and ends with an error", len(broken) == 1 and done.returncode == 1
                       and "broken.png: " in broken[0]["error"] and broken[0]["error"] in done.stderr)]
        programs = {"plain C++": ([build / "minnow"], ["--target", "scalar-fma"])}
        arm = ROOT / "build/arm64/minnow"
        if arm.exists() and shutil.which("qemu-aarch64-static"):
            programs["AArch64"] = ["qemu-aarch64-static", arm], []
        else:
            print("Without AArch64: build/arm64/minnow has not been built, or there is no emulator.")
        for told, (program, options) in programs.items():
            for number in range(2):
                frame = drive / f"{number}.bmp"
                rows = rows_of(table, file=str(frame))
                hashes = {(row["model"], row["output"]): row["hash"] for row in rows}
                right.append(check(f"{frame.name}: the cluster's hashes are those of {told}", hashes == expected(program, options, models, frame)))
        video = rows_of(table, file=str(drive / "drive.mp4"))
        right.append(check("all frames of the video", {row["frame"] for row in video} == {0, 1, 2}
                           and len(video) == 3 * len(rows_of(table, file=str(drive / "0.bmp")))))
        kept = [row for row in table if row["values"]]
        right.append(check("values are kept", kept and all(
            numpy.frombuffer(row["values"], row["dtype"]).size == numpy.prod([int(n) for n in row["shape"].split(",")]) for row in kept)))
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
