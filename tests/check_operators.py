#!/usr/bin/env python3
"""What the importer says that it knows, against docs/operators.md and ONNX.

The first table of docs/operators.md names exactly the operators that the importer has. Each of them is known up to its newest version of
src/converter/onnx/versions.inc, or stands in BEHIND. That table is what the onnx package says, as far as both go, if
one is installed for this Python.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
ONNX = ROOT / "src/converter/onnx"
BEHIND = {}  # operator: why its newest version is refused
faults = []


def rows(path, macro):
    return re.findall(rf"^{macro}\((.+)\)$", (ONNX / path).read_text(), re.M)


def check_documents(imported):
    families = (ROOT / "docs/operators.md").read_text().split("\n## ")[0]
    table = [line.split("|") for line in families.splitlines() if line.startswith("| ")]
    named = set(re.findall(r"\w+", " ".join(line[2] for line in table[1:])))
    faults.extend(f"docs/operators.md leaves out {name}" for name in sorted(imported - named))
    faults.extend(f"docs/operators.md names {name}, which is not imported" for name in sorted(named - imported))


def check_known(known, versions):
    for name, version in known.items():
        if name not in versions:
            faults.append(f"versions.inc has no {name}")
        elif version != versions[name][-1] and name not in BEHIND:
            faults.append(f"{name} is known up to version {version}, its newest is {versions[name][-1]}")


def check_package(versions, newest):
    """The installed onnx may be older than the table, or newer: what both know has to agree."""
    try:
        import onnx
    except ImportError:
        return "no onnx package is installed to compare with"
    sys.path.insert(0, str(ROOT / "scripts"))
    import onnx_versions
    common = min(newest, onnx.defs.onnx_opset_version())
    for name, theirs in onnx_versions.histories(onnx).items():
        theirs = [v for v in theirs if v <= common]
        if theirs != [v for v in versions.get(name, []) if v <= common]:
            faults.append(f"onnx {onnx.__version__} has versions {theirs} of {name}, versions.inc {versions.get(name)}")
    return f"onnx {onnx.__version__} agrees up to opset {common}"


known = {name: int(version) for name, *_, version in
         (row.split(", ") for row in rows("import_list.inc", "MINNOW_IMPORT(?:_HERE)?"))}
versions = {name: [int(v) for v in numbers] for name, *numbers in
            (row.split(", ") for row in rows("versions.inc", "MINNOW_VERSIONS"))}
check_documents(set(known))
check_known(known, versions)
compared = check_package(versions, int(rows("versions.inc", "MINNOW_NEWEST_OPSET")[0]))
print("\n".join(faults) or f"{len(known)} operators are named and imported; {compared}")
sys.exit(bool(faults))
