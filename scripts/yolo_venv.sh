#!/usr/bin/env bash
# ultralytics of PyPI in a virtual environment that sees Debian's python3-torch: yolo_venv.sh FOLDER. For exporting one
# architecture; what is there is left alone.
set -euo pipefail
venv=$1
[ ! -e "$venv/complete" ] || exit 0
echo "YOLO's architectures from PyPI: ultralytics" >&2
/usr/bin/python3 -m venv --system-site-packages "$venv"
"$venv/bin/pip" install -q "numpy<2" opencv-python-headless pyyaml requests psutil tqdm polars matplotlib >&2
"$venv/bin/pip" install -q --no-deps ultralytics >&2  # it asks for a torch with CUDA
touch "$venv/complete"
