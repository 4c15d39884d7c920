#!/usr/bin/env bash
# Speed beside the peers: bench_peers.sh MINNOW CACHE [FOLDER-WITH-ROAD-MODELS]
# Makes a virtual environment with the peers, exports torchvision's architectures (Debian's python3-torchvision), and
# measures every model in one run. BEFORE=other/minnow adds another build of Minnow.
set -euo pipefail
minnow=$1 cache=$2 road=${3:-}
here=$(cd "$(dirname "$0")/.." && pwd)
venv=$cache/peers-venv
"$here/scripts/peers_venv.sh" "$venv"
models=()
if /usr/bin/python3 -c "import torchvision" 2>/dev/null; then
  /usr/bin/python3 "$here/bench/peers/export_torchvision.py" "$cache/torchvision"
  models+=("$cache"/torchvision/*.onnx)
else
  echo "without Debian's python3-torchvision and python3-onnx the torchvision architectures are left out" >&2
fi
[ -z "$road" ] || models+=("$road"/*.onnx)
while IFS= read -r file; do models+=("$file"); done < <(
  find "$cache/npm" -name 'mlsd_320x320_tiny.onnx' -o -name 'face_detection*.onnx' | sort)
for ocr in det_infer:3,320,320 rec_infer:3,48,320 v2.0_cls_infer:3,48,192; do
  file=$(find "$cache/npm" -name "*${ocr%%:*}.onnx" | head -n 1)
  [ -z "$file" ] || models+=("$file:x=1,${ocr#*:}")
done
"$venv/bin/python" "$here/bench/peers/speed.py" --minnow "$minnow" ${BEFORE:+--before "$BEFORE"} --json "$cache/speed.json" "${models[@]}"
