#!/usr/bin/env bash
# Debian packages of this checkout, in build/debs: make_debs.sh [OPTION-FOR-CMAKE…]
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/debs
mkdir -p build
# Packages of one commit are the same bytes, as far as compilers and libraries are the same.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON -DMINNOW_PACKAGES=ON \
  -DMINNOW_TESTS=OFF -DMINNOW_EXAMPLES=OFF -DMINNOW_GSTREAMER=ON -DCMAKE_INSTALL_PREFIX=/usr \
  -DCMAKE_INSTALL_LIBDIR="lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)" "$@" > "$build.log"
cmake --build "$build" >> "$build.log"
umask 022
(cd "$build" && cpack >> ../debs.log)
ls "$build"/*.deb
