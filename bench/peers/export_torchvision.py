#!/usr/bin/python3
"""Writes torchvision architectures (random weights, opset 13) as ONNX files, for measuring speed.

Usage: export_torchvision.py [--free] FOLDER [NAME…]   (all without a name; --free leaves batch, height and width open;
Debian: python3-torch, python3-torchvision, python3-onnx)
"""
import pathlib
import sys
import warnings

import torch
import torchvision

MODELS = ["mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "squeezenet1_1", "shufflenet_v2_x1_0",
          "resnet18", "resnet50", "efficientnet_b0", "mnasnet1_0"]


class FirstOutput(torch.nn.Module):
    """Segmentation networks return a dictionary; the first entry is the result."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x)["out"]


def export(net, name, size, folder, free):
    path = folder / f"{name}.onnx"
    if path.exists():
        return
    torch.manual_seed(1)
    net.eval()
    torch.onnx.export(net, torch.randn(1, 3, size, size), str(path), opset_version=13,
                      input_names=["input"], output_names=["output"],
                      dynamic_axes={"input": {0: "N", 2: "H", 3: "W"}} if free else None)
    print(path)


def main():
    warnings.filterwarnings("ignore")
    free = "--free" in sys.argv
    folder, *names = [argument for argument in sys.argv[1:] if argument != "--free"]
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or MODELS:
        export(getattr(torchvision.models, name)(), name, 224, folder, free)
    if names:
        return
    deeplab = torchvision.models.segmentation.deeplabv3_mobilenet_v3_large(weights_backbone=None)
    export(FirstOutput(deeplab), "deeplabv3_mobilenet_v3_large_320", 320, folder, free)


if __name__ == "__main__":
    main()
