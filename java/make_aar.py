#!/usr/bin/env python3
"""Lays minnow.jar and libminnow_jni.so of one or more ABIs out as Android's library archive. The same files give the same bytes.

Usage: make_aar.py OUT.aar minnow.jar ABI=libminnow_jni.so…       (arm64-v8a, armeabi-v7a, x86_64)
"""
import io
import pathlib
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ABIS = ("arm64-v8a", "armeabi-v7a", "x86", "x86_64", "riscv64")
EPOCH = (1980, 1, 1, 0, 0, 0)  # as early as zip can say


def zipped(members):
    """An archive of {name: bytes}, in their order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def classes_of(jar):
    """The jar without the times at which it was made."""
    with zipfile.ZipFile(jar) as archive:
        return zipped({name: archive.read(name) for name in sorted(archive.namelist()) if not name.endswith("/")})


def main():
    out, jar, *libraries = sys.argv[1:]
    members = {name: (HERE / name).read_bytes() for name in ("AndroidManifest.xml", "proguard.txt")}
    members.update({"R.txt": b"", "classes.jar": classes_of(jar)})
    for pair in sorted(libraries):
        abi, _, library = pair.partition("=")
        if abi not in ABIS:
            sys.exit(f"make_aar.py: {pair}: expected ABI=FILE with an ABI of {', '.join(ABIS)}")
        members[f"jni/{abi}/libminnow_jni.so"] = pathlib.Path(library).read_bytes()
    pathlib.Path(out).write_bytes(zipped(members))
    print(f"{out}: {', '.join(members)}")


if __name__ == "__main__":
    sys.exit(main())
