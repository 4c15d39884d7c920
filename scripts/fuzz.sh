#!/usr/bin/env bash
# Runs the fuzzing harnesses one after another and says how many inputs each tried. What they learn is kept in
# BUILD/fuzz/learnt, what fails in BUILD/fuzz/findings.
# Usage: fuzz.sh BUILD SECONDS-FOR-EACH [harness…]    (harnesses: bmp exif jpeg model npy onnx png tflite trace; all of them)
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
build=$1/fuzz
seconds=$2
shift 2
[ $# -gt 0 ] || set -- $(ls "$build" | sed -n 's/^seeds_of_//p')

if [ -x "$build/make_seeds" ]; then
  "$build/make_seeds" "$source/fuzz/seeds/onnx" "$build/models"
fi
failed=""
for name in "$@"; do
  learnt=$build/learnt/$name
  mkdir -p "$learnt" "$build/findings"
  log=$build/findings/$name.log
  longest=1024
  case $name in model | onnx | tflite | trace) longest=16384 ;; esac
  if "$build/fuzz_$name" -max_total_time="$seconds" -max_len=$longest -timeout=20 -rss_limit_mb=3000 \
      -print_final_stats=1 -artifact_prefix="$build/findings/$name-" \
      "$learnt" "$(cat "$build/seeds_of_$name")" > "$log" 2>&1; then
    result="no finding"
  else
    result="FAILED, see $log"
    failed="$failed $name"
  fi
  printf '%-6s %10s inputs  %s\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$result"
done
[ -z "$failed" ]
