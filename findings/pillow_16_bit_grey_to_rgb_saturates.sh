#!/usr/bin/env bash
# Pillow 13.0.0: convert("RGB") of a 16-bit grey PNG cuts off at 255 instead of scaling.
#
# Seen: 0x0100, 0x8080 and 0xffff all become 255. OpenCV 5.0.0.93 gives the upper byte for IMREAD_COLOR: 1, 128
# and 255.
#
# Most would guess that a picture of 16 bits becomes the same picture in 8. Depth, thermal and X-ray pictures
# turn white, and a network still finds something in them.
#
# Source: the handbook on modes gives I;16 as "16-bit unsigned integer pixels" and says nothing of a cut
# (https://pillow.readthedocs.io/en/stable/handbook/concepts.html#modes).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet numpy==2.4.6 pillow==13.0.0 opencv-python-headless==5.0.0.93
cat > "$folder/try.py" <<'PYTHON'
import io

import cv2
import numpy as np
from PIL import Image

grey = np.array([[0x0100, 0x8080, 0xFFFF]], np.uint16)
file = io.BytesIO()
Image.fromarray(grey).save(file, "png")
pillow = np.asarray(Image.open(file).convert("RGB"))[0, :, 0].tolist()
opencv = cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_COLOR)[0, :, 0].tolist()
print("Pillow", pillow, "OpenCV", opencv)
assert pillow == [255, 255, 255] and opencv == [1, 128, 255]
PYTHON
"$folder/python/bin/python" "$folder/try.py"
