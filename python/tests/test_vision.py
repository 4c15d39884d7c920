"""Pictures as NumPy has them, whatever their strides, into tensors."""
import pathlib

import models
import numpy as np
import pytest
from tiny_onnx import rounding_model

import minnow
from minnow import vision

SEEDS = pathlib.Path(__file__).resolve().parents[2] / "fuzz/seeds"
PICTURE = (np.arange(4 * 6 * 3) * 37 % 256).astype(np.uint8).reshape(4, 6, 3)


def written(picture, shape=(1, 3, 4, 6), dtype=np.float32, **options):
    into = np.full(shape, 77, dtype)
    placement = vision.write_image(picture, into, **options)
    return into, placement


def planar(picture):
    return picture.transpose(2, 0, 1)[None].astype(np.float32)


@pytest.mark.parametrize("view", [
    lambda p: p, lambda p: p[::-1], lambda p: p[:, ::-1], lambda p: p[::-1, ::-1], lambda p: p[..., ::-1],
    lambda p: p[1:3, 2:5], lambda p: p[::2, ::3], lambda p: np.asfortranarray(p), lambda p: p.transpose(1, 0, 2),
], ids=["plain", "flipped", "mirrored", "turned", "bgr", "part", "steps", "fortran", "transposed"])
def test_views_of_pictures_are_what_they_show(view):
    picture = view(PICTURE)
    into, _ = written(picture, (1, 3, *picture.shape[:2]))
    np.testing.assert_array_equal(into, planar(picture))


def test_into_an_input_of_a_frame(conv):
    session = minnow.Session(minnow.Model(conv))
    picture = np.tile(PICTURE, (2, 2, 1))[:8, :8]
    with session.begin() as frame:
        vision.write_image(picture, frame.input("x"))
        frame.run()
        np.testing.assert_array_equal(frame.output("y"), models.conv_of(planar(picture)))


def test_into_arrays_of_any_strides():
    for into in (np.zeros((1, 4, 6, 3), np.float32), np.zeros((1, 4, 6, 3), np.float32).transpose(0, 3, 1, 2),
                 np.zeros((1, 3, 4, 12), np.float32)[..., ::2]):
        vision.write_image(PICTURE, into)
        got = into if into.shape[1] == 3 else into.transpose(0, 3, 1, 2)
        np.testing.assert_array_equal(got, planar(PICTURE))


def test_normalising_and_order():
    into, _ = written(PICTURE, mean=(1, 2, 3), scale=0.5, colour="bgr")
    np.testing.assert_array_equal(into, (planar(PICTURE[..., ::-1]) - np.float32([1, 2, 3])[None, :, None, None]) * 0.5)
    into, _ = written(PICTURE, dtype=np.uint8)
    np.testing.assert_array_equal(into, planar(PICTURE))
    rgba = np.dstack([PICTURE, PICTURE[..., 0]])
    np.testing.assert_array_equal(written(rgba, format="rgba")[0], planar(PICTURE))
    np.testing.assert_array_equal(written(PICTURE, (1, 4, 4, 6), alpha=1)[0][0, 3], np.ones((4, 6)))
    grey = PICTURE[..., 0]
    np.testing.assert_array_equal(written(grey, (1, 1, 4, 6), format="gray", colour="gray")[0][0, 0], grey)


