#!/usr/bin/env python3
"""Writes YOLO11n of ultralytics (random weights, opset 13, 320 x 320) as an ONNX file: export_yolo.py FILE

Wants ultralytics of PyPI and Debian's python3-torch, python3-torchvision, python3-onnx (scripts/yolo_venv.sh)."""
import os
import pathlib
import sys
import tempfile
import warnings

os.environ["YOLO_OFFLINE"] = "true"  # it would report to its makers
os.environ["YOLO_CONFIG_DIR"] = tempfile.gettempdir()


def main():
    warnings.filterwarnings("ignore")
    import torch
    from ultralytics.nn.tasks import DetectionModel
    torch.manual_seed(1)
    net = DetectionModel("yolo11n.yaml", verbose=False).eval().fuse(verbose=False)
    net.model[-1].export, net.model[-1].format = True, "onnx"
    picture, made = torch.zeros(1, 3, 320, 320), pathlib.Path(sys.argv[1])
    net(picture)
    torch.onnx.export(net, picture, str(made), opset_version=13, input_names=["images"], output_names=["output"])
    print(made)


if __name__ == "__main__":
    main()
