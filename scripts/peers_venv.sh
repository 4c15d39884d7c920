#!/usr/bin/env bash
# The peers from PyPI in a virtual environment: peers_venv.sh FOLDER. What is there is left alone.
set -euo pipefail
venv=$1
[ ! -e "$venv/complete" ] || exit 0
python3 -m venv "$venv"
"$venv/bin/pip" install -q numpy onnxruntime MNN ncnn
"$venv/bin/pip" install -q --no-deps pnnx  # for its program, which converts to ncnn; its Python face would want torch
touch "$venv/complete"
