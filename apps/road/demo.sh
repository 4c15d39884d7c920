#!/usr/bin/env bash
# The demo from built programs to the report: demo.sh BUILD OUT [PICTURES] [MODELS]
# PICTURES: a file or folder; without it the street pictures of Debian's opencv-doc. MODELS: a folder
# of further ONNX files that the table knows.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: $0 BUILD OUT [PICTURES] [MODELS]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
build=$1 out=$2 pictures=${3:-} models=${4:-}
table=$here/models.toml
cache=${MINNOW_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/minnow}/npm

"$here/ready_models.sh" "$build" "$table" "$cache" "$models"

if [ -n "$pictures" ]; then
  images=("$pictures")
else
  "$here/examples.sh" "$cache" "$build/examples"
  images=("$build/examples/pictures"/scenetext*.jpg "$build/examples/pictures"/leuven*.jpg)
fi
"$build/road" --models-dir "$build/demo-models" --models-dir "$cache" --table "$table" \
  --images "${images[@]}" --out "$out"
