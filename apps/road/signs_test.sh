#!/usr/bin/env bash
# The whole way once: converts the text models, reads two parking signs of Debian's opencv-doc, and
# looks for their words. signs_test.sh BUILD MODELS; exit code 77 (skipped) without models or pictures, 1 (failed) where
# MINNOW_REQUIRE_MODELS asks for them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1 models=$2
pictures=/usr/share/doc/opencv-doc/examples/text
skip() { echo "not tested: $1"; [ -z "${MINNOW_REQUIRE_MODELS:-}" ] || exit 1; exit 77; }
[ -e "$pictures/scenetext01.jpg" ] || skip "no $pictures/scenetext01.jpg (package opencv-doc)"
find "$models" -name ch_PP-OCRv4_det_infer.onnx 2>/dev/null | grep -q . || skip "no models in $models (make models)"

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# The table's first three models: boxes, direction, reading.
awk '/^\[\[model\]\]/ { n++ } n <= 3' "$here/models.toml" >"$out/models.toml"
"$here/convert_models.sh" "$build" "$out/models.toml" "$out/minnow" "$models"
"$build/road" --models-dir "$out/minnow" "$models" --table "$out/models.toml" --out "$out/found" \
  --images "$pictures/scenetext01.jpg" "$pictures/scenetext05.jpg"
for word in NOTICE DOUBLE PARKING PROHIBITED "AT ALL TIMES" "NO PARKING"; do
  grep -q "\"text\":\"$word\"" "$out/found/features.jsonl" || { echo "not read: $word"; exit 1; }
done
for file in scenetext01.png scenetext05.png report.html; do
  [ -s "$out/found/$file" ] || { echo "not written: $file"; exit 1; }
done

# One file a model, whose weights all its sessions share: what the runtime held of weights is less than the files.
[ "$(find "$out/minnow" -name '*.minnow' | wc -l)" = 3 ] || { echo "not one file a model"; exit 1; }
files=$(cat "$out"/minnow/*.minnow | wc -c)
weights=$(sed -n 's:.*<b>\([0-9.]*\) MiB</b>weights.*:\1:p' "$out/found/report.html")
awk -v weights="$weights" -v files="$files" 'BEGIN { exit !(weights > 0 && weights * 1048576 < files) }' ||
  { echo "$weights MiB of weights are held, the files have $files bytes"; exit 1; }
# The same as a stream, whose frames nobody counts here: this machine may have other things to do.
if [ -e "$build/minnow_video.so" ]; then
  mkdir "$out/pictures"
  cp "$pictures/scenetext01.jpg" "$pictures/scenetext05.jpg" "$out/pictures"
  "$build/road" --models-dir "$out/minnow" "$models" --table "$out/models.toml" --out "$out/found" \
    --live "$out/pictures" --seconds 2.5 >"$out/live.txt" 2>&1 || { cat "$out/live.txt"; exit 1; }
  grep -Eq "^[0-9]+ frames shown, .*(H.264|Motion JPEG) in" "$out/live.txt" || { cat "$out/live.txt"; exit 1; }
  # The video is one that FFmpeg reads.
  printf '[[model]]\nname = "m"\nfile = "%s"\nshape = { x = [1, 3, 48, 320] }\n' \
    "$(find "$out/minnow" -name '*_rec_*')" >"$out/one.toml"
  "$build/minnow" schedule "$out/one.toml" --input "$out/found/live.mp4" --seconds 0.5 >"$out/again.txt" 2>&1 ||
    { cat "$out/again.txt"; exit 1; }
fi
echo "all words read"
