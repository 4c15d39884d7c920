#!/usr/bin/env bash
# ONNX and ONNX Runtime from PyPI in a virtual environment, for tests that compare with them: onnx_venv.sh FOLDER.
# What is there is left alone.
set -euo pipefail
venv=$1
[ ! -e "$venv/complete" ] || exit 0
{ python3 -m venv "$venv" && "$venv/bin/pip" install -q numpy onnx onnxruntime; } ||
  { echo "no virtual environment with onnx and onnxruntime: is python3-venv installed, and PyPI reachable?" >&2; exit 1; }
touch "$venv/complete"
