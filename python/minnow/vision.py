"""Pictures and cameras' frames into a model's input (minnow/image.h, docs/pictures.md): the same bits on every CPU."""
from __future__ import annotations

import ctypes
import os
from typing import NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from . import _arrays, _c
from .engine import Quantisation
from .errors import InvalidArgument, ShapeMismatch

_FORMATS = ("gray", "rgb", "bgr", "rgba", "bgra", "nv12", "nv21", "i420")
_CHANNELS = {"gray": 1, "rgb": 3, "bgr": 3, "rgba": 4, "bgra": 4}
_FITS, _ANCHORS = ("stretch", "letterbox"), ("centre", "top-left")
_COLOURS, _CHANNELS_AXES = ("rgb", "bgr", "gray"), ("auto", "first", "last")
_MATRICES = ("bt601", "bt709")


class Placement(NamedTuple):
    """Where a picture came to lie in a tensor: column = x * scale_x + offset_x, row = y * scale_y + offset_y, pixel edges to
    pixel edges, with (x, y) in the whole picture after turning."""
    scale_x: float
    scale_y: float
    offset_x: float
    offset_y: float
    quarters: int
    mirror: bool
    width: int
    height: int

    def to_picture(self, column: float, row: float) -> Tuple[float, float]:
        """From the tensor's columns and rows to the picture's pixels, as they were before turning."""
        picture = (ctypes.c_double * 2)()
        _c.placement_to_picture(_c.Placement(**self._asdict()), column, row, picture)
        return picture[0], picture[1]


def read_image(path: Union[str, "os.PathLike[str]"]) -> np.ndarray:
    """A JPEG, PNG or BMP file as uint8 (height, width, 3), red first, upright as its EXIF orientation says."""
    pixels, image = _c.Memory(), _c.Image()
    _c.read_image(os.fsencode(path), pixels.bytes, image)
    return np.frombuffer(bytearray(ctypes.string_at(pixels.bytes.data, pixels.bytes.count)), np.uint8).reshape(
        image.height, image.width, 3)


def _chosen(what, value, choices) -> int:
    if value not in choices:
        raise InvalidArgument(f"{what} is {value!r}, one of {', '.join(choices)}")
    return choices.index(value)


def _plane(array, channels, what) -> np.ndarray:
    """Rows of pixels: only the distance between rows may be any; what lies otherwise is copied."""
    array = _arrays.as_array(array)
    if channels == 1 and array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    shape = array.shape[:2] + ((channels,) if channels > 1 else ())
    if array.dtype != np.uint8 or array.ndim != len(shape) or array.shape != shape or array.size == 0:
        raise ShapeMismatch(f"{what} is {array.dtype} {array.shape}, expected uint8 (height, width"
                            f"{f', {channels}' if channels > 1 else ''})")
    inner = (1,) if channels == 1 else (channels, 1)
    return array if array.strides[1:] == inner else np.ascontiguousarray(array)


