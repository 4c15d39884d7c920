#!/usr/bin/env bash
# Debian's Python with NumPy and pytest of another architecture, to be run under qemu-user: foreign_python.sh arm64|armhf FOLDER.
# Packages are downloaded and unpacked into the folder, nothing is installed. What is there is left alone.
set -euo pipefail
architecture=$1
mkdir -p "$2"
cd "$2"
packages="python3-numpy python3-pytest"
[ "$(cat complete 2> /dev/null)" != "$packages" ] || exit 0

# An apt of its own: this machine's architectures and packages stay as they are.
mkdir -p apt/lists/partial apt/archives/partial
: > apt/status
foreign_apt() {
  apt-get -q -y -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" -o APT::Sandbox::User=root \
    -o Debug::NoLocking=1 -o Dir::State="$PWD/apt" -o Dir::State::status="$PWD/apt/status" -o Dir::State::Lists="$PWD/apt/lists" \
    -o Dir::Cache="$PWD/apt" -o Dir::Cache::Archives="$PWD/apt/archives" "$@"
}
echo "$architecture: $packages from Debian"
foreign_apt update > apt/log 2>&1 || true  # an archive may be amid its own update; what is missing shows below
foreign_apt install --download-only --no-install-recommends $packages >> apt/log 2>&1 || { tail -20 apt/log >&2; exit 1; }
rm -rf root && mkdir root
for package in apt/archives/*.deb; do dpkg -x "$package" root; done
rm -rf apt
echo "$packages" > complete
