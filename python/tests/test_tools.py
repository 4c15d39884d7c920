"""What the command line does, as functions."""
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import models
import numpy as np
import pytest

import minnow
from minnow import _c

X = models.whole_numbers((1, 3, 8, 8))


def test_convert_reports_and_writes(conv, tmp_path):
    made = minnow.convert(conv, tmp_path / "conv.minnow", winograd=False, weights="float16")
    assert made.report["operators_after"] == 1 and made.report["warnings"] == []
    assert (tmp_path / "conv.minnow").read_bytes() == bytes(made)
    assert not list(tmp_path.glob("*.part"))
    assert len(bytes(minnow.convert(conv))) > 0
    with pytest.raises(OSError, match="no/such"):
        made.save(tmp_path / "no/such/folder.minnow")


def test_links_and_pipes_stay_what_they_are(conv, tmp_path):
    made, link, pipe = minnow.convert(conv), tmp_path / "link.minnow", tmp_path / "pipe"
    link.symlink_to("named.minnow")
    made.save(link)
    assert link.is_symlink() and (tmp_path / "named.minnow").read_bytes() == bytes(made)
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_bytes)
        made.save(pipe)
        assert read.result(timeout=30) == bytes(made)
    assert pipe.is_fifo()
    with pytest.raises(OSError, match="/dev/full: No space"):
        made.save("/dev/full")


def test_convert_says_what_is_wrong(conv, relu, tmp_path):
    with pytest.raises(minnow.NotFound, match="nowhere.onnx"):
        minnow.convert("nowhere.onnx", shapes={"x": (1, 3)})
    with pytest.raises(minnow.InvalidArgument, match="no input is named 'z'"):
        minnow.convert(relu, shapes={"z": (1, 3)})
    with pytest.raises(minnow.Error, match="no-such-pass"):
        minnow.convert(conv, disable=["no-such-pass"])
    with pytest.raises(minnow.InvalidArgument, match="optimise is 'size'"):
        minnow.convert(conv, optimise="size")
    (tmp_path / "odd.onnx").write_bytes(models.onnx_model(["Relu", "NoSuchOperator"], [2, 3]))
    with pytest.raises(NotImplementedError, match="NoSuchOperator"):
        minnow.convert(tmp_path / "odd.onnx")


def test_values_become_constants(tmp_path, relu):
    made = minnow.convert(relu, values={"x": np.array([[1.5, -2, 3]])}, shapes={"x": (1, 3)})
    session = minnow.Session(minnow.Model(made))
    np.testing.assert_array_equal(session.run({})["y"], [[1.5, 0, 3]])


def test_traces_are_compared_and_replayed(conv, tmp_path):
    here, there, other = (tmp_path / f"{name}.npz" for name in ("here", "there", "other"))
    minnow.trace(conv, {"x": X}, here)
    minnow.trace(minnow.Model(conv), {"x": X}, there)
    minnow.trace(conv, {"x": X + 1}, other, summary=True)
    with np.load(here) as arrays:
        np.testing.assert_array_equal(arrays["y"], models.conv_of(X))
        assert json.loads(bytes(arrays["minnow.json"]))["outputs"] == ["y"]
    assert minnow.diff(here, there).equal
    report = minnow.diff(here, other)
    assert not report.equal and "inputs" in report.finding and report.data["kind"] == "diff"
    assert minnow.replay(conv, here).equal
    np.savez(tmp_path / "wrong.npz", x=X, y=models.conv_of(X) + np.eye(8, dtype=np.float32))
    wrong = minnow.replay(conv, tmp_path / "wrong.npz", tolerance=(1e-3, 1e-3))
    assert not wrong.equal and wrong.culprit["name"] == "conv"
    with pytest.raises(minnow.Error, match="nowhere.npz"):
        minnow.diff(here, tmp_path / "nowhere.npz")
    with pytest.raises(minnow.InvalidArgument, match="'x' is float32"):
        minnow.trace(conv, {"x": X.astype(np.float64)}, here)


def test_shapes_of_a_replay_come_from_the_reference(relu, tmp_path):
    minnow.trace(relu, {"x": np.ones((2, 3), np.float32)}, tmp_path / "two.npz", shapes={"x": (2, 3)})
    assert minnow.replay(relu, tmp_path / "two.npz").equal


def test_what_is_no_reference_is_refused(conv, tmp_path):
    here = tmp_path / "here.npz"
    minnow.trace(conv, {"x": X}, here)
    (tmp_path / "cut.npz").write_bytes(here.read_bytes()[:100])
    np.save(tmp_path / "array.npy", X)
    for name in ("cut.npz", "array.npy"):
        with pytest.raises(minnow.BadModel, match=name):
            minnow.replay(conv, tmp_path / name)


@pytest.mark.starts_a_program
def test_memory_is_what_was_predicted(conv):
    report = minnow.memory(conv)
    assert report["models"][0]["name"] == "conv"
    with pytest.raises(minnow.Error, match="nowhere.minnow"):
        minnow.memory("nowhere.minnow")
    small, large = minnow.memory(conv, budget=1000), minnow.memory(conv, budget="1MB")
    assert small != large


@pytest.mark.starts_a_program
def test_hashes_are_those_of_the_command_line(conv):
    constant = np.full((1, 3, 8, 8), 0.46875, np.float32)
    printed = subprocess.run([_c.COMMAND, "hash", conv, "--input", "x=const:0.46875"], capture_output=True, text=True, check=True)
    y = minnow.InferenceSession(conv).run(None, {"x": constant})[0]
    assert printed.stdout.split() == ["y", minnow.hash(y)]
    assert minnow.hash(y.transpose(0, 2, 3, 1)) != minnow.hash(y)
    assert minnow.hash(y.transpose(0, 2, 3, 1).transpose(0, 3, 1, 2)) == minnow.hash(y)
    assert minnow.hash(np.asfortranarray(y)) == minnow.hash(y[..., ::-1][..., ::-1]) == minnow.hash(y)


@pytest.mark.starts_a_program
def test_the_command_line_is_a_program():
    done = subprocess.run([sys.executable, "-m", "minnow", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"{minnow.__version__}\n")
    wrong = subprocess.run([sys.executable, "-m", "minnow", "rum"], capture_output=True, text=True)
    assert wrong.returncode == 2 and "did you mean 'run'" in wrong.stderr


@pytest.mark.starts_a_program
def test_quantize(conv, tmp_path):
    samples = [models.whole_numbers((1, 3, 8, 8), seed) for seed in range(3)]
    made = minnow.quantize(conv, samples, tmp_path / "q.minnow", ranges="minmax")
    assert [layer["operator"] for layer in made.report["layers"]] == ["Conv"]
    assert 0 < made.report["output_error"] < 0.05
    assert (tmp_path / "q.minnow").read_bytes() == bytes(made)
    y = minnow.Session(minnow.Model(made)).run({"x": X})["y"]
    assert np.abs(y - models.conv_of(X)).max() < 0.05 * np.abs(y).max()
    kept = minnow.quantize(conv, samples, keep=1)
    assert kept.report["output_error"] == 0
    np.testing.assert_array_equal(minnow.Session(minnow.Model(kept)).run({"x": X})["y"], models.conv_of(X))


@pytest.mark.starts_a_program
def test_quantize_raises(conv, tmp_path):
    with pytest.raises(minnow.InvalidArgument, match="--ranges"):
        minnow.quantize(conv, [X], ranges="guessed")
    (tmp_path / "empty").mkdir()
    with pytest.raises(minnow.Error, match="no pictures"):
        minnow.quantize(conv, tmp_path / "empty")
