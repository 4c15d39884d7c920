#!/usr/bin/env bash
# Converts the ONNX files that the table names: convert_models.sh BUILD TABLE OUT FOLDER…
# What to convert, and for which range of shapes, is asked of `road`, which reads the table; files that are
# newer than their original are left alone.
set -euo pipefail
[ $# -ge 4 ] || { echo "usage: $0 BUILD TABLE OUT FOLDER…" >&2; exit 2; }
build=$1 table=$2 out=$3
shift 3
mkdir -p "$out"
folders=()
for folder in "$@"; do folders+=(--models-dir "$folder"); done
list=$("$build/road" --table "$table" "${folders[@]}" --list-conversions)
failed=0
while IFS=$'\t' read -r onnx name shape; do
  [ -n "$onnx" ] || continue
  [ "$out/$name" -nt "$onnx" ] && [ "$out/$name" -nt "$build/minnow" ] && continue
  echo "converting $name"
  log=$("$build/minnow" convert "$onnx" -o "$out/$name" ${shape:+--shape "$shape"} 2>&1) ||
    { printf '%s\n' "$log" >&2; failed=1; }
done <<<"$list"
exit $failed
