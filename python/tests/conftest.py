"""Models in files. MINNOW_LIBRARY names the library of a build; without it the package's own is tested."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import models  # noqa: E402


@pytest.fixture
def relu(tmp_path):
    (tmp_path / "relu.onnx").write_bytes(models.relu())
    return tmp_path / "relu.onnx"


@pytest.fixture
def conv(tmp_path):
    (tmp_path / "conv.onnx").write_bytes(models.conv())
    return tmp_path / "conv.onnx"
