#!/usr/bin/env python3
"""Pass rates of ONNX's cases: those of Debian's package libonnx-testdata, which everybody can have, and, where
MINNOW_SHARED names a folder with more, those by tier, the ones with float16 or float64 tensors left out.

Usage: conformance_report.py MINNOW WORK_FOLDER [--check]
Unpacks the shared conformance/open.tar.zst into WORK_FOLDER (once), runs `minnow conformance`, and joins with
manifest_open.tsv. Fails when a case fails or crashes, or when there was none to run.
--check: the shared ones alone; fails, too, unless tier 1 >= 98 %, tier 2 >= 90 %. Exit code 77 when they are not there.
"""
import collections
import csv
import json
import pathlib
import subprocess
import sys

from real_models import SKIPPED, shared

DEBIAN = pathlib.Path("/usr/share/libonnx-testdata/data")
LEAST = {"1": 0.98, "2": 0.90, "3": 0.0}
LEFT_OUT = {"f16", "f64"}


def unpack(archive, folder):
    stamp = folder / ".unpacked"
    if stamp.exists() and stamp.stat().st_mtime >= archive.stat().st_mtime:
        return
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["tar", "--zstd", "-xf", str(archive), "-C", str(folder)], check=True)
    stamp.touch()


def sweep(minnow, folder):
    chosen = folder / "LIST.txt"
    command = [minnow, "conformance", str(folder), *(["--list", str(chosen)] if chosen.exists() else []), "--json"]
    out = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    return {c["name"]: c for c in json.loads(out.stdout)["cases"]}


def print_tier(tier, rows, cases):
    counted = [r for r in rows if not LEFT_OUT & set(r["dtypes"].split(","))]
    status = collections.Counter(cases[r["path"]]["status"] for r in counted)
    rate = status["pass"] / max(1, len(counted))
    print(f"tier {tier}: {status['pass']} of {len(counted)} pass ({100 * rate:.1f} %), "
          f"{status['unsupported']} unsupported, {status['fail']} fail, {status['crash']} crash")
    return rate


def report(name, cases):
    """Prints what a sweep found; how many cases are broken, and 1 for none at all."""
    broken = [c for c in cases.values() if c["status"] in ("fail", "crash")]
    for case in broken:
        print(f"{case['status']}: {case['name']}: {case['detail']}")
    passed = sum(c["status"] == "pass" for c in cases.values())
    print(f"{name}: {len(cases)} cases, every type: {passed} pass, {len(broken)} fail or crash")
    return len(broken) + (passed == 0)


def report_shared(minnow, folder, work):
    """The shared cases by tier; whether the tiers are good, and how many cases are broken."""
    with open(folder / "manifest_open.tsv", newline="") as file:
        manifest = list(csv.DictReader(file, delimiter="\t"))
    unpack(folder / "open.tar.zst", work)
    cases = sweep(minnow, work)
    good = True
    for tier in sorted({row["tier"] for row in manifest}):
        rate = print_tier(tier, [r for r in manifest if r["tier"] == tier], cases)
        good &= rate >= LEAST.get(tier, 0)
    return good, report("shared", cases)


def main():
    check = "--check" in sys.argv
    minnow, work = [a for a in sys.argv[1:] if a != "--check"]
    folder = shared("conformance")
    if check and not folder:
        print("MINNOW_SHARED names no folder with conformance cases: not checked")
        sys.exit(SKIPPED)
    good, broken = report_shared(minnow, folder, pathlib.Path(work)) if folder else (True, 0)
    if not check:
        if DEBIAN.is_dir():
            broken += report("Debian's libonnx-testdata", sweep(minnow, DEBIAN))
        elif not folder:
            sys.exit(f"no case was run: install Debian's libonnx-testdata ({DEBIAN})")
    sys.exit(1 if broken or (check and not good) else 0)


if __name__ == "__main__":
    main()
