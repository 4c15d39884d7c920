#!/usr/bin/env bash
# Installs the packages into a fresh Debian 12 and uses them there: a model is converted and run, a program in C is built with
# pkg-config and runs. Usage: try_debs.sh DEB… -- MODEL.onnx PICTURE (packaging/fresh_debian.sh)
set -euo pipefail
debs=()
while [ "$1" != -- ]; do debs+=("$1"); shift; done
here=$(dirname "$(readlink -f "$0")")
model=$(basename "$2") picture=$(basename "$3")
"$here/fresh_debian.sh" "$(dpkg-deb -f "${debs[0]}" Architecture)" "${debs[@]}" "$2" "$3" "$here/../examples/infer.c" << END
apt-get update -q > /dev/null
echo "the packages:"
time apt-get install -y -q --no-install-recommends /tried/*.deb > /dev/null
echo "features:"
time minnow run '$model' --input 'all=$picture'
apt-get install -y -q --no-install-recommends gcc libc6-dev pkg-config > /dev/null
minnow convert '$model' -o model.minnow
cc infer.c \$(pkg-config --cflags --libs minnow) -o infer
./infer model.minnow < /dev/zero | wc -c
END
