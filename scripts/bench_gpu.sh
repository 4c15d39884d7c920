#!/usr/bin/env bash
# Back-ends of GPUs beside the CPU and beside peers: bench_gpu.sh MINNOW CACHE [FOLDER-WITH-MORE-MODELS]
# ONLY=mobilenet takes the models whose name has that in it; SECONDS_EACH=1.
set -euo pipefail
minnow=$1 cache=$2 folder=${3:-}
here=$(cd "$(dirname "$0")/.." && pwd)
"$here/scripts/peers_venv.sh" "$cache/peers-venv"
mapfile -t models < <("$here/scripts/bench_models.sh" "$cache" "$folder" | grep -e "${ONLY:-}")
"$cache/peers-venv/bin/python" "$here/bench/peers/gpu.py" --minnow "$minnow" --seconds "${SECONDS_EACH:-2}" \
  --cache "$(dirname "$minnow")/kernel-cache" "${models[@]}" | tee "$cache/gpu.md"
