#!/usr/bin/env bash
# Python's wheels for old and other systems, by PyPI's ziglang, and the source package: build_wheels.sh
# [x86_64|aarch64|armv7l|sdist]…, into build/wheels (docs/python.md). Without a word: all.
set -euo pipefail
cd "$(dirname "$0")/.."
declare -A targets=([x86_64]=x86_64-linux-gnu.2.17 [aarch64]=aarch64-linux-gnu.2.17 [armv7l]=arm-linux-gnueabihf.2.17)
machines=("$@")
[ $# -gt 0 ] || machines=(sdist x86_64 aarch64 armv7l)
root=$PWD/build/wheels venv=$PWD/build/wheels/venv sources=$PWD/build/wheels/sources
mkdir -p "$root"
[ -e "$venv/complete" ] || {
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q ziglang scikit-build-core build wheel
  touch "$venv/complete"
}
scripts/wheel_sources.sh "$sources"
# Compilers of one word, as some CMake files call them.
zig=$venv/bin/zig
ln -sf "$("$venv/bin/python" -c 'import ziglang, os; print(os.path.dirname(ziglang.__file__))')/zig" "$zig"
for word in cc c++; do
  printf '#!/bin/sh\nexec "%s" %s "$@"\n' "$zig" "$word" > "$zig-$word"
  chmod +x "$zig-$word"
done
jobs=$(nproc)

# dependency MACHINE PACKAGE OPTION…: compiled and installed where the wheel's build finds it.
dependency() {
  local machine=$1 package=$2 folder=$root/$1/$2
  shift 2
  [ ! -e "$folder/complete" ] || return 0
  cmake -G Ninja -S "$sources/$package" -B "$folder" "${toolchain[@]}" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_POLICY_VERSION_MINIMUM=3.5 -DCMAKE_INSTALL_PREFIX="$prefix" \
    -DCMAKE_INSTALL_LIBDIR="$prefix/lib" "$@" > "$folder.log" 2>&1 &&
    cmake --build "$folder" -j "$jobs" >> "$folder.log" 2>&1 && cmake --install "$folder" >> "$folder.log" 2>&1 ||
    { tail -30 "$folder.log" >&2; exit 1; }
  touch "$folder/complete"
}

# Of what is committed: beside it lie folders of gigabytes, which scikit-build-core would walk through.
source_package() {
  rm -rf "$root/committed"
  mkdir "$root/committed"
  git archive HEAD | tar -x -C "$root/committed"
  "$venv/bin/python" -m build --sdist --no-isolation -o "$root" "$root/committed" > "$root/sdist.log" 2>&1 ||
    { tail -40 "$root/sdist.log" >&2; exit 1; }
}

for machine in "${machines[@]}"; do
  [ "$machine" != sdist ] || { source_package; continue; }
  target=${targets[$machine]:?"build_wheels.sh: no such machine: $machine"}
  prefix=$root/$machine/prefix
  mkdir -p "$prefix"
  toolchain=("-DCMAKE_TOOLCHAIN_FILE=$PWD/cmake/zig.cmake" "-DMINNOW_ZIG=$zig" "-DMINNOW_ZIG_TARGET=$target"
    "-DMINNOW_ZIG_PREFIX=$prefix")
  echo "$machine: what is linked statically"
  # zlib makes a shared library too, whose list of symbols names some that are not there.
  dependency "$machine" zlib -DCMAKE_SHARED_LINKER_FLAGS=-Wl,--undefined-version
  rm -f "$prefix"/lib/libz.so*
  dependency "$machine" libpng1.6 -DPNG_SHARED=OFF -DPNG_TESTS=OFF -DPNG_HARDWARE_OPTIMIZATIONS=OFF
  dependency "$machine" libjpeg-turbo -DENABLE_SHARED=OFF -DWITH_TURBOJPEG=OFF -DREQUIRE_SIMD=OFF -DCMAKE_ASM_NASM_COMPILER=
  echo "$machine: the wheel"
  options=()
  for option in "${toolchain[@]}" "-DMINNOW_PROTOBUF_SOURCE=$sources/protobuf" "-DMINNOW_ONNX_PROTO=$sources/onnx-ml.proto" \
    -DMINNOW_JPEG=ON -DMINNOW_PNG=ON -DMINNOW_OPENCL=OFF -DMINNOW_OPENGL=OFF; do
    options+=("-Ccmake.args=$option")
  done
  rm -rf "$root/made"
  PATH=$venv/bin:$PATH "$venv/bin/python" -m build --wheel --no-isolation -o "$root/made" -Cbuild-dir="$root/$machine/build" \
    "${options[@]}" . > "$root/$machine/wheel.log" 2>&1 || { tail -40 "$root/$machine/wheel.log" >&2; exit 1; }
  # What it asks of the C library is checked, then its name says it.
  glibc=${target##*gnu*.2.}
  scripts/wheel_symbols.py "2.$glibc" "$root"/made/*.whl
  rm -f "$root"/minnow_engine-*_"$machine".whl
  "$venv/bin/wheel" tags --remove --platform-tag "manylinux_2_${glibc}_$machine" "$root"/made/*.whl
  mv "$root"/made/*.whl "$root/"
done
ls -l "$root"/minnow_engine-*
