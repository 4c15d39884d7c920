#!/usr/bin/env python3
"""Pass rates by tier of the shared ONNX cases, those with float16 or float64 tensors left out.

Usage: conformance_report.py MINNOW SHARED_CONFORMANCE_FOLDER WORK_FOLDER [--check]
Unpacks open.tar.zst into WORK_FOLDER (once), runs `minnow conformance`, and joins with manifest_open.tsv.
--check: fail unless tier 1 >= 98 %, tier 2 >= 90 %, and no case at all fails or crashes. Exit code 77 when the
shared folder is not there.
"""
import collections
import csv
import json
import pathlib
import subprocess
import sys

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
    command = [minnow, "conformance", str(folder), "--list", str(folder / "LIST.txt"), "--json"]
    out = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    return {c["name"]: c for c in json.loads(out.stdout)["cases"]}


def print_tier(tier, rows, cases):
    counted = [r for r in rows if not LEFT_OUT & set(r["dtypes"].split(","))]
    status = collections.Counter(cases[r["path"]]["status"] for r in counted)
    rate = status["pass"] / max(1, len(counted))
    print(f"tier {tier}: {status['pass']} of {len(counted)} pass ({100 * rate:.1f} %), "
          f"{status['unsupported']} unsupported, {status['fail']} fail, {status['crash']} crash")
    return rate


def main():
    check = "--check" in sys.argv
    minnow, shared, work = [a for a in sys.argv[1:] if a != "--check"]
    shared, work = pathlib.Path(shared), pathlib.Path(work)
    if not (shared / "open.tar.zst").exists():
        print(f"{shared} is not there: not checked")
        sys.exit(77)
    with open(shared / "manifest_open.tsv", newline="") as file:
        manifest = list(csv.DictReader(file, delimiter="\t"))
    unpack(shared / "open.tar.zst", work)
    cases = sweep(minnow, work)
    good = True
    for tier in sorted({row["tier"] for row in manifest}):
        rate = print_tier(tier, [r for r in manifest if r["tier"] == tier], cases)
        good &= rate >= LEAST.get(tier, 0)
    broken = [c for c in cases.values() if c["status"] in ("fail", "crash")]
    for case in broken:
        print(f"{case['status']}: {case['name']}: {case['detail']}")
    passed = sum(c["status"] == "pass" for c in cases.values())
    print(f"all {len(cases)} cases, every type: {passed} pass, {len(broken)} fail or crash")
    sys.exit(1 if check and (broken or not good) else 0)


if __name__ == "__main__":
    main()
