#!/usr/bin/env bash
# safetensors 0.8.0, NumPy: save_file() writes a transposed array's memory under the transposed shape, without
# a word.
#
# Seen: [[0 1 2] [3 4 5]] transposed is [[0 3] [1 4] [2 5]]; what is loaded is [[0 1] [2 3] [4 5]]. So do
# arrays in Fortran order.
#
# Most would guess that a file for weights holds the array's elements, as numpy.save does, or that it is
# refused. Weights are transposed as a rule when they move between frameworks.
#
# Source: the documentation of safetensors.numpy.save_file (https://huggingface.co/docs/safetensors/api/numpy)
# names no such condition for NumPy; the format's is "C" (row-major) order.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet numpy==2.4.6 safetensors==0.8.0
cat > "$folder/try.py" <<'PYTHON'
import pathlib
import tempfile

import numpy as np
from safetensors.numpy import load_file, save_file

weights = np.arange(6, dtype=np.float32).reshape(2, 3).T
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "weights.safetensors"
    save_file({"w": weights}, path)
    loaded = load_file(path)["w"]
print("saved", weights.tolist(), "loaded", loaded.tolist())
assert loaded.shape == weights.shape and loaded.tolist() == [[0, 1], [2, 3], [4, 5]]
PYTHON
"$folder/python/bin/python" "$folder/try.py"
