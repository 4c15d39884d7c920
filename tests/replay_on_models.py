#!/usr/bin/env python3
"""Road models replayed against traces of their own: no operator may err, no output may differ, not even in one bit.

Usage: replay_on_models.py MINNOW      (exit code 77 where none of the models is on this machine)
"""
import json
import pathlib
import subprocess
import sys
import tempfile

from real_models import count_required, find

MODELS = {"ultraface_RFB_320.onnx": [], "FastestDet_352.onnx": [], "nanodet_m_320.onnx": [], "yolox_nano_416.onnx": [],
          "gtsrb_mobile_dmitry.onnx": ["--shape", "input=1,30,30,3"],
          "face_detection_front_128x128_barracuda.onnx": [], "mlsd_320x320_tiny.onnx": [],
          "ch_ppocr_mobile_v2.0_cls_infer.onnx": ["--shape", "x=1,3,48,192"]}


def complaints(minnow, model, options, folder):
    model, reference = str(find(model)), f"{folder}/reference.npz"
    subprocess.run([minnow, "trace", model, *options, "--input", "all=random:3", "-o", reference], check=True,
                   stdout=subprocess.DEVNULL)
    done = subprocess.run([minnow, "replay", model, "--reference", reference, "--threads", "2", "--json"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        yield f"exit code {done.returncode}: {done.stdout[:500]}{done.stderr}"
        return
    rows = json.loads(done.stdout)["operators"]
    yield from (f"{row['name']}: {row['single']['state']}, {row['entire']['state']}" for row in rows
                if row["single"]["state"] != "equal" or row["entire"]["state"] != "equal")
    print(f"{pathlib.Path(model).name}: {len(rows)} outputs")


def main():
    there = [model for model in MODELS if find(model)]
    bad = count_required(MODELS)
    if not there:
        return 1 if bad else 77
    with tempfile.TemporaryDirectory() as folder:
        for model in there:
            for complaint in complaints(sys.argv[1], model, MODELS[model], folder):
                print(f"{model}: {complaint}")
                bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