@pytest.mark.parametrize("dtype, zero", [("uint8", 37), ("int8", -5)])
def test_bytes_of_a_quantised_input(dtype, zero):
    picture = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3) * 4
    numbers, into = np.empty((1, 3, 4, 5), np.float32), np.empty((1, 3, 4, 5), dtype)
    by = minnow.Quantisation(np.float32([0.03]), np.int32([zero]), -1, "ONNX Runtime")
    vision.write_image(picture, numbers, mean=99, scale=1 / 64)
    vision.write_image(picture, into, mean=99, scale=1 / 64, quantisation=by)
    np.testing.assert_array_equal(into, by.quantised(numbers, dtype))
    with pytest.raises(minnow.InvalidArgument, match=f"mean {zero + (128 if dtype == 'int8' else 0)} and scale 0.03 "):
        vision.write_image(picture, into, quantisation=by)
    with pytest.raises(minnow.InvalidArgument, match="no 8 steps"):
        vision.write_image(picture, into, scale=1 / 255)
    with pytest.raises(minnow.Unsupported, match="axis 1"):
        vision.write_image(picture, into, quantisation=by._replace(scales=np.float32([1, 2, 3]), axis=1))
    whole = by._replace(scales=np.float32([1 / 255]), zero_points=np.int32([np.iinfo(dtype).min]))
    vision.write_image(picture, into, quantisation=whole)
    np.testing.assert_array_equal(into.astype(int) - np.iinfo(dtype).min, planar(picture))


def test_inputs_of_frames_know_what_they_stand_for(tmp_path):
    """The model that byte_inputs makes tells its scale, and a picture in its input is that of the float model, rounded."""
    source = tmp_path / "rounds.onnx"
    source.write_bytes(rounding_model([1, 3, 4, 6], 0.0625, 100))
    numbers = minnow.Session(minnow.Model(minnow.convert(source)))
    session = minnow.Session(minnow.Model(minnow.convert(source, byte_inputs=True)))
    by = session.inputs[0].quantisation
    assert (session.inputs[0].dtype, by.scales.tolist(), by.zero_points.tolist()) == (np.uint8, [0.0625], [100])
    outputs = []
    for one in (numbers, session):
        with one.begin() as frame:
            vision.write_image(PICTURE, frame.input("x"), mean=99, scale=1 / 32)
            frame.run()
            outputs.append(np.array(frame.output("y")))
    np.testing.assert_array_equal(*outputs)


def test_crops_turns_and_placement():
    into, placement = written(PICTURE, (1, 3, 3, 2), crop=(1, 1, 3, 2), quarters=1, mirror=True)
    np.testing.assert_array_equal(into, planar(np.rot90(PICTURE[1:3, 1:4], -1)[:, ::-1]))
    assert placement.quarters == 1 and placement.mirror is True
    _, boxed = written(PICTURE, (1, 3, 12, 12), fit="letterbox", pad=(1, 2, 3))
    assert (boxed.scale_x, boxed.offset_x, boxed.offset_y) == (2, 0, 2) and boxed.to_picture(6, 6) == (3, 2)
    top, _ = written(PICTURE, (1, 3, 12, 12), fit="letterbox", anchor="top-left", pad=9, interpolation="nearest")
    np.testing.assert_array_equal(top[:, :, 8:], np.full((1, 3, 4, 12), 9))
    np.testing.assert_array_equal(top[:, :, :8:2, ::2], planar(PICTURE))


@pytest.mark.parametrize("form", ["nv12", "nv21", "i420"])
def test_frames_of_cameras(form):
    luma = (np.arange(24) * 9 % 256).astype(np.uint8).reshape(4, 6)
    cb, cr = np.full((2, 3), 90, np.uint8), np.full((2, 3), 160, np.uint8)
    pairs = {"nv12": np.dstack([cb, cr]), "nv21": np.dstack([cr, cb])}
    planes = (luma, cb, cr) if form == "i420" else (luma, pairs[form])
    packed = np.concatenate([plane.ravel() for plane in planes]).reshape(6, 6)
    options = dict(format=form, full_range=True, matrix="bt601")
    into, _ = written(packed, **options)
    y, b, r = luma.astype(float), 90 - 128, 160 - 128
    exact = np.clip([y + 1.402 * r, y - 0.344136 * b - 0.714136 * r, y + 1.772 * b], 0, 255)
    assert np.abs(into[0] - exact).max() <= 0.51
    padded = tuple(np.pad(plane, ((0, 0), (0, 5)) + ((0, 0),) * (plane.ndim - 2))[:, :plane.shape[1]] for plane in planes)
    np.testing.assert_array_equal(written(padded, **options)[0], into)
    np.testing.assert_array_equal(written(tuple(plane[::-1] for plane in planes), **options)[0], into[:, :, ::-1])
    wide = np.pad(packed, ((0, 0), (0, 2)))[:, :6]
    np.testing.assert_array_equal(written(wide, **options)[0], into)


