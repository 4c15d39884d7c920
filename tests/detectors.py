#!/usr/bin/env python3
"""Detectors with their post-processing inside find what ONNX Runtime finds, picture by picture: torchvision's SSD, Faster R-CNN and Mask R-CNN,
exported with random weights, and a YOLOX with NonMaxSuppression behind it, where its file is on this machine.

Usage: detectors.py PROGRAM
Exit code 77 when torch, torchvision, onnx or onnxruntime is not installed. Pictures are those of the folder MINNOW_SHARED, or noise.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

from real_models import ROOT, find

try:
    import numpy as np
    import onnx
    import onnxruntime
    import torch
    import torchvision
    from onnx import TensorProto, helper, numpy_helper
except ImportError as missing:
    print(f"skipped: {missing}; detectors are exported by torchvision (Debian: python3-torchvision) and compared with onnxruntime")
    sys.exit(77)

PICTURES = 5


def pictures(size):
    """RGB in 0 … 1, channels first."""
    shared = pathlib.Path(os.environ.get("MINNOW_SHARED", ROOT.parent / "shared"))
    files = sorted((shared / "images").glob("*.jpg"))[:PICTURES]
    for index in range(PICTURES):
        if index < len(files):
            picture = torchvision.io.read_image(str(files[index])).float() / 255
        else:
            picture = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(index))
        yield torch.nn.functional.interpolate(picture[None], (size, size), mode="bilinear", align_corners=False)[0]


def make_lively(model, spreads):
    """Random weights say the same of every box: normalise features, and let the results of some layers spread."""
    inputs = list(pictures(320))
    norms = [layer for layer in model.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    for layer in norms:
        layer.momentum = None
        layer.reset_running_stats()
        layer.train()
    with torch.no_grad():
        for _ in range(4):
            model(inputs)
        model.eval()
        for layer, spread in spreads:
            seen = []
            hook = layer.register_forward_hook(lambda _, __, result: seen.append(result.std()))
            model(inputs)
            hook.remove()
            layer.weight *= spread / torch.stack(seen).mean()
    return model


def ssd():
    model = torchvision.models.detection.ssdlite320_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=21, score_thresh=0.3).eval()
    scores, boxes = model.head.classification_head.module_list, model.head.regression_head.module_list
    return make_lively(model, [*((one[-1], 1.2) for one in scores), *((one[-1], 0.5) for one in boxes)])


def faster_rcnn():
    model = torchvision.models.detection.fasterrcnn_mobilenet_v3_large_320_fpn(
        weights=None, weights_backbone=None, num_classes=21, box_score_thresh=0.19, box_detections_per_img=300).eval()
    predictor = model.roi_heads.box_predictor
    return make_lively(model, [(model.rpn.head.cls_logits, 2), (model.rpn.head.bbox_pred, 0.3), (predictor.cls_score, 1.5),
                               (predictor.bbox_pred, 0.5)])


def mask_rcnn():
    """Masks of 28x28 as its head gives them; to paste them into the picture is to resize each to the size of its box, which has no bound."""
    model = torchvision.models.detection.maskrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=21, min_size=128, max_size=128, box_score_thresh=0.25, box_detections_per_img=40,
        rpn_pre_nms_top_n_test=300, rpn_post_nms_top_n_test=100).eval()
    model.transform.postprocess = lambda found, *_: found
    predictor = model.roi_heads.box_predictor
    return make_lively(model, [(model.rpn.head.cls_logits, 2), (model.rpn.head.bbox_pred, 0.3), (predictor.cls_score, 1.5),
                               (predictor.bbox_pred, 0.5), (model.roi_heads.mask_predictor.mask_fcn_logits, 2)])


def export(model, path, **names):
    picture = next(pictures(320))
    torch.onnx.export(model, ([picture],), str(path), opset_version=13, input_names=["image"], **names)


def with_suppression(source, path):
    """Decoded boxes, and the rows of the best of each class that overlap no better one."""
    model = onnx.load(str(source))
    graph, size = model.graph, 416
    rows = [(x, y, s) for s in (8, 16, 32) for y in range(size // s) for x in range(size // s)]
    grid = np.array(rows, np.float32)

    def constant(name, values, dtype):
        graph.initializer.append(numpy_helper.from_array(np.array(values, dtype), name))
        return name

    def node(op, inputs, output, **attributes):
        graph.node.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    raw, axis = graph.output[0].name, constant("d.axis", [2], np.int64)
    part = lambda begin, end, name: node("Slice", [raw, constant(f"{name}.from", [begin], np.int64), constant(f"{name}.to", [end], np.int64), axis], name)
    stride = constant("d.stride", grid[None, :, 2:], np.float32)
    centre = node("Mul", [node("Add", [part(0, 2, "d.xy"), constant("d.grid", grid[None, :, :2], np.float32)], "d.cells"), stride], "d.centre")
    extent = node("Mul", [node("Exp", [part(2, 4, "d.wh")], "d.exp"), stride], "d.extent")
    boxes = node("Concat", [centre, extent], "boxes", axis=2)
    scores = node("Transpose", [node("Mul", [part(4, 5, "d.object"), part(5, 85, "d.classes")], "d.scores")], "d.byclass", perm=[0, 2, 1])
    chosen = node("NonMaxSuppression", [boxes, scores, constant("d.most", [100], np.int64), constant("d.iou", [0.5], np.float32),
                                        constant("d.least", [0.02], np.float32)], "chosen", center_point_box=1)
    index = node("Gather", [chosen, constant("d.two", [2], np.int64)], "d.column", axis=1)
    flat = node("Reshape", [index, constant("d.row", [-1], np.int64)], "d.index")
    node("Gather", [boxes, flat], "found", axis=1)
    node("Gather", [node("Shape", [chosen], "d.shape"), constant("d.zero", 0, np.int64)], "count", axis=0)
    del graph.output[:]
    graph.output.extend([helper.make_tensor_value_info("chosen", TensorProto.INT64, None),
                         helper.make_tensor_value_info("found", TensorProto.FLOAT, None),
                         helper.make_tensor_value_info("count", TensorProto.INT64, None)])
    onnx.save(model, str(path))


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"FAILED {' '.join(map(str, arguments))}: {done.stderr}")


def rows(outputs):
    """A box a row, with its label and score."""
    return np.concatenate([output.reshape(len(output), -1) for output in outputs], axis=1)


def differs(expected, actual):
    """Boxes of nearly the same score may have changed places."""
    if [output.shape for output in expected] != [output.shape for output in actual]:
        return f"{[output.shape for output in actual]} for {[output.shape for output in expected]}"
    if len({output.shape[:1] for output in expected}) == 1:
        expected, actual = rows(expected), rows(actual)
        nearest = np.abs(expected[:, None] - actual[None]).max(axis=2, initial=0).argmin(axis=1) if len(expected) else []
        if len(set(nearest)) < len(expected):
            return "other boxes"
        expected, actual = [expected], [actual[nearest]]
    for one, other in zip(expected, actual):
        worst = np.abs(one - other).max(initial=0) / max(1, np.abs(one).max(initial=0))
        if not worst < (1e-4 if one.dtype.kind == "f" else 1e-9):
            return f"off by {worst:.1e} of the largest"
    return ""


def compare(program, name, path, inputs, folder):
    model = folder / "model.minnow"
    run(program, "convert", path, "-o", model)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # each operator as ONNX has it
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    wrong = found = 0
    for picture in inputs:
        np.save(folder / "picture.npy", picture)
        run(program, "run", model, "-i", f"all={folder / 'picture.npy'}", "-o", folder)
        expected = session.run(None, {session.get_inputs()[0].name: picture})
        actual = [np.load(folder / f"{output.name}.npy") for output in session.get_outputs()]
        if why := differs(expected, actual):
            print(f"WRONG {name}: {why}", flush=True)
            wrong += 1
        found += len(expected[0])
    print(f"{name}: {found} boxes on {len(inputs)} pictures", flush=True)
    return wrong + (found == 0)


def main():
    warnings.filterwarnings("ignore")
    program, wrong = sys.argv[1], 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for make in (ssd, faster_rcnn, mask_rcnn):
            torch.manual_seed(1)
            names = {"output_names": ["boxes", "labels", "scores", "masks"]} if make is mask_rcnn else {}
            export(make(), folder / "model.onnx", **names)
            inputs = [picture.numpy() for picture in pictures(320)]
            wrong += compare(program, make.__name__, folder / "model.onnx", inputs, folder)
        if source := find("yolox_nano_416.onnx"):
            with_suppression(source, folder / "model.onnx")
            inputs = [(picture.flip(0) * 255)[None].numpy() for picture in pictures(416)]
            wrong += compare(program, "yolox_nano", folder / "model.onnx", inputs, folder)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
