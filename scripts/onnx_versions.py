#!/usr/bin/env python3
"""Writes src/converter/onnx/versions.inc: which opsets changed each operator of ONNX, by the installed onnx package.

Usage: onnx_versions.py [FILE]   (pip install --upgrade onnx first: the newest release is what the importer has to know)
tests/check_operators.py compares the file with whatever onnx is installed.
"""
import collections
import pathlib
import sys

FILE = pathlib.Path(__file__).resolve().parents[1] / "src/converter/onnx/versions.inc"


def histories(onnx):
    """{operator of the default domain: [opset of each version, rising]}"""
    found = collections.defaultdict(set)
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == "":
            found[schema.name].add(schema.since_version)
    return {name: sorted(versions) for name, versions in found.items()}


def main():
    import onnx
    newest = onnx.defs.onnx_opset_version()
    lines = [f"// The opsets that defined or changed each operator of ONNX, up to opset {newest}; written by",
             f"// scripts/onnx_versions.py from onnx {onnx.__version__}.",
             f"MINNOW_NEWEST_OPSET({newest})"]
    for name, versions in sorted(histories(onnx).items()):
        lines.append(f"MINNOW_VERSIONS({name}, {', '.join(map(str, versions))})")
    pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else FILE).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
