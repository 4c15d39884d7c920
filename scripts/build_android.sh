#!/usr/bin/env bash
# Android's archive, build/android/minnow.aar (docs/android.md). Wants an NDK of r27 or newer and a JDK:
# ANDROID_NDK=folder build_android.sh [ABI…], arm64-v8a, armeabi-v7a and x86_64 unless told otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${ANDROID_NDK:?build_android.sh: ANDROID_NDK has to name the folder of an NDK}"
abis=("$@")
[ $# -gt 0 ] || abis=(arm64-v8a armeabi-v7a x86_64)
mkdir -p build/android
libraries=()
for abi in "${abis[@]}"; do
  build=build/android/$abi
  # CMake's own names for what the NDK's toolchain file would be asked.
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_SYSTEM_NAME=Android -DCMAKE_SYSTEM_VERSION=24 \
    -DCMAKE_ANDROID_NDK="$ANDROID_NDK" -DCMAKE_ANDROID_ARCH_ABI="$abi" -DCMAKE_ANDROID_STL_TYPE=c++_static \
    -DMINNOW_JAVA=ON -DMINNOW_CONVERTER=OFF -DMINNOW_TOOLS=OFF -DMINNOW_EXAMPLES=OFF -DMINNOW_APPS=OFF -DMINNOW_TESTS=OFF \
    -DMINNOW_OPENCL=OFF -DMINNOW_OPENGL=OFF -DMINNOW_JPEG=OFF -DMINNOW_PNG=OFF > "$build.log"
  cmake --build "$build" --target minnow_jni minnow_jar >> "$build.log" || { tail -40 "$build.log" >&2; exit 1; }
  libraries+=("$abi=$build/java/libminnow_jni.so")
done
java/make_aar.py build/android/minnow.aar "$build/java/minnow.jar" "${libraries[@]}"
