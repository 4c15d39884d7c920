#!/usr/bin/env bash
# Installs the packages into a fresh Debian 12 of their machine and uses them there: a picture's features are taken, a program in
# C is built with pkg-config and runs: try_debs.sh DEB… -- MODEL.onnx PICTURE (packaging/fresh_debian.sh)
set -euo pipefail
debs=()
while [ "$1" != -- ]; do debs+=("$1"); shift; done
here=$(dirname "$(readlink -f "$0")")
model=$(basename "$2") picture=$(basename "$3")
"$here/fresh_debian.sh" "$(dpkg-deb -f "${debs[0]}" Architecture)" "${debs[@]}" "$2" "$3" "$here/../examples/infer.c" << END
echo "the packages:"
time install /tried/*.deb
echo "features:"
time minnow run '$model' --input 'all=$picture' --scale 0.00392157
echo "in C:"
minnow convert '$model' -o model.minnow
install_compiler && install pkg-config
\${CC:-cc} infer.c \$(pkg-config --cflags --libs minnow) -o infer
./infer model.minnow < /dev/zero | wc -c
END
