#!/usr/bin/env bash
# Ray Data and PyAV, which reads videos, from PyPI in a virtual environment: ray_venv.sh FOLDER. What is there is left alone.
set -euo pipefail
packages="ray[data] av numpy"
[ "$(cat "$1/complete" 2> /dev/null)" != "$packages" ] || exit 0
[ -x "$1/bin/python" ] || python3 -m venv "$1"
"$1/bin/pip" install -q $packages
echo "$packages" > "$1/complete"
