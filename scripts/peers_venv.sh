#!/usr/bin/env bash
# The peers from PyPI in a virtual environment: peers_venv.sh FOLDER. What is there is left alone.
set -euo pipefail
venv=$1
packages="numpy onnx onnxruntime MNN ncnn matplotlib"
# pnnx for its program alone, which converts to ncnn (its Python face would want torch); OpenVINO without its telemetry.
alone="pnnx openvino"
[ "$(cat "$venv/complete" 2> /dev/null)" != "$packages $alone" ] || exit 0
echo "the peers from PyPI: $packages $alone"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install -q $packages
"$venv/bin/pip" install -q --no-deps $alone
echo "$packages $alone" > "$venv/complete"
