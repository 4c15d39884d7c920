#!/usr/bin/env bash
# Models that engines are compared on: bench_models.sh CACHE [FOLDER]. Prints one a line, MODEL.onnx or
# MODEL.onnx:INPUT=SHAPE, and on standard error what is left out. torchvision's and ultralytics' architectures are
# exported with random weights, detectors and readers are the registry's, and FOLDER adds those that no registry has.
set -euo pipefail
cache=$1 folder=${2:-}
here=$(cd "$(dirname "$0")/.." && pwd)
if /usr/bin/python3 -c "import onnx, torchvision" 2> /dev/null; then
  /usr/bin/python3 "$here/bench/peers/export_torchvision.py" "$cache/torchvision" >&2
  yolo=$cache/torchvision/yolo11n_320.onnx
  if [ ! -e "$yolo" ]; then
    { "$here/scripts/yolo_venv.sh" "$cache/yolo-venv" &&
      "$cache/yolo-venv/bin/python" "$here/bench/peers/export_yolo.py" "$yolo" >&2; } ||
      echo "left out: yolo11n_320 (ultralytics of PyPI could not export it)" >&2
  fi
  ls "$cache"/torchvision/*.onnx
else
  echo "left out: torchvision's architectures and YOLO11n (scripts/setup.sh peers installs Debian's python3-torch)" >&2
fi
for name in FastestDet_352 gtsrb_mobile_dmitry nanodet_m_320 twinlitenet_360x640 ultraface_RFB_320 yolox_nano_416; do
  [ -n "$folder" ] && [ -e "$folder/$name.onnx" ] ||
    echo "left out: $name (no registry has it: MINNOW_SHARED names a folder with models/$name.onnx)" >&2
done
[ -z "$folder" ] || ls "$folder"/*.onnx
find -L "$cache/npm" -name 'mlsd_320x320_tiny.onnx' -o -name 'face_detection*.onnx' | sort
for ocr in det_infer:3,320,320 rec_infer:3,48,320 v2.0_cls_infer:3,48,192; do
  file=$(find -L "$cache/npm" -name "*${ocr%%:*}.onnx" | head -n 1)
  [ -z "$file" ] || echo "$file:x=1,${ocr#*:}"
done
