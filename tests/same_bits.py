#!/usr/bin/env python3
"""Real models against committed hashes, so that every machine is held to the same bits: all targets that the program has
here, one, two and four threads, in strips and layer by layer. Hashes lie in same_bits.tsv: model, output, hash; those of
models converted with --winograd off, where that gives other bits, under the name with `_direct` behind it. Conversion with
--optimise speed changes none.

Usage: same_bits.py NATIVE IDS [EMULATOR…] PROGRAM
       same_bits.py NATIVE IDS --write       makes the hashes anew; say in the commit why bits changed
NATIVE converts the models, PROGRAM runs them. IDS are those of tests/golden/models.json with commas between, or `all`, or `small` or `large`, which together are all, or `few`, the quickest.
Exit code 77 when no model, or no NATIVE, is on this machine. (Nothing but Python's standard library.)
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from real_models import ROOT, count_required, end_without, find

TABLE = pathlib.Path(__file__).with_suffix(".tsv")
# Inputs this small where a model takes any size: emulators are slow.
SMALL = {"ppocr_det_320": [1, 3, 64, 96], "ppocr_rec": [1, 3, 48, 64], "ppocr_cls": [1, 3, 48, 96]}
# The same networks on larger inputs.
REPEATED = {"ppocr_det_640", "mlsd_512_tiny", "mlsd_512_large", "mlsd_320_large"}
LARGE = {"twinlitenet_360x640", "mlsd_320_tiny"}
FEW = {"blazeface_front", "ppocr_cls", "ultraface_RFB_320", "gtsrb_mobile"}
# What is behind a model's name in the table.
DIRECT = "_direct"
OPTIONS = {"": [], DIRECT: ["--winograd", "off"]}
# Best first.
TARGETS = ["avx3", "avx2", "sve", "neon", "scalar-fma"]
# The only one that is wanted: an emulated CPU has others too, and they are slow.
TESTED = os.environ.get("MINNOW_TESTED_TARGET")


def convert(native, row, options, to):
    shape = SMALL.get(row["id"], row.get("shape"))
    settings = ["--shape", f"{row['input']}={','.join(map(str, shape))}"] if shape else []
    subprocess.run([native, "convert", str(find(row["file"])), "-o", str(to), *settings, *options], check=True,
                   stdout=subprocess.DEVNULL)


def hashes(program, model, settings):
    """Output: hash; None if the CPU lacks the target."""
    run = subprocess.run([*program, "hash", str(model), "--input", "all=random:7", *settings], capture_output=True, text=True)
    if run.returncode != 0 and "--target" in settings and "target" in run.stderr:
        return None
    if run.returncode != 0:
        sys.exit(f"{' '.join(settings)}: {run.stderr}")
    return dict(line.rsplit(" ", 1) for line in run.stdout.splitlines())


def runs(program, model):
    """(settings, hashes): every target on one thread, then the best on several threads, and layer by layer."""
    best = None
    for target in [TESTED] if TESTED else TARGETS:
        if found := hashes(program, model, ["--target", target]):
            best = best or target
            yield target, found
    if best is None:
        sys.exit(f"{' '.join(program)} has no target {TESTED} here")
    for more in (["--threads", "2"], ["--threads", "4"], ["--layers"]):
        yield f"{best} {' '.join(more)}", hashes(program, model, ["--target", best, *more])


def is_same(program, name, model, expected):
    begin, ran = time.monotonic(), []
    for settings, actual in runs(program, model):
        ran.append(settings.replace("--", ""))
        if actual != expected:
            print(f"WRONG {name} {settings}\n  expected {expected}\n  found    {actual}", flush=True)
            return False
    print(f"same  {name}: {', '.join(ran)}; {time.monotonic() - begin:.1f} s", flush=True)
    return True


def is_same_for_speed(native, program, row, model, expected):
    """One run, where the file is another one."""
    plain = model.read_bytes()
    convert(native, row, ["--optimise", "speed"], model)
    if model.read_bytes() == plain:
        return True
    actual = hashes(program, model, ["--target", TESTED] if TESTED else [])
    print(f"{'same ' if actual == expected else 'WRONG'} {row['id']}: --optimise speed", flush=True)
    return actual == expected


def read_table():
    table = {}
    for line in TABLE.read_text().splitlines():
        model, output, digits = line.split("\t")
        table.setdefault(model, {})[output] = digits
    return table


def main():
    native, wanted, *program = sys.argv[1:]
    if not pathlib.Path(native).exists():
        end_without(f"{native} is not there")
    rows = json.loads((ROOT / "tests/golden/models.json").read_text())["models"]
    once = {row["id"] for row in rows} - REPEATED
    ids = {"all": once, "small": once - LARGE, "large": LARGE, "few": FEW}.get(wanted, set(wanted.split(",")))
    rows = [row for row in rows if row["id"] in ids]
    found = [row for row in rows if find(row["file"])]
    wrong = count_required(row["file"] for row in rows)
    if not found:
        sys.exit(1 if wrong else 77)
    write = program == ["--write"]
    table = read_table() if TABLE.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "model.minnow"
        for name, row, form in [(row["id"] + form, row, form) for row in found for form in OPTIONS]:
            if not write and name not in table:
                continue
            convert(native, row, OPTIONS[form], model)
            if not write:
                wrong += not is_same(program, name, model, table[name])
                if form != DIRECT:
                    wrong += not is_same_for_speed(native, program, row, model, table[name])
                continue
            table[name] = hashes([native], model, [])
            if form == DIRECT and table[name] == table[row["id"]]:
                del table[name]
    if write:
        TABLE.write_text("".join(f"{name}\t{output}\t{digits}\n" for name, outputs in sorted(table.items())
                                 for output, digits in outputs.items()))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
