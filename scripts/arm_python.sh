#!/usr/bin/env bash
# AArch64 Python with the peers' wheels, to be run under qemu-user: arm_python.sh FOLDER. Debian's packages and PyPI's
# wheels are downloaded and unpacked into the folder; nothing of them is installed here. What is there is left alone.
set -euo pipefail
mkdir -p "$1"
cd "$1"
wheels="numpy MNN ncnn ai-edge-litert"
version=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
made="python$version $wheels"
[ "$(cat complete 2> /dev/null)" != "$made" ] || exit 0

# An apt of its own: this machine's architectures and packages stay as they are.
mkdir -p apt/lists/partial apt/archives/partial
: > apt/status
arm_apt() {
  apt-get -q -y -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root -o Debug::NoLocking=1 \
    -o Dir::State="$PWD/apt" -o Dir::State::status="$PWD/apt/status" -o Dir::State::Lists="$PWD/apt/lists" \
    -o Dir::Cache="$PWD/apt" -o Dir::Cache::Archives="$PWD/apt/archives" "$@"
}
echo "AArch64 Python $version: Debian's packages"
arm_apt update > apt/log 2>&1 || { cat apt/log >&2; exit 1; }
arm_apt install --download-only --no-install-recommends "python$version" libstdc++6 libgomp1 >> apt/log 2>&1 ||
  { cat apt/log >&2; exit 1; }
rm -rf root site && mkdir root site
for package in apt/archives/*.deb; do dpkg -x "$package" root; done

echo "AArch64 Python $version: $wheels from PyPI"
platforms=()
for glibc in 2_28 2_27 2_26 2_17; do platforms+=(--platform "manylinux_${glibc}_aarch64"); done
python3 -m pip download -q --no-deps --only-binary=:all: --python-version "$version" --implementation cp \
  "${platforms[@]}" --platform manylinux2014_aarch64 -d wheels $wheels
for wheel in wheels/*.whl; do python3 -m zipfile -e "$wheel" site; done
rm -rf apt wheels
echo "$made" > complete
