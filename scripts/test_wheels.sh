#!/usr/bin/env bash
# Wheels as users have them: installed, and tested without anything of this checkout's builds: test_wheels.sh
# [sdist|x86_64|aarch64|armv7l]…; the source package is built by pip, and its wheel tested.
# Other machines' are run by Debian's Python of theirs under the emulator. Which target has to run is stated, and so are hashes:
# those of python/tests, and those of real models in tests/same_bits.tsv where there are any.
set -euo pipefail
cd "$(dirname "$0")/.."
machines=("$@")
[ $# -gt 0 ] || machines=(sdist x86_64 aarch64 armv7l)
root=$PWD/build/wheels
MODELS=${MODELS:-few}  # or small: words of tests/same_bits.py
unset MINNOW_LIBRARY PYTHONPATH
declare -A emulators=([aarch64]=qemu-aarch64-static [armv7l]=qemu-arm-static) architectures=([aarch64]=arm64 [armv7l]=armhf)
declare -A libraries=([aarch64]=aarch64-linux-gnu [armv7l]=arm-linux-gnueabihf)
grep -qw avx512vl /proc/cpuinfo && here=avx3 || here=avx2

# installed WHEEL: by this machine's Python.
installed() {
  rm -rf "$root/installed"
  python3 -m venv "$root/installed"
  "$root/installed/bin/pip" install -q "$1" pytest
  PATH=$root/installed/bin:$PATH MINNOW_TESTED_TARGET=$here "$root/installed/bin/python" -m pytest -q -p no:cacheprovider python/tests
  python3 tests/same_bits.py "$root/installed/bin/minnow" "$MODELS" "$root/installed/bin/minnow" || [ $? = 77 ]
}

for machine in "${machines[@]}"; do
  if [ "$machine" = sdist ]; then
    rm -rf "$root/native"
    python3 -m pip wheel -q --no-deps -Cbuild-dir=build -w "$root/native" "$root"/minnow_engine-*.tar.gz
    installed "$root"/native/minnow_engine-*.whl
    continue
  fi
  wheel=$(ls "$root"/minnow_engine-*_"$machine".whl)
  echo "$(basename "$wheel"): $(stat -c %s "$wheel") bytes"
  if [ "$machine" = "$(uname -m)" ]; then
    installed "$wheel"
    continue
  fi
  scripts/foreign_python.sh "${architectures[$machine]}" "$root/python-${architectures[$machine]}"
  system=$root/python-${architectures[$machine]}/root site=$root/$machine/site
  # By paths of this machine: the emulator looks for files below -L, but asks after folders of 32-bit programs outside it (statx).
  lib=$system/usr/lib/${libraries[$machine]}
  rm -rf "$site"
  python3 -m zipfile -e "$wheel" "$site"
  chmod +x "$site/minnow/lib/minnow"
  run=("${emulators[$machine]}" -L "$system" -E "LD_LIBRARY_PATH=$lib:$lib/blas:$lib/lapack")
  # What starts the command line cannot under an emulator; it is run by itself.
  PYTHONPATH=$site PYTHONDONTWRITEBYTECODE=1 MINNOW_TESTED_TARGET=neon "${run[@]}" "$system"/usr/bin/python3.[0-9]* \
    -m pytest -q -p no:cacheprovider -m "not starts_a_program" python/tests
  native=$root/installed/bin/minnow  # of this machine's wheel, where that was tested before; it converts the models
  [ -x "$native" ] || native=build/minnow
  MINNOW_TESTED_TARGET=neon python3 tests/same_bits.py "$native" "$MODELS" "${run[@]}" "$site/minnow/lib/minnow" || [ $? = 77 ]
done
