#!/usr/bin/env python3
"""Runs `minnow conformance` over a folder and compares each case with the committed status.

A case that passed before must pass; none may fail or crash. With --update the file is written anew (from a run
in which none fails). With --through-export models go through `minnow export` and back, but for those that it refuses.
Exit code 77 when the folder is not there.
Usage: check_expected.py [--update | --through-export] MINNOW EXPECTED.tsv FOLDER
"""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from real_models import end_without  # noqa: E402


# A run computes the region of a Resize, which export writes as a constant.
NOT_EXPORTED = {"node/test_resize_tf_crop_and_resize"}


def sweep(minnow, folder, options):
    out = subprocess.run([minnow, "conformance", folder, "--json", *options], stdout=subprocess.PIPE, check=False)
    return {c["name"]: (c["status"], c["detail"]) for c in json.loads(out.stdout)["cases"]}


def read(path):
    lines = pathlib.Path(path).read_text().splitlines()
    return dict(line.split("\t") for line in lines if line and not line.startswith("#"))


def main():
    update = "--update" in sys.argv
    exported = "--through-export" in sys.argv
    minnow, expected_path, folder = [a for a in sys.argv[1:] if not a.startswith("--")]
    if not pathlib.Path(folder).is_dir():
        end_without(f"{folder} is not there (package libonnx-testdata)")
    actual = sweep(minnow, folder, ["--through-export"] if exported else [])
    broken = [f"{status}: {name}: {detail}"
              for name, (status, detail) in actual.items() if status in ("fail", "crash")]
    if update:
        rows = "".join(f"{name}\t{status}\n" for name, (status, _) in sorted(actual.items()))
        pathlib.Path(expected_path).write_text("# case, status; written by check_expected.py --update\n" + rows)
    expected = read(expected_path)
    for name, status in expected.items():
        if exported and name in NOT_EXPORTED:
            continue
        if status == "pass" and actual.get(name, ("absent", ""))[0] not in ("pass", "fail", "crash"):
            broken.append(f"passed before: {name}: {': '.join(actual.get(name, ('absent',)))}")
    newly = [n for n, (s, _) in actual.items() if s == "pass" and expected.get(n) != "pass"]
    print("\n".join(broken))
    if newly:
        print(f"{len(newly)} cases pass that did not: run with --update")
    passed = sum(s == "pass" for s, _ in actual.values())
    print(f"{len(actual)} cases: {passed} pass, {len(actual) - passed - sum(s != 'unsupported' and s != 'pass' for s, _ in actual.values())} unsupported, {len(broken)} broken")
    sys.exit(1 if broken or not passed else 0)


if __name__ == "__main__":
    main()
