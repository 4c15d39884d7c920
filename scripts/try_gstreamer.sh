#!/usr/bin/env bash
# GStreamer's elements with a newer GStreamer than this machine's: a Debian root of another release, in which the plugin is built
# and its tests run. Debian 13 has 1.26, with analytics and tensors. Wants root and debootstrap; 7 CPU minutes, a minute
# when the root is there. Usage: try_gstreamer.sh [RELEASE [ROOT]]
set -euo pipefail
cd "$(dirname "$0")/.."
release=${1:-trixie}
root=${2:-build/$release-root}
[ -e "$root/minnow" ] || {
  debootstrap --variant=minbase "$release" "$root" "${MIRROR:-http://deb.debian.org/debian}" > /dev/null
  cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"  # how this machine reaches it
  mkdir "$root/minnow"
}
# What has changed gets the time of now, so that a second run builds it and nothing else.
git ls-files -z | while IFS= read -r -d '' file; do
  cmp -s "$file" "$root/minnow/$file" || install -D "$file" "$root/minnow/$file"
done
chroot "$root" bash -euc "
  export DEBIAN_FRONTEND=noninteractive
  cd /minnow
  { scripts/setup.sh gst && apt-get install -y -q --no-install-recommends libgstreamer-plugins-bad1.0-dev gstreamer1.0-plugins-bad; } \
    > /tmp/setup.log 2>&1 || { tail -20 /tmp/setup.log; exit 1; }
  cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DMINNOW_CONVERTER=OFF -DMINNOW_TOOLS=OFF -DMINNOW_EXAMPLES=OFF \
    -DMINNOW_OPENCL=OFF -DMINNOW_OPENGL=OFF -DMINNOW_SKIPPED_TARGETS='|HWY_AVX3' -DMINNOW_GSTREAMER=ON > /tmp/configure.log
  grep 'GStreamer 1' /tmp/configure.log
  cmake --build build --target minnow_gst gst_test > /tmp/build.log || { tail -50 /tmp/build.log; exit 1; }
  ctest --test-dir build --output-on-failure -R '^gst'"
