#!/usr/bin/python3
"""Writes torchvision architectures (random weights, opset 13) as ONNX files, for measuring speed.

Usage: export_torchvision.py FOLDER [NAME…]   (all without a name; Debian: python3-torch, python3-torchvision, python3-onnx)
"""
import pathlib
import sys
import warnings

import torch
import torchvision

MODELS = ["mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "squeezenet1_1", "shufflenet_v2_x1_0",
          "resnet18", "resnet50", "efficientnet_b0"]


class FirstOutput(torch.nn.Module):
    """Segmentation networks return a dictionary; the first entry is the result."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x)["out"]


def export(net, name, size, folder):
    path = folder / f"{name}.onnx"
    if path.exists():
        return
    torch.manual_seed(1)
    net.eval()
    torch.onnx.export(net, torch.randn(1, 3, size, size), str(path), opset_version=13,
                      input_names=["input"], output_names=["output"])
    print(path)


def main():
    warnings.filterwarnings("ignore")
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or MODELS:
        export(getattr(torchvision.models, name)(), name, 224, folder)
    if sys.argv[2:]:
        return
    deeplab = torchvision.models.segmentation.deeplabv3_mobilenet_v3_large(weights_backbone=None)
    export(FirstOutput(deeplab), "deeplabv3_mobilenet_v3_large_320", 320, folder)


if __name__ == "__main__":
    main()
