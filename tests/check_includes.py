#!/usr/bin/env python3
"""Fails on an #include that the floors of the house do not allow (docs/design.md).

A room may include itself, the rooms its row names, and whatever those may include.
Usage: check_includes.py [ROOT]
"""
import pathlib
import re
import sys

# Room (a folder, the longest prefix wins): the rooms right below it.
ARROWS = {
    "include": [],
    "src/base": ["include"],
    "src/memory": ["src/base"],
    "src/vision": ["src/base"],
    "src/ops": ["src/base"],
    "src/ir": ["src/ops"],
    "src/kernels": ["src/ops"],
    "src/kernels/reference": ["src/kernels"],
    "src/kernels/simd": ["src/kernels"],
    "src/backend": ["src/kernels"],
    "src/backend/reference": ["src/backend", "src/kernels/reference"],
    "src/backend/cpu": ["src/backend/reference", "src/kernels/simd"],
    "src/backend/gpu": ["src/backend/reference", "src/vision"],
    "src/backend/cl": ["src/backend/gpu"],
    "src/backend/gl": ["src/backend/gpu"],
    "src/format": ["src/ir", "src/kernels"],
    "src/planning": ["src/ir"],
    "src/sizes": ["src/ir", "src/kernels/reference"],
    "src/passes": ["src/planning", "src/sizes"],
    "src/program": ["src/memory", "src/planning", "src/backend"],
    "src/runtime": ["src/program", "src/format", "src/sizes", "src/backend/cpu", "src/backend/cl", "src/backend/gl"],
    "src/converter": ["src/passes", "src/format"],
    "src/quantise": ["src/converter"],
    "src/analysis": ["src/base"],
    "src/schedule": ["src/base"],
    "src/vision/c": ["src/vision"],
    "tools/frames": ["src/base"],
    "tools/library": ["tools/minnow", "src/runtime"],
    "tools/minnow": ["src/analysis", "tools/frames"],
    "apps/road": ["include", "tools/frames"],
    "gst": ["include", "apps/road"],
    "examples": ["include"],
}
# Files that may see one room more.
EXCEPTIONS = {
    "tools/minnow": {
        **dict.fromkeys(("convert", "convert_report", "culprit", "export", "onnx_with_converter", "conformance", "case_runner"), "src/converter"),
        "quantize": "src/quantise",
        "bench": "src/kernels/simd",  # the core's peak
    },
    "tools/library": {"convert": "src/converter"},
    "apps/road": {"main": "src/base"},  # whole files and standard streams
}
# Headers that only one room may include, whatever its arrows.
OWNED = {
    "onnx/": "src/converter",
    "google/protobuf": "src/converter",
    "CL/": "src/backend/cl",
    "EGL/": "src/backend/gl",
    "GLES3/": "src/backend/gl",
    "flatbuffers/": "src/format",
    "hwy/": "src/kernels/simd",
    "xxhash": "src/analysis",
    "zlib.h": "src/analysis",
    "opencv2/": "apps/road",
    "gst/": "gst",
    "libavcodec/": "tools/frames",
    "libavdevice/": "tools/frames",
    "libavformat/": "tools/frames",
    "libswscale/": "tools/frames",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)


def room_of(path):
    """The room a file (relative to the root) lies in, or None."""
    parts = path.parts
    for n in range(len(parts) - 1, 0, -1):
        if "/".join(parts[:n]) in ARROWS:
            return "/".join(parts[:n])
    return None


def reachable(room):
    """The room and all rooms below it."""
    seen, waiting = set(), [room]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting += ARROWS[current]
    return seen


def target_of(root, path, name):
    """The file that an include names, relative to the root; None for a system header."""
    for base in (root / path.parent, root / "src", root / "include", root / "tools", root):
        if (base / name).is_file():
            return (base / name).resolve().relative_to(root)
    return None


def complaints(root, path):
    room = room_of(path)
    allowed = reachable(room)
    if extra := EXCEPTIONS.get(room, {}).get(path.stem):
        allowed |= reachable(extra)
    for name in INCLUDE.findall((root / path).read_text()):
        target = target_of(root, path, name)
        if target is None:
            for prefix, owner in OWNED.items():
                if name.startswith(prefix) and room != owner:
                    yield f"{path}: <{name}> belongs to {owner} alone"
            continue
        below = room_of(target)
        if below is None or below not in allowed:
            yield f"{path}: includes {target}, but {room} may not include {below or target.parent}"


def lookers_aside(root):
    """Files that look beside the checkout past the one switch, MINNOW_SHARED, which `make test` turns off."""
    aside = ".." + "/shared"
    tracked = [f for top in ("src", "tests", "tools", "apps", "gst", "examples", "bench", "fuzz", "scripts", "cmake")
               for f in sorted((root / top).rglob("*")) if f.suffix in (".cc", ".h", ".py", ".sh", ".txt", ".cmake", ".json")]
    for file in [*tracked, root / "CMakeLists.txt"]:
        if aside in file.read_text(errors="replace"):
            yield f"{file.relative_to(root)}: names {aside}, which only MINNOW_SHARED may"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    files = [
        f.relative_to(root)
        for top in ("include", "src", "tools", "apps", "gst", "examples")
        for f in sorted((root / top).rglob("*"))
        if f.suffix in (".cc", ".h", ".c", ".inc")
    ]
    found, outside = [], []
    for path in files:
        if room_of(path) is None:
            outside.append(f"{path}: lies in no room of the table")
        else:
            found += complaints(root, path)
    outside += lookers_aside(root)
    for line in found + outside:
        print(line)
    print(f"{len(files)} files, {len(found) + len(outside)} arrows that may not be")
    sys.exit(1 if found or outside or not files else 0)


if __name__ == "__main__":
    main()
