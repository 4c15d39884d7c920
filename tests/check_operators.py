#!/usr/bin/env python3
"""The first table of docs/operators.md names exactly the operators that the importer has."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
imported = set(re.findall(r"^MINNOW_IMPORT\((\w+),", (ROOT / "src/converter/onnx/import_list.inc").read_text(), re.M))
imported |= {"If", "Loop", "Scan"}  # expanded by the importer itself
table = (ROOT / "docs/operators.md").read_text().split("\n## ")[0]
rows = [line.split("|") for line in table.splitlines() if line.startswith("| ")]
named = set(re.findall(r"\w+", " ".join(row[2] for row in rows[1:])))
for name in sorted(imported - named):
    print(f"docs/operators.md leaves out {name}")
for name in sorted(named - imported):
    print(f"docs/operators.md names {name}, which is not imported")
print(f"{len(imported & named)} operators are named and imported")
sys.exit(imported != named)
