#!/usr/bin/env bash
# Builds Python's wheel from its source package in a fresh Debian 12, and says what it computes on. Under the emulator that is
# hours; targets of CMake may be named, and then are all that is built: try_sdist.sh ARCHITECTURE SDIST [TARGET…]
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
architecture=$1 sdist=$2
shift 2
"$here/fresh_debian.sh" "$architecture" "$sdist" << END
apt-get update -q > /dev/null
apt-get install -y -q --no-install-recommends python3-venv python3-numpy g++ cmake ninja-build pkg-config libhwy-dev \
  libflatbuffers-dev flatbuffers-compiler flatbuffers-compiler-dev libprotobuf-dev protobuf-compiler libonnx-dev libcli11-dev \
  libfmt-dev nlohmann-json3-dev libxxhash-dev libtomlplusplus-dev libjpeg62-turbo-dev libpng-dev opencl-headers libegl-dev libgles-dev > /dev/null
python3 -m venv --system-site-packages /venv && export PATH=/venv/bin:\$PATH PIP_CERT=/etc/ssl/certs/ca-certificates.crt
if [ -z "$*" ]; then
  time pip install -q --disable-pip-version-check ./*.tar.gz
  python3 -c 'import minnow; print(minnow.cpu_target())'
else
  tar -xf ./*.tar.gz && cd minnow_engine-*/
  cmake -G Ninja -S . -B build -DCMAKE_BUILD_TYPE=Release -DMINNOW_{PYTHON=ON,APPS=OFF,EXAMPLES=OFF,INSTALL=OFF,TESTS=OFF,VIDEO=OFF}
  time cmake --build build --target $*
fi
END
