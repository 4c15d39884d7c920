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

"$here/fetch_models.sh" "$table" "$cache"
folders=("$cache")
[ -z "$models" ] || folders+=("$models")
"$here/convert_models.sh" "$build" "$table" "$build/demo-models" "${folders[@]}" ||
  echo "some models could not be converted; the demo goes on without them" >&2

if [ -n "$pictures" ]; then
  images=("$pictures")
else
  examples=/usr/share/doc/opencv-doc/examples
  if [ ! -e "$examples/text" ]; then  # images of Debian for containers leave documentation out
    examples=$cache/opencv-doc$examples
    if [ ! -e "$examples/text" ] && command -v apt-get >/dev/null; then
      echo "fetching the pictures of opencv-doc"
      mkdir -p "$cache/opencv-doc"
      (cd "$cache/opencv-doc" && apt-get download -q opencv-doc >/dev/null && dpkg-deb -x ./*.deb . &&
        rm -f ./*.deb) || true
    fi
  fi
  images=()
  for picture in "$examples"/text/scenetext0[1-6].jpg* "$examples"/data/leuven[AB].jpg*; do
    [ -e "$picture" ] || continue
    if [[ $picture == *.gz ]]; then  # as Debian packs large documentation
      mkdir -p "$build/demo-pictures"
      unpacked=$build/demo-pictures/$(basename "$picture" .gz)
      gzip -dc "$picture" >"$unpacked"
      picture=$unpacked
    fi
    images+=("$picture")
  done
  [ ${#images[@]} -gt 0 ] ||
    { echo "no pictures: install Debian's opencv-doc, or give some (make demo IMAGES=dir)" >&2; exit 1; }
fi
"$build/road" --models-dir "$build/demo-models" --models-dir "$cache" --table "$table" \
  --images "${images[@]}" --out "$out"
