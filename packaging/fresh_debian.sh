#!/usr/bin/env bash
# Runs a script in a fresh Debian 12, in which files lie in /tried: fresh_debian.sh ARCHITECTURE FILE… < SCRIPT. What it leaves in
# /made comes to the folder MADE. Another machine's Debian runs under qemu-user-static, which the kernel is told of in a namespace
# of its own (Linux 6.7): here nothing changes. Wants root, debootstrap and for another machine `setup.sh arm`; takes half a minute,
# under the emulator some minutes at first: what debootstrap left is kept in build/.
set -euo pipefail
architecture=$1
shift
root=$(mktemp -d)
chmod 755 "$root"  # apt downloads as a user of its own
trap 'rm -rf "$root"' EXIT

# A machine's emulator, and its programs' headers: 32 or 64 bits, and ELF's number of the machine.
case $architecture in
  "$(dpkg --print-architecture)") emulator= ;;
  arm64) emulator=aarch64 class=02 number=b7 ;;
  armhf) emulator=arm class=01 number=28 ;;
  *) echo "fresh_debian.sh: no emulator is known for $architecture" >&2 && exit 2 ;;
esac

# inside COMMAND…: where the kernel knows the emulator. The namespace is mapped from here; newuidmap would ask for entries in
# /etc/subuid.
inside() {
  [ -n "$emulator" ] || { unshare --mount --pid --fork --kill-child -- "$@"; return; }
  local eight='\x00\x00\x00\x00\x00\x00\x00\x00' ones='\xff\xff\xff\xff\xff\xff\xff'
  mkfifo "$root/mapped"
  unshare --user bash -c 'read -r < "$0"; exec unshare --mount --pid --fork --mount-proc --kill-child -- "$@"' "$root/mapped" \
    bash -euc 'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
      printf "%s" "$0" > /proc/sys/fs/binfmt_misc/register
      exec "$@"' ":other:M::\x7fELF\x$class\x01\x01$eight\x00\x02\x00\x$number\x00:$ones\x00$ones\xff\xfe\xff\xff\xff:/usr/bin/qemu-$emulator-static:F" \
    "$@" &
  local child=$!
  while [ "$(readlink /proc/$child/ns/user)" = "$(readlink /proc/self/ns/user)" ]; do sleep 0.05; done
  echo "0 0 65536" > /proc/$child/uid_map
  echo "0 0 65536" > /proc/$child/gid_map
  echo > "$root/mapped"
  rm "$root/mapped"
  wait $child
}

bootstrap() {
  local foreign=()
  [ -z "$emulator" ] || foreign=(--foreign --arch "$architecture")
  debootstrap "${foreign[@]}" --variant=minbase bookworm "$root" \
    "${MIRROR:-http://deb.debian.org/debian}" > /dev/null
  [ -n "$emulator" ] || return 0
  # The first stage has made the devices; in the namespace none can be made, which the word tells.
  container=lxc inside chroot "$root" /debootstrap/debootstrap --second-stage > /dev/null
}

fresh=$(dirname "$(readlink -f "$0")")/../build/fresh-$architecture.tar
if [ ! -e "$fresh" ]; then
  bootstrap
  mkdir -p "$(dirname "$fresh")"
  tar -C "$root" -cf "$fresh.new" .
  mv "$fresh.new" "$fresh"
else
  tar -C "$root" -xpf "$fresh"
fi
# How this machine reaches archives.
cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
# For pip; at the usual place Debian's would be written over them. The variables that name that place come before pip's own.
cp /etc/ssl/certs/ca-certificates.crt "$root/certificates.crt"
mkdir "$root/tried" "$root/made"
cp "$@" "$root/tried"

# Minutes under the emulator, for what pip does not read.
[ -z "$emulator" ] || ln -s /bin/true "$root/usr/local/sbin/update-ca-certificates"

# Another machine's files are compiled by this one's cross compiler, of the same version as Debian's own there, because the emulator would
# take hours. apt has none for a foreign Debian: its packages for all machines are not Multi-Arch.
if [ -n "$emulator" ]; then
  triplet=$(dpkg-architecture -a "$architecture" -q DEB_HOST_GNU_TYPE 2> /dev/null)
  dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "*-${triplet//_/-}" "*-$architecture-cross" | sed -n 's/^ii *//p' | xargs dpkg -L |
    tar -C / -cf "$root/cross.tar" --no-recursion --verbatim-files-from -T - 2> /dev/null
  for program in "$("$triplet-g++" -print-prog-name=cc1plus)" "$(command -v "$triplet-ld")"; do
    ldd "$program" | grep -o '/[^ ]*'
  done | sort -u | xargs cp -L --parents -t "$root"
fi

# install PACKAGE…, and install_build_packages, after which CMake builds Minnow without its demo.
{
  cat << 'END'
install() { apt-get install -y -q --no-install-recommends "$@" > /installed 2>&1 || { tail -20 /installed >&2 && exit 1; }; }
install_build_packages() {
  install_compiler
  install cmake ninja-build pkg-config libhwy-dev libflatbuffers-dev flatbuffers-compiler flatbuffers-compiler-dev \
    libprotobuf-dev protobuf-compiler libonnx-dev libcli11-dev libfmt-dev nlohmann-json3-dev libxxhash-dev libtomlplusplus-dev \
    libjpeg62-turbo-dev libpng-dev opencl-headers libegl-dev libgles-dev
}
END
  if [ -z "$emulator" ]; then
    echo "install_compiler() { install g++; }"
  else
    # Over that machine's own linker, which has the same name and cannot load this compiler's plug-in.
    echo "install_compiler() {
      install libc6-dev binutils
      tar -C / -xf /cross.tar --keep-directory-symlink
      export CC=$triplet-gcc CXX=$triplet-g++
    }"
  fi
  echo "apt-get update -q > /dev/null"
  cat
} > "$root/script"
# With /proc, by which programs find libraries that lie beside them.
inside bash -euc 'mount -t proc proc "$0/proc"
  exec chroot "$0" bash -euo pipefail -c "export DEBIAN_FRONTEND=noninteractive PIP_CERT=/certificates.crt; unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE; cd /tried; . /script"' "$root" < /dev/null
[ -z "${MADE:-}" ] || cp -r "$root/made/." "$MADE/"
