#!/usr/bin/env bash
# qemu-user 7.2 (Debian 12): with -L FOLDER a 32-bit program opens files below the folder, but asks outside of it whether they are there.
#
# Seen: FOLDER/only/there/data exists, /only does not. Under `qemu-arm-static -L FOLDER` a program of 32-bit ARM reads /only/there/data, and stat() of
# it and of /only/there says "No such file or directory". The same source for AArch64 finds all three. The loader of Debian's armhf therefore takes folders
# of LD_LIBRARY_PATH and of library paths that only the prefix has for missing, and never looks for a library in them: NumPy of armhf ends with "libblas.so.3: cannot open
# shared object file", which lies there. With the folder's own path in LD_LIBRARY_PATH it runs.
#
# Most would guess that a prefix holds for all calls that take a path, and alike for every machine. 32-bit C libraries with 64-bit times call statx
# for stat(), and qemu hands statx's path on as it is; AArch64's call newfstatat, whose path is looked up.
#
# Source: https://www.qemu.org/docs/master/user/main.html ("-L path: Set the elf interpreter prefix"), TARGET_NR_statx in
# https://gitlab.com/qemu-project/qemu/-/blob/stable-7.2/linux-user/syscall.c
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet ziglang==0.13.0
# Debian 12's package, of whatever update it has: downloaded and unpacked, not installed.
apt-get -q download qemu-user-static > download.log 2>&1 || { cat download.log >&2; exit 1; }
dpkg -x qemu-user-static_*.deb qemu
mkdir -p prefix/only/there
echo found > prefix/only/there/data
cat > look.c <<'C'
#include <stdio.h>
#include <sys/stat.h>
int main(void) {
  struct stat found;
  FILE* file = fopen("/only/there/data", "r");
  printf("%s %s %s\n", file ? "opened" : "not-opened", stat("/only/there/data", &found) ? "no-file" : "file",
         stat("/only/there", &found) ? "no-folder" : "folder");
  return 0;
}
C
seen=""
for machine in arm:arm-linux-musleabihf aarch64:aarch64-linux-musl; do
  emulator=qemu/usr/bin/qemu-${machine%%:*}-static
  python/bin/python -m ziglang cc -target "${machine#*:}" -O1 -o "look-${machine%%:*}" look.c
  answer=$("$emulator" -L "$folder/prefix" "./look-${machine%%:*}")
  echo "$("$emulator" --version | head -1), -L prefix: $answer"
  seen="$seen${machine%%:*} $answer; "
done
[ "$seen" = "arm opened no-file no-folder; aarch64 opened file folder; " ]
