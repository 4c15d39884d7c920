#!/usr/bin/env bash
# Two frames at once beside one after the other: bench_frames.sh BUILD CACHE [FOLDER-WITH-ROAD-MODELS]
# MobileNetV2 wants Debian's python3-torchvision and python3-onnx; what is not there is left out.
set -euo pipefail
build=$1 cache=$2 road=${3:-}
here=$(cd "$(dirname "$0")/.." && pwd)
/usr/bin/python3 "$here/bench/peers/export_torchvision.py" "$cache/torchvision" mobilenet_v2 2> /dev/null ||
  echo "without Debian's python3-torchvision and python3-onnx MobileNetV2 is left out" >&2
mkdir -p "$build/frames"
models=()
for name in mobilenet_v2 ultraface_RFB_320 mlsd_320x320_tiny; do
  file=$(find -L "$cache" $road -name "$name.onnx" | head -n 1)
  [ -n "$file" ] || continue
  "$build/minnow" convert "$file" -o "$build/frames/$name.minnow" > /dev/null
  models+=("$build/frames/$name.minnow")
done
"$build/bench/frames" "${models[@]}"
