#!/usr/bin/env python3
"""What libminnow.so is made of, from the linker's map: bytes of code, constants and data by room.

Usage: size.py [--files N] FOLDER|LIBRARY.map …      (a build folder, as build/arm64-rooms of `make size`)
"""
import argparse
import collections
import pathlib
import re

# Output sections by what they are; the rest (symbol tables, relocations) is the linker's.
KINDS = {
    "code": (".text", ".init", ".fini", ".plt"),
    "constants": (".rodata",),
    "unwinding": (".eh_frame", ".gcc_except_table"),
    "data": (".data", ".init_array", ".fini_array", ".tdata"),
}
SECTION = re.compile(r"^ (\.[\w.$]+)(?:\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S.*))?$")
CONTINUED = re.compile(r"^\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S.*)$")
ROOM = re.compile(r"minnow_(\w+?)(?:\.a\(|\.dir/)(?:src/)?(.*?)\)?$")


def kind_of(section):
    for kind, names in KINDS.items():
        if section.startswith(names):
            return kind
    return None


def pieces(text):
    """(section, bytes, file) of everything that lies in the library's memory."""
    lines = iter(text.split("Linker script and memory map", 1)[1].splitlines())
    for line in lines:
        found = SECTION.match(line)
        if not found:
            continue
        name, address, size, file = found.groups()
        if address is None:  # a long name has the rest on the next line
            rest = CONTINUED.match(next(lines, ""))
            if not rest:
                continue
            address, size, file = rest.groups()
        if int(address, 16) and int(size, 16):
            yield name, int(size, 16), file


def measure(text):
    rooms = collections.defaultdict(collections.Counter)
    files = collections.Counter()
    for section, size, file in pieces(text):
        kind = kind_of(section)
        if not kind:
            continue
        owner = ROOM.search(file)
        room = owner.group(1) if owner else "libraries"
        rooms[room][kind] += size
        if owner:
            files[f"{room}: {pathlib.Path(owner.group(2)).name.removesuffix('.o')}"] += size
    return rooms, files


def show(path, count):
    rooms, files = measure(path.read_text(errors="replace"))
    library = path.with_suffix("")
    total = library.stat().st_size if library.exists() else 0
    print(f"{library.name}: {total:,} bytes\n")
    print("| room | " + " | ".join(KINDS) + " | together |")
    print("|---|" + "---:|" * (len(KINDS) + 1))
    for room in sorted(rooms, key=lambda name: -rooms[name].total()):
        row = [rooms[room][kind] for kind in KINDS]
        print(f"| {room} | " + " | ".join(f"{n:,}" for n in row) + f" | {sum(row):,} |")
    sums = [sum(rooms[room][kind] for room in rooms) for kind in KINDS]
    print(f"| tables of the linker | | | | | {total - sum(sums):,} |")
    print("| all | " + " | ".join(f"{n:,}" for n in sums) + f" | {total:,} |")
    for name, size in files.most_common(count):
        print(f"{size:8,}  {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+", type=pathlib.Path, help="a build folder or a linker map")
    parser.add_argument("--files", type=int, default=0, metavar="N", help="also the N largest files")
    arguments = parser.parse_args()
    for path in arguments.paths:
        maps = sorted(path.glob("libminnow.so*.map")) if path.is_dir() else [path]
        if not maps:
            parser.error(f"{path} has no map of libminnow.so: make size")
        for one in maps:
            show(one, arguments.files)


if __name__ == "__main__":
    main()
