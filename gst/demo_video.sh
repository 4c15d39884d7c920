#!/usr/bin/env bash
# The elements on a video file: demo_video.sh BUILD OUT [INPUT] [MODELS]
# Objects (or faces, where no MODELS folder brings a detector of objects) in a video of Debian's opencv-doc, drawn; writes
# OUT/NAME.mp4, or .avi where there is no encoder of H.264, and OUT/NAME.json, a line for each frame looked at. INPUT: a video;
# MODELS: as for apps/road/demo.sh.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: $0 BUILD OUT [INPUT] [MODELS]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
build=$1 out=$2 input=${3:-} models=${4:-}
road=$here/../apps/road table=$here/../apps/road/models.toml
cache=${MINNOW_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/minnow}/npm

"$road/ready_models.sh" "$build" "$table" "$cache" "$models"
if [ -z "$input" ]; then
  "$road/examples.sh" "$cache" "$build/examples"
  input=$build/examples/vtest.avi
fi

export GST_PLUGIN_PATH=$build/gstreamer
has() { gst-inspect-1.0 --exists "$1"; }
if has x264enc; then writer=(x264enc ! mp4mux) ending=mp4
elif has openh264enc; then writer=(openh264enc ! h264parse ! mp4mux) ending=mp4
else writer=(jpegenc ! avimux) ending=avi
fi
# Two models, one arena: what another element of the pipeline needs is not held twice.
elements=()
for model in yolox_nano_416 face_detection_back_256x256_barracuda; do
  [ -e "$build/demo-models/$model.minnow" ] || continue
  elements+=(minnowinfer runtime=demo "model=$build/demo-models/$model.minnow" "config=$table" !)
done
mkdir -p "$out"
name=$out/$(basename "${input%.*}")
# Regions keep what was found through no conversion of colours: one before, one behind.
gst-launch-1.0 -m filesrc "location=$input" ! decodebin ! videoconvert ! video/x-raw,format=RGB ! "${elements[@]}" minnowoverlay ! \
  videoconvert ! "${writer[@]}" ! filesink "location=$name.$ending" > "$name.log" 2>&1 ||
  { grep -A3 ERROR "$name.log" >&2; exit 1; }
sed -n 's/.*(element): minnowinfer.*json=(string)"\(.*\)";.*/\1/p' "$name.log" | sed 's/\\\(.\)/\1/g' > "$name.json"
rm "$name.log"
echo "$name.$ending, and in $name.json what was found in $(wc -l < "$name.json") looks"
