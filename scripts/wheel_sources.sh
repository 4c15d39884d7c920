#!/usr/bin/env bash
# What a wheel links statically, as sources: wheel_sources.sh FOLDER. Debian's source packages, in the versions of the packages
# that everything else is built with, and ONNX's messages from PyPI. Nothing is installed; what is there is left alone.
set -euo pipefail
mkdir -p "$1"
cd "$1"
packages="protobuf zlib libpng1.6 libjpeg-turbo"
[ "$(cat complete 2> /dev/null)" != "$packages" ] || exit 0

# An apt of its own, which asks this machine's archives for sources.
mkdir -p apt/lists/partial apt/archives/partial apt/parts
: > apt/status
for list in /etc/apt/sources.list.d/*.sources; do
  sed 's/^Types: deb$/Types: deb-src/' "$list" > "apt/parts/$(basename "$list")"
done
grep -hs '^deb ' /etc/apt/sources.list | sed 's/^deb /deb-src /' > apt/parts/own.list || true
source_apt() {
  apt-get -q -y -o APT::Sandbox::User=root -o Debug::NoLocking=1 -o Dir::State="$PWD/apt" -o Dir::State::status="$PWD/apt/status" \
    -o Dir::State::Lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt" -o Dir::Etc::sourcelist=/dev/null \
    -o Dir::Etc::sourceparts="$PWD/apt/parts" "$@"
}
echo "Debian's sources: $packages"
source_apt update > apt/log 2>&1 || { cat apt/log >&2; exit 1; }
for package in $packages; do
  # Security's archive may have dropped a version that its list still names.
  source_apt source --download-only "$package" >> apt/log 2>&1 ||
    source_apt source --download-only -t bookworm "$package" >> apt/log 2>&1 || { cat apt/log >&2; exit 1; }
  rm -rf "$package"
  dpkg-source --no-check -x "$(ls -t "$package"_*.dsc | head -1)" "$package" >> apt/log
done
# Debian leaves out what zlib has for Windows, and its CMake files name one of those everywhere.
mkdir -p zlib/win32 && touch zlib/win32/zlib1.rc
echo "ONNX's messages: the onnx package of PyPI"
python3 -m pip download -q --no-deps --only-binary=:all: -d wheels onnx
python3 -m zipfile -e wheels/onnx-*.whl wheels/onnx
cp wheels/onnx/onnx/onnx-ml.proto .
rm -rf apt wheels
echo "$packages" > complete
