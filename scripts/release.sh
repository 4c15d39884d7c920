#!/usr/bin/env bash
# All artefacts of a release of this checkout in build/release, with SHA256SUMS and an SBOM in SPDX (docs/releasing.md): the
# sources, the Python source package and the wheels that `make wheels` has left, Debian packages, archives of the C and C++ library
# for three machines, and Android's archive where build_android.sh has left one. Usage: release.sh [--quick], which leaves the
# library for other machines out.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/^project(minnow VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
out=$PWD/build/release
name=minnow-$version
# The commit's time is everything's: the same commit, compilers and libraries give the same bytes.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C
umask 022
if [ -n "$(git status --porcelain --untracked-files=no)" ]; then
  echo "release.sh: there are changes that are not committed; the sources would lack them" >&2
  [ -n "${RELEASE_DIRTY:-}" ] || exit 1
fi
rm -rf "$out"
mkdir -p "$out"

# archive NAME FOLDER: sorted, nobody's, at the commit's time.
archive() {
  tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=gnu -C "$(dirname "$2")" -cf - "$(basename "$2")" |
    gzip -n9 > "$out/$1.tar.gz"
}

# library PRESET OUT OPTION…: what `cmake --install` installs of one, as an archive.
library() {
  local preset=$1 as=$name-$2
  local build=build/release-$2
  shift 2
  cmake --preset "$preset" -B "$build" "$@" > "$build.log"
  cmake --build "$build" --target minnow_library >> "$build.log"
  rm -rf "build/release-made/$as"
  for component in library development licence; do
    cmake --install "$build" --strip --component $component --prefix "build/release-made/$as" >> "$build.log"
  done
  archive "$as" "build/release-made/$as"
}

echo "sources"
git archive --format=tar --prefix="$name/" HEAD | gzip -n9 > "$out/$name.tar.gz"

echo "the C and C++ library"
shared=(-DBUILD_SHARED_LIBS=ON -DMINNOW_CONVERTER=OFF -DMINNOW_TOOLS=OFF -DMINNOW_EXAMPLES=OFF -DMINNOW_APPS=OFF -DMINNOW_TESTS=OFF
  -DCMAKE_INSTALL_LIBDIR=lib)
library release linux-x86_64 "${shared[@]}"
if [ "${1:-}" != --quick ]; then
  library arm64-minimal linux-aarch64 -DCMAKE_INSTALL_LIBDIR=lib
  library armv7-minimal linux-armv7 -DCMAKE_INSTALL_LIBDIR=lib
fi

echo "Debian packages"
packaging/make_debs.sh > /dev/null
cp build/debs/*.deb "$out/"

echo "Python"
scripts/release_venv.sh .cache/release-venv
# Of the sources above: beside this checkout's lie folders of gigabytes, which scikit-build-core would walk through.
rm -rf "build/release-made/$name"
tar -C build/release-made -xzf "$out/$name.tar.gz"
.cache/release-venv/bin/python -m build --sdist --no-isolation -o "$out" "build/release-made/$name" > build/release-sdist.log 2>&1 || { tail -20 build/release-sdist.log >&2; exit 1; }
for wheel in build/wheels/minnow_engine-"$version"-*.whl; do
  [ ! -e "$wheel" ] || cp "$wheel" "$out/"
done

if [ -e build/android/minnow.aar ]; then
  cp build/android/minnow.aar "$out/$name.aar"
fi

echo "SBOM and checksums"
.cache/release-venv/bin/python scripts/sbom.py "$out" "$version" "$(git rev-parse HEAD)"
(cd "$out" && sha256sum -- * > ../SHA256SUMS && mv ../SHA256SUMS .)
cat "$out/SHA256SUMS"
