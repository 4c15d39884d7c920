#!/usr/bin/env bash
# The demo's models on streams: demo_live.sh BUILD OUT [INPUT] [MODELS] [SECONDS]
# INPUT: a video, a folder of pictures, or camera; without it the video of Debian's opencv-doc and its street pictures,
# one after another. Writes OUT/NAME/live.mp4. MODELS: as for demo.sh.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: $0 BUILD OUT [INPUT] [MODELS] [SECONDS]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
build=$1 out=$2 input=${3:-} models=${4:-} seconds=${5:-30}
table=$here/models.toml
cache=${MINNOW_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/minnow}/npm

"$here/ready_models.sh" "$build" "$table" "$cache" "$models"
if [ -n "$input" ]; then
  inputs=("$input")
else
  "$here/examples.sh" "$cache" "$build/examples"
  inputs=("$build/examples/vtest.avi" "$build/examples/pictures")
fi
for input in "${inputs[@]}"; do
  name=$(basename "$input")
  echo "$input"
  "$build/road" --models-dir "$build/demo-models" --models-dir "$cache" --table "$table" \
    --live "$input" --seconds "$seconds" --memory 96MB --out "$out/${name%.*}"
done
