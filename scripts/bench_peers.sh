#!/usr/bin/env bash
# Speed beside the peers: bench_peers.sh MINNOW CACHE [FOLDER-WITH-MORE-MODELS]
# Makes a virtual environment with the peers and measures every model in one run. THREADS=2; BEFORE=other/minnow adds
# another build of Minnow.
set -euo pipefail
minnow=$1 cache=$2 folder=${3:-}
here=$(cd "$(dirname "$0")/.." && pwd)
"$here/scripts/peers_venv.sh" "$cache/peers-venv"
mapfile -t models < <("$here/scripts/bench_models.sh" "$cache" "$folder")
"$cache/peers-venv/bin/python" "$here/bench/peers/speed.py" --minnow "$minnow" ${BEFORE:+--before "$BEFORE"} \
  --threads "${THREADS:-1}" --json "$cache/speed-${THREADS:-1}.json" "${models[@]}" | tee "$cache/speed-${THREADS:-1}.md"
