#!/usr/bin/env bash
# Runs a script in a fresh Debian 12, in which files lie in /tried: fresh_debian.sh ARCHITECTURE FILE… < SCRIPT. Another
# machine's Debian runs under qemu-user-static, which the kernel is told of in a namespace of its own (Linux 6.7): here nothing
# changes. Wants root and debootstrap; takes half a minute, under the emulator some.
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

foreign=()
[ -z "$emulator" ] || foreign=(--foreign --arch "$architecture")
debootstrap "${foreign[@]}" --variant=minbase --include=ca-certificates bookworm "$root" \
  "${MIRROR:-http://deb.debian.org/debian}" > /dev/null
if [ -n "$emulator" ]; then
  # The first stage has made the devices; in the namespace none can be made, which the word tells.
  container=lxc inside chroot "$root" /debootstrap/debootstrap --second-stage > /dev/null
fi
# How this machine reaches archives.
cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
mkdir "$root/tried"
cp "$@" "$root/tried"
cat > "$root/script"
# With /proc, by which programs find libraries that lie beside them.
inside bash -euc 'mount -t proc proc "$0/proc"
  exec chroot "$0" bash -euo pipefail -c "export DEBIAN_FRONTEND=noninteractive; cd /tried; . /script"' "$root" < /dev/null