@pytest.mark.parametrize("picture, options, error", [
    (PICTURE.astype(np.float32), {}, minnow.ShapeMismatch),
    (PICTURE[..., :2], {}, minnow.ShapeMismatch),
    (PICTURE, {"format": "yuv"}, minnow.InvalidArgument),
    (PICTURE, {"quarters": 5}, minnow.InvalidArgument),
    (PICTURE, {"crop": (5, 0, 4, 2)}, minnow.InvalidArgument),
    (PICTURE, {"crop": (0, 0, 0, 2)}, minnow.InvalidArgument),
    (PICTURE, {"crop": (2**32, 0, 2, 2)}, minnow.InvalidArgument),
    ((), {"format": "nv12"}, minnow.ShapeMismatch),
    (PICTURE, {"mean": (1, 2)}, minnow.InvalidArgument),
    (PICTURE[..., 0], {"format": "nv12"}, minnow.ShapeMismatch),
    ((PICTURE[..., 0], PICTURE[:1, :1, :2]), {"format": "nv12"}, minnow.ShapeMismatch),
    (PICTURE[:0], {}, minnow.ShapeMismatch),
])
def test_what_cannot_be_is_refused(picture, options, error):
    with pytest.raises(error):
        written(picture, **options)


def test_arrays_that_cannot_be_written_are_refused():
    fixed = np.zeros((1, 3, 4, 6), np.float32)
    fixed.flags.writeable = False
    for into in (fixed, [0], np.zeros((1, 3, 4, 6)), np.zeros((2, 3, 4, 6), np.float32)):
        with pytest.raises(minnow.Error):
            vision.write_image(PICTURE, into)


def test_files_are_read(tmp_path):
    rows = [[(255, 0, 0), (0, 255, 0), (1, 2, 3)], [(0, 0, 255), (9, 9, 9), (4, 5, 6)]]
    (tmp_path / "picture.bmp").write_bytes(models.bmp(rows))
    picture = vision.read_image(tmp_path / "picture.bmp")
    np.testing.assert_array_equal(picture, np.array(rows, np.uint8))
    picture[0, 0] = 7  # is the caller's own
    with pytest.raises(minnow.NotFound, match="nowhere.png"):
        vision.read_image("nowhere.png")
    into = vision.read_tensor(tmp_path / "picture.bmp", (1, 3, 2, 3), scale=0.5)
    np.testing.assert_array_equal(into, planar(np.array(rows, np.uint8)) * 0.5)
    assert vision.read_tensor(tmp_path / "picture.bmp", [1, 2, 3, 3], "uint8").tolist() == [[list(map(list, row)) for row in rows]]


@pytest.mark.parametrize("file, digits", [
    ("jpeg/cmyk.jpg", "0d1a27487ce5273f484c9148f5d1c199"),
    ("jpeg/grey.jpg", "c581be0c1d5f23d33d0b443390a19691"),
    ("jpeg/plain.jpg", "633f5bbe1e112ed28ff931a508291906"),
    ("jpeg/progressive.jpg", "27baa849f02c2e6d87aabfe9f5ff7af9"),
    ("png/colour2_8.png", "a6a25be8390184f58ef964b353118efc"),
    ("png/interlaced.png", "93ed5a0a31f30ab4bb3565eedaba7a62"),
])
def test_codecs_give_pillows_pixels(file, digits):
    """Pillow 9.4 and 13.0 read the same."""
    assert minnow.hash(vision.read_image(SEEDS / file)) == digits
