#!/usr/bin/env python3
"""Facts about operators live in the operators: fails where code outside src/ops asks which operator it has.

A fact that a virtual function of ops::Operator could tell, told by a switch elsewhere, is one that a new operator misses in
silence. Outside src/ops only tables of kernels name kinds. Patterns of certain operators (a Conv followed by a
BatchNormalization) ask by a typed cast, in the rooms that are about patterns.
Usage: check_op_kinds.py [ROOT]
"""
import pathlib
import re
import sys

TOPS = ("include", "src", "tools", "apps", "examples", "python", "gst")
# Files, by regular expression, in which the rules below do not hold.
TABLES = r"src/ops/.*|src/backend/\w+/(\w+_rows|kernel_table)\.(cc|h)|src/kernels/reference/table\.cc"
LABELS = TABLES + r"|src/format/(read|write)\.cc|src/runtime/(plan|settled)\.cc|src/program/describe\.cc"  # names as text: stored, shown
PATTERNS = TABLES + (r"|src/ir/graph\.h|src/passes/(fuse_\w+|fold_batch_norm|fold_blocks|byte_inputs|match|note_quantisation|quantise_early|rewriter|remove_identity)\.(cc|h)"
                     r"|src/planning/storage\.cc|src/converter/.*|src/quantise/.*|src/kernels/operator_panels\.cc")
# What is asked, how that looks, where it may be asked, and samples that have to be found.
RULES = (
    ("names a kind", r"\bOpKind::(?!kCount\b)\w+|\bkKind\b", TABLES, ["case ops::OpKind::Conv:", "is == Op::kKind"]),
    ("compares a kind", r"\bkind\(\)\s*[!=<>]=?|[!=]=\s*[^\s;&|]*\bkind\(\)|\bswitch\s*\([^{;]*\bkind\(\)", TABLES,
     ["if (op.kind() == other)", "other != node.op->kind()", "switch (step.op->kind()) {"]),
    ("asks for a kind's name", r"\bopKind(?:Name|FromName)\s*\(", LABELS, ["if (ops::opKindName(kind) == name)"]),
    ("compares an operator's name", r"\bop(?:->|\.)name\(\)\s*[!=]=|[!=]=\s*[^\s;&|]*\bop(?:->|\.)name\(\)", TABLES,
     ["node.op->name() == kConv", "if (name != op.name())"]),
    ("casts to see which operator it is",
     r"\b(?:as|producedBy)\s*<\s*(?:const\s+)?ops::[A-Z]|\bops::cast\s*<|\bdynamic_cast\s*<\s*(?:const\s+)?ops::", PATTERNS,
     ["node.as<ops::Conv>()", "ops::cast<Conv>(op)", "dynamic_cast<const ops::Conv*>(&op)"]),
)
# Line breaks stay, so that lines keep their numbers.
COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def code_of(path):
    return COMMENT_OR_TEXT.sub(lambda found: "\n" * found[0].count("\n"), path.read_text(errors="replace"))


def complaints(root, path):
    name, code = path.relative_to(root).as_posix(), code_of(path)
    for what, pattern, allowed, _ in RULES:
        if not re.fullmatch(allowed, name):
            for found in re.finditer(pattern, code):
                yield f"{name}:{code.count(chr(10), 0, found.start()) + 1}: {what}: {found[0]}"


def sources(root):
    """The project's code, without its tests, which may know what they test."""
    for top in TOPS:
        for path in sorted((root / top).rglob("*")):
            of_tests = path.stem.endswith("_test") or re.match(r"(test|toy|random)_", path.name)
            if path.suffix in (".cc", ".h", ".c", ".inc") and not of_tests:
                yield path


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    for what, pattern, _, samples in RULES:
        assert all(re.search(pattern, sample) for sample in samples), f"no longer sees what {what}"
    files = list(sources(root))
    found = [line for path in files for line in complaints(root, path)]
    for line in found:
        print(line)
    if found:
        print("What an operator is like is a virtual function of ops::Operator, told in its own header (docs/add-an-operator.md)")
    print(f"{len(files)} files, {len(found)} places outside src/ops that ask which operator it is")
    sys.exit(1 if found or not files else 0)


if __name__ == "__main__":
    main()
