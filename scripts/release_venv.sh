#!/usr/bin/env bash
# What a release wants of PyPI in a virtual environment: release_venv.sh FOLDER. A second call costs nothing.
set -euo pipefail
[ -e "$1/complete" ] && exit 0
python3 -m venv "$1"
"$1/bin/pip" install -q build scikit-build-core spdx-tools
touch "$1/complete"
