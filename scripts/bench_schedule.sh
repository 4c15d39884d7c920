#!/usr/bin/env bash
# Schedules beside threads and peers: bench_schedule.sh BUILD CACHE [FOLDER-WITH-ROAD-MODELS]; UNITS=2 for two cores,
# ONLY="urgency threads onnxruntime mnn" for some ways: without ncnn, which refuses two of them, the models are twelve.
set -euo pipefail
build=$1 cache=$2 road=${3:-}
here=$(cd "$(dirname "$0")/.." && pwd)
"$here/scripts/peers_venv.sh" "$cache/peers-venv"
"$cache/peers-venv/bin/python" "$here/bench/peers/schedule.py" ${ONLY:+--only $ONLY} --minnow "$build/minnow" --bench "$build/bench/schedule_bench" \
  --cache "$cache" --units "${UNITS:-1}" --seconds "${SECONDS_EACH:-2}" --rounds "${ROUNDS:-1}" "$cache/npm" ${road:+"$road"} \
  | tee "$cache/schedule-${UNITS:-1}.md"
