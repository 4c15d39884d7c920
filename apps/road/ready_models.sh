#!/usr/bin/env bash
# Gets a demo's models, and those of a folder, and converts them into BUILD/demo-models: ready_models.sh BUILD TABLE CACHE [MODELS]
# What cannot be converted is said, and a demo goes on without it.
set -euo pipefail
[ $# -ge 3 ] || { echo "usage: $0 BUILD TABLE CACHE [MODELS]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
build=$1 table=$2 cache=$3 models=${4:-}

"$here/fetch_models.sh" "$table" "$cache"
folders=("$cache")
[ -z "$models" ] || folders+=("$models")
"$here/convert_models.sh" "$build" "$table" "$build/demo-models" "${folders[@]}" ||
  echo "some models could not be converted; the demo goes on without them" >&2
