#!/usr/bin/env bash
# Debian packages for another machine, of what is committed, made in a fresh Debian of its own: foreign_debs.sh arm64, into
# build/debs-arm64. Without GStreamer's elements: hundreds of packages would be installed under the emulator.
set -euo pipefail
cd "$(dirname "$0")/.."
made=$PWD/build/debs-$1
rm -rf "$made"
mkdir -p "$made"
git archive --format=tar HEAD > "$made/sources.tar"
MADE=$made packaging/fresh_debian.sh "$1" "$made/sources.tar" << END
install_build_packages
install dpkg-dev file
tar -xf sources.tar
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) packaging/make_debs.sh -DMINNOW_APPS=OFF -DMINNOW_GSTREAMER=OFF || {
  tail -40 build/debs.log
  exit 1
}
cp build/debs/*.deb /made
END
rm "$made/sources.tar"
