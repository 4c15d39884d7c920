#!/usr/bin/env python3
"""What the documentation shows of a program is part of one that is compiled: README.md and
docs/in-your-program.md of examples/classify.cc, minnow/minnow.h of examples/infer.c.

Usage: check_examples.py      (nothing but Python's standard library)
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def lines_of(text):
    """The lines that are not empty, without indentation."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def excerpts(path, pattern):
    return re.findall(pattern, (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def missing(shown, program):
    """The first of the lines shown that is not, in their order, among the program's."""
    rest = iter(lines_of((ROOT / program).read_text(encoding="utf-8")))
    return next((line for line in shown if line not in rest), None)


def main():
    problems = []
    for page, pattern, program in [
        *((page, r"^```cpp\n(.*?)^```", "examples/classify.cc") for page in ("README.md", "docs/in-your-program.md")),
        ("include/minnow/minnow.h", r"^ \*   (require.*?)^ \*$", "examples/infer.c"),
    ]:
        found = excerpts(page, pattern)
        if not found:
            problems.append(f"{page}: no program is shown; this test looks for {pattern!r}")
        for excerpt in found:
            line = missing([line.removeprefix("*").strip() for line in lines_of(excerpt)], program)
            if line is not None:
                problems.append(f"{page}: {program} has no such line at its place: {line}")
    print("\n".join(problems) or "every program shown is compiled")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
