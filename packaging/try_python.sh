#!/usr/bin/env bash
# Installs a wheel or the source package into a fresh Debian 12 by pip, and takes a picture's features by the command line and in
# Python: try_python.sh ARCHITECTURE PACKAGE MODEL.onnx PICTURE (packaging/fresh_debian.sh)
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
architecture=$1 package=$(basename "$2") model=$(basename "$3") picture=$(basename "$4")
"$here/fresh_debian.sh" "$architecture" "${@:2}" << END
install python3-venv
venv=
# PyPI has no NumPy for 32-bit ARM.
[ $architecture != armhf ] || { install python3-numpy && venv=--system-site-packages; }
[[ $package != *.tar.gz ]] || install_build_packages
python3 -m venv \$venv /venv && export PATH=/venv/bin:\$PATH
echo "pip install:"
time pip install -q --disable-pip-version-check './$package'
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
