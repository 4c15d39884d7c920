#!/usr/bin/env bash
# Installs the packages into a fresh Debian 12 and uses them there: a model is converted and run, a program in C is built with
# pkg-config and runs. Wants root and debootstrap, and takes some minutes. Usage: try_debs.sh DEB… -- MODEL.onnx PICTURE
set -euo pipefail
debs=()
while [ "$1" != -- ]; do debs+=("$1"); shift; done
shift
here=$(dirname "$(readlink -f "$0")")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
debootstrap --variant=minbase bookworm "$root" "${MIRROR:-http://deb.debian.org/debian}" > /dev/null
cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"  # how this machine reaches it
mkdir "$root/tried"
cp "${debs[@]}" "$1" "$2" "$here/../examples/infer.c" "$root/tried"
chroot "$root" bash -euc "
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q > /dev/null
  apt-get install -y -q --no-install-recommends /tried/*.deb gcc libc6-dev pkg-config > /dev/null
  cd /tried
  minnow convert '$(basename "$1")' -o model.minnow
  minnow run model.minnow --input 'all=$(basename "$2")'
  cc infer.c \$(pkg-config --cflags --libs minnow) -o infer
  ./infer model.minnow < /dev/zero | wc -c"
