#!/usr/bin/env python3
"""Writes the seeds of pictures, EXIF and .npy below fuzz/seeds (needs Pillow and NumPy): one small file a form."""
import io
import pathlib
import struct
import sys
import zlib

import numpy as np
from PIL import Image

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "fuzz/seeds")
random = np.random.default_rng(1)


def write(kind, name, data):
    path = folder / kind / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def packed(rows, bits):
    """Rows of numbers as PNG and BMP pack them, each a whole number of bytes."""
    out = []
    for row in rows:
        text = "".join(format(v, f"0{bits}b") for v in row)
        text += "0" * (-len(text) % 8)
        out.append(bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8)))
    return out


def exif(orientation, order=">"):
    mark = b"MM\0*" if order == ">" else b"II*\0"
    return mark + struct.pack(order + "IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)


def png(name, colour, bits, interlaced=0, chunks=()):
    width, height = 5, 3
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    raw = b""
    for x, y, dx, dy in passes:
        columns, rows = len(range(x, width, dx)), len(range(y, height, dy))
        if columns:
            numbers = random.integers(0, 1 << bits, (rows, columns * samples))
            raw += b"".join(b"\0" + row for row in packed(numbers, bits))
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    data = b"\x89PNG\r\n\x1a\n"
    for kind, content in [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]:
        data += struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    write("png", name + ".png", data)


def bmp(name, bits, header=40, masks=(), colours=0, height=3):
    width = 5
    rows = packed(random.integers(0, 256 if bits > 8 else 1 << bits, (abs(height), max(1, bits // 8) * width)),
                  min(bits, 8))
    pixels = b"".join(row + b"\0" * (-len(row) % 4) for row in rows)
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits) + bytes(range(3 * colours))
    else:
        info = struct.pack("<IiiHHIIIIII", header, width, height, 1, bits, 3 if masks else 0, 0, 0, 0, colours, 0)
        info += struct.pack(f"<{len(masks)}I", *masks)
        info += b"\0" * (14 + header - 14 - len(info)) + bytes(range(4 * colours))
    data = struct.pack("<IHHI", 14 + len(info) + len(pixels), 0, 0, 14 + len(info))
    write("bmp", name + ".bmp", b"BM" + data + info + pixels)


def jpeg(name, mode="RGB", exif_of=None, **how):
    picture = Image.fromarray(random.integers(0, 256, (11, 9, 3), dtype=np.uint8)).convert(mode)
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=how.pop("quality", 40), optimize=True,
                 **({"exif": b"Exif\0\0" + exif_of} if exif_of else {}), **how)
    write("jpeg", name + ".jpg", data.getvalue())


palette = (b"PLTE", bytes(range(12)))
for colour, bits in ((0, 1), (0, 4), (0, 16), (2, 8), (4, 8), (6, 16)):
    png(f"colour{colour}_{bits}", colour, bits)
png("palette", 3, 2, chunks=[palette, (b"tRNS", b"\0\x80")])
png("interlaced", 2, 8, interlaced=1, chunks=[(b"tRNS", b"\0\1\0\2\0\3")])
png("interlaced_grey", 0, 2, interlaced=1, chunks=[(b"tRNS", b"\0\1")])
png("exif", 0, 8, chunks=[(b"gAMA", struct.pack(">I", 100000)), (b"eXIf", exif(6))])

for bits in (1, 4, 8):
    bmp(f"palette{bits}", bits, colours=min(1 << bits, 16))
bmp("os2_palette", 4, header=12, colours=16)
bmp("os2", 24, header=12)
bmp("os2_2", 24, header=64)
for bits in (16, 24, 32):
    bmp(f"deep{bits}", bits, height=-3)
bmp("masks565", 16, masks=(0xf800, 0x7e0, 0x1f))
bmp("masks_v5", 32, header=124, masks=(0xff0000, 0xff00, 0xff, 0xff000000))

jpeg("plain", subsampling=0)
jpeg("halved", subsampling=2, exif_of=exif(6))
jpeg("grey", "L")
jpeg("cmyk", "CMYK")
jpeg("progressive", subsampling=1, progressive=True)
jpeg("restarts", subsampling=2, restart_marker_blocks=1)

for orientation, order in ((3, ">"), (8, "<")):
    write("exif", f"{orientation}", exif(orientation, order))
    write("exif", f"jpeg{orientation}", b"Exif\0\0" + exif(orientation, order))

for name, array in {"floats": np.arange(6, dtype=np.float32).reshape(2, 3), "fortran": np.asfortranarray(np.ones((2, 3))),
                    "bools": np.array([True, False]), "halves": np.float16([[1.5]]), "scalar": np.int64(7),
                    "empty": np.zeros((0, 3), np.uint8), "big_end": np.arange(3, dtype=">i4")}.items():
    data = io.BytesIO()
    np.save(data, array)
    write("npy", name + ".npy", data.getvalue())
data = io.BytesIO()
np.lib.format.write_array(data, np.arange(4, dtype=np.uint16), version=(2, 0))
write("npy", "version2.npy", data.getvalue())
