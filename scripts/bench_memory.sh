#!/usr/bin/env bash
# Memory beside the peers: bench_memory.sh BUILD CACHE [FOLDER-WITH-ROAD-MODELS]
set -euo pipefail
build=$1 cache=$2 road=${3:-}
here=$(cd "$(dirname "$0")/.." && pwd)
venv=$cache/peers-venv
"$here/scripts/peers_venv.sh" "$venv"
"$venv/bin/python" "$here/bench/peers/memory.py" --minnow "$build/minnow" --resident "$build/bench/resident" \
  --json "$cache/memory.json" "$cache/npm" ${road:+"$road"}
