#!/usr/bin/env bash
# Installs a wheel into a fresh Debian 12 by pip, and takes a picture's features by the command line and in Python.
# Usage: try_wheel.sh WHEEL MODEL.onnx PICTURE (packaging/fresh_debian.sh)
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
case $1 in *x86_64.whl) architecture=amd64 ;; *aarch64.whl) architecture=arm64 ;; *) architecture=none ;; esac
model=$(basename "$2") picture=$(basename "$3")
"$here/fresh_debian.sh" "$architecture" "$@" << END
apt-get update -q > /dev/null
apt-get install -y -q --no-install-recommends python3-venv > /dev/null 2>&1
python3 -m venv /venv && export PATH=/venv/bin:\$PATH PIP_CERT=/etc/ssl/certs/ca-certificates.crt
echo "pip install:"
time pip install -q --disable-pip-version-check ./*.whl
echo "minnow run:"
time minnow run '$model' --input 'all=$picture' --scale 0.00392157
cat > features.py << 'PYTHON'
import minnow
session = minnow.InferenceSession("$model")
features = session.run(None, {arg.name: minnow.vision.read_tensor("$picture", arg.shape, scale=1 / 255) for arg in session.get_inputs()})
print(minnow.cpu_target(), [(array.shape, minnow.hash(array)) for array in features])
PYTHON
echo "Python:"
time python3 features.py
END
