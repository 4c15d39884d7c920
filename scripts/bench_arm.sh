#!/usr/bin/env bash
# Minnow beside ncnn and MNN on ARM by an emulator: bench_arm.sh ARM-MINNOW MINNOW CACHE [FOLDER-WITH-MORE-MODELS]
# Downloads AArch64 Python and the peers' wheels once. ONLY=resnet takes the models whose name has that in it.
set -euo pipefail
arm=$1 native=$2 cache=$3 folder=${4:-}
here=$(cd "$(dirname "$0")/.." && pwd)
"$here/scripts/peers_venv.sh" "$cache/peers-venv"  # its converters, and ONNX Runtime for what is right
"$here/scripts/arm_python.sh" "$cache/arm-python"
mapfile -t models < <("$here/scripts/bench_models.sh" "$cache" "$folder" | grep -e "${ONLY:-.}")
"$cache/peers-venv/bin/python" "$here/bench/arm/table.py" --minnow "$arm" --native "$native" \
  --python "$cache/arm-python" --work "$cache/arm-counts" --json "$cache/arm.json" "${models[@]}" | tee "$cache/arm.md"
