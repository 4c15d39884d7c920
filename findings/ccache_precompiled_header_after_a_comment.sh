#!/usr/bin/env bash
# ccache 4.7.5 and g++ 12 with precompiled headers: after a change of nothing but a comment, in another
# checkout, a build stops at "redefinition" of everything in a header that starts with `#pragma once`.
#
# Seen: CMake writes absolute paths into the header that it precompiles, so two checkouts never agree on it byte
# for byte, and ccache compares the preprocessed text instead, with base_dir making its paths relative. That text
# has no comments: the precompiled header of the first checkout is given to the second. g++, though, skips a header
# that is in the precompiled one by size and checksum of its bytes, comments and all, finds none that is equal, and
# reads it once more. With keep_comments_cpp (CCACHE_COMMENTS) there is no such hit and the build passes.
#
# Most would guess that a hit is as good as compiling, given the sloppiness that the manual asks for precompiled
# headers; a clean clone with a warm cache is what build servers are.
#
# Source: "Precompiled headers" and "keep_comments_cpp" in https://ccache.dev/manual/4.7.5.html;
# check_file_against_entries in gcc/libcpp/files.cc.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .
apt-get -qq -o APT::Sandbox::User=root download ccache=4.8+really4.7.5-1 libhiredis0.14=0.14.1-3
for package in *.deb; do dpkg -x "$package" root; done
library=$(dirname "$(find root -name 'libhiredis.so.0.14' | head -1)")
ccache() { LD_LIBRARY_PATH="$folder/$library" "$folder/root/usr/bin/ccache" "$@"; }
g++ --version | head -1
ccache --version | head -1

# checkout NAME COMMENT: a checkout with one header of that comment, and a source that includes it
checkout() {
  mkdir -p "$1/src" "$1/build"
  printf '#pragma once\n// %s\nstruct Point { int x; };\n' "$2" > "$1/src/point.h"
  printf '#include "point.h"\nint %s(Point p) { return p.x; }\n' "$1" > "$1/src/use.cc"
  printf '#include "%s/src/point.h"\n' "$folder/$1" > "$1/build/all.hxx"
  : > "$1/build/all.hxx.cxx"
}

# build NAME: what CMake's generated files run, a precompiled header and a source with it
build() (
  export CCACHE_DIR="$folder/cache" CCACHE_BASEDIR="$folder/$1" CCACHE_NOHASHDIR=1
  export CCACHE_SLOPPINESS=pch_defines,time_macros
  cd "$folder/$1/build"
  include="-I$folder/$1/src -include $folder/$1/build/all.hxx"
  ccache g++ $include -x c++-header -o all.hxx.gch -c "$folder/$1/build/all.hxx.cxx" &&
    ccache g++ $include -Winvalid-pch -o use.o -c "$folder/$1/src/use.cc"
)

checkout first 'one comment'
checkout second 'and another'
build first
if build second 2> message; then echo "the second checkout builds: changed"; exit 1; fi
cat message
grep -q "redefinition of" message
rm -rf cache first/build/*.gch second/build/*.gch
export CCACHE_COMMENTS=1
build first
build second
echo "with comments kept both build"