def _split(frame, form):
    """The planes of a packed 4:2:0 frame, (3 / 2 * height, width) as OpenCV and GStreamer have it."""
    if frame.ndim != 2 or frame.shape[0] % 3 or frame.shape[1] % 2:
        raise ShapeMismatch(f"a packed {form} frame is (3 / 2 * height, width) of even sizes, not {frame.shape}; give its planes")
    height, width = frame.shape[0] // 3 * 2, frame.shape[1]
    chroma = np.ascontiguousarray(frame[height:]) if form == "i420" else frame[height:]
    if form == "i420":
        return [frame[:height], *chroma.reshape(2, height // 2, width // 2)]
    chroma = chroma if chroma.strides[1] == 1 else np.ascontiguousarray(chroma)
    return [frame[:height], np.lib.stride_tricks.as_strided(chroma, (height // 2, width // 2, 2), (chroma.strides[0], 2, 1),
                                                            writeable=False)]


def _image_of(picture, form, matrix, full_range):
    """C's image, and the arrays that it points to."""
    image = _c.Image(format=_chosen("format", form, _FORMATS), matrix=_chosen("matrix", matrix, _MATRICES),
                     full_range=int(full_range))
    if form in _CHANNELS:
        planes = [_plane(picture, _CHANNELS[form], "the picture")]
    else:
        given = list(picture) if isinstance(picture, (tuple, list)) else _split(_arrays.as_array(picture), form)
        pairs = 1 if form == "i420" else 2
        if not given:
            raise ShapeMismatch(f"{form} has no planes")
        planes = [_plane(given[0], 1, "the first plane")] + [_plane(plane, pairs, "a chroma plane") for plane in given[1:]]
        half = tuple((extent + 1) // 2 for extent in planes[0].shape)
        if len(planes) != (3 if form == "i420" else 2) or any(plane.shape[:2] != half for plane in planes[1:]):
            raise ShapeMismatch(f"{form} has planes {[plane.shape for plane in planes]}; chroma is {half}")
    image.height, image.width = planes[0].shape[:2]
    image.data, image.row_bytes = planes[0].ctypes.data, planes[0].strides[0]
    for index, plane in enumerate(planes[1:]):
        image.chroma[index], image.chroma_row_bytes[index] = plane.ctypes.data, plane.strides[0]
    return image, planes


def _three(value):
    """One number for all channels, or one for each."""
    numbers = [float(number) for number in np.ravel(value)]
    if len(numbers) not in (1, 3):
        raise InvalidArgument(f"{value!r}: expected one number, or three")
    return tuple(numbers * (3 // len(numbers)))


def _meaning(by):
    """C's quantisation; of None that of integers that stand for themselves."""
    if by is None:
        return _c.Quantisation(axis=-1)
    scales, zeros = np.ascontiguousarray(by.scales, np.float32), np.ascontiguousarray(by.zero_points, np.int32)
    return _c.Quantisation(scales=scales.ctypes.data_as(ctypes.POINTER(ctypes.c_float)), scale_count=scales.size, axis=by.axis,
                           zero_points=zeros.ctypes.data_as(ctypes.POINTER(ctypes.c_int32)), zero_point_count=zeros.size)


def write_image(picture, into: np.ndarray, *, format: str = "rgb", fit: str = "stretch", anchor: str = "centre",
                colour: str = "rgb", channels: str = "auto", mean: Union[float, Sequence[float]] = 0,
                scale: Union[float, Sequence[float]] = 1, pad: Union[float, Sequence[float]] = 0,
                alpha: Optional[float] = None, crop: Optional[Sequence[int]] = None, quarters: int = 0, mirror: bool = False,
                interpolation: str = "bilinear", matrix: str = "bt601", full_range: bool = False,
                quantisation: Optional[Quantisation] = None) -> Placement:
    """Crops, turns, resizes, reorders, normalises and writes a picture into an array: tensor = (pixel - mean) * scale.

        minnow.vision.write_image(frame_of_camera, frame.input("images"), format="nv12", fit="letterbox", scale=1 / 255)

    picture: uint8, (height, width, 3) for "rgb" and "bgr", (…, 4) for "rgba" and "bgra", (height, width) for "gray"; for
        "nv12", "nv21" and "i420" a packed frame (3 / 2 * height, width), or its planes, a chroma plane of pairs having the shape
        (height / 2, width / 2, 2). Any distance between rows, negative too; what else lies oddly is copied first.
    into: float32, uint8 or int8, 1xCxHxW or 1xHxWxC, of any strides: an input of a frame, or any array.
    fit: "stretch" or "letterbox", which leaves `pad` (in pixel values); anchor: "centre" or "top-left".
    colour: what the model expects, "rgb", "bgr" or "gray"; channels: their axis, "auto", "first" or "last".
    mean, scale, pad: one number, or one for each channel of `colour`. alpha: the value of a fourth channel.
    crop: (x, y, width, height) of the picture, before it is turned clockwise by `quarters` and then mirrored.
    quantisation: what integers of a uint8 or int8 array stand for, such as session.inputs[0].quantisation; an input of a frame
        knows its own. Without mean and scale pixels are stored as they are, less 128 into int8, or refused if they would be wrong.
    interpolation: "bilinear" or "nearest". matrix, full_range: what 4:2:0 numbers mean, "bt601" or "bt709".
    """
    image, planes = _image_of(picture, format, matrix, full_range)
    x, y, width, height = crop if crop is not None else (0, 0, 0, 0)
    if crop is not None and width == 0:
        raise InvalidArgument("the crop is empty")
    pre = _c.PreProcess(
        fit=_chosen("fit", fit, _FITS), anchor=_chosen("anchor", anchor, _ANCHORS), colour=_chosen("colour", colour, _COLOURS),
        channels=_chosen("channels", channels, _CHANNELS_AXES), mean=_three(mean), scale=_three(scale), pad=_three(pad),
        has_alpha=int(alpha is not None), alpha=alpha or 0, crop_x=x, crop_y=y, crop_width=width, crop_height=height,
        quarters=quarters, mirror=int(mirror), nearest=_chosen("interpolation", interpolation, ("bilinear", "nearest")))
    placement, tensor = _c.Placement(), _arrays.tensor_of(_writable(into))
    by = quantisation or _arrays.quantisation_of(into)
    _c.pre_process_for(tensor.type, _meaning(by), pre)
    _c.write_image(image, pre, tensor, placement)
    del planes  # which had to live until here
    return Placement(*(getattr(placement, name) for name in Placement._fields))._replace(mirror=bool(placement.mirror))


def read_tensor(path: Union[str, "os.PathLike[str]"], shape: Sequence[int], dtype="float32", **options) -> np.ndarray:
    """A picture file as a model's input: read_image and write_image, whose options it takes, in one.

        session.run(None, {"images": minnow.vision.read_tensor("street.jpg", (1, 3, 320, 320), scale=1 / 255)})
    """
    into = np.empty(shape, dtype)
    write_image(read_image(path), into, **options)
    return into


def _writable(array):
    if not isinstance(array, np.ndarray) or not array.flags.writeable:
        raise InvalidArgument("a picture is written into an array that can be written")
    if _arrays.regular(array) is not array:
        raise InvalidArgument("the array's elements do not lie at whole multiples of their size")
    return array
