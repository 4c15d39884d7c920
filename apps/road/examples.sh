#!/usr/bin/env bash
# The street pictures and the video of Debian's opencv-doc: examples.sh CACHE OUT
# OUT gets links to them, pictures/ and vtest.avi; what is packed is unpacked there.
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: $0 CACHE OUT" >&2; exit 2; }
cache=$1 out=$2
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
take() {  # FILE FOLDER; large files of documentation are packed by Debian
  local file
  for file in "$1" "$1.gz"; do
    [ -e "$file" ] || continue
    if [[ $file == *.gz ]]; then gzip -dc "$file" >"$2/$(basename "$1")"; else ln -sf "$(realpath "$file")" "$2/"; fi
    return
  done
}
mkdir -p "$out/pictures"
for number in 1 2 3 4 5 6; do take "$examples/text/scenetext0$number.jpg" "$out/pictures"; done
for side in A B; do take "$examples/data/leuven$side.jpg" "$out/pictures"; done
take "$examples/data/vtest.avi" "$out"
[ -n "$(ls -A "$out/pictures")" ] && [ -e "$out/vtest.avi" ] ||
  { echo "no pictures: install Debian's opencv-doc, or give some (IMAGES=dir, INPUT=video)" >&2; exit 1; }
