"""Image: arrays in, and what is written of them."""

import io
from dataclasses import replace
from pathlib import PurePath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from independent import photo, png_pixels

from restorecli.errors import UsageError
from restorecli.images import (
    Image,
    WriteOptions,
    can_read,
    output_extension,
    read,
    write,
    written_suffixes,
)
from restorecli.wording import printable


def written(image: Image, format: str = "png") -> bytes:
    stream = io.BytesIO()
    write(image, stream, WriteOptions(format=format))
    return stream.getvalue()


@pytest.mark.parametrize(("channels", "colours"), [(1, 1), (2, 1), (3, 3), (4, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_channels_and_alpha_are_told_apart(channels, colours, dtype):
    array = np.arange(2 * 3 * channels).reshape(2, 3, channels).astype(dtype) / dtype(
        8 if dtype == np.float32 else 1
    )
    image = Image.from_array(array.astype(dtype))
    assert (image.height, image.width, image.channels) == (2, 3, colours)
    assert image.bits == np.dtype(dtype).itemsize * 8
    assert (image.alpha is not None) == (channels in (2, 4))
    assert image.pixels.flags.c_contiguous
    assert np.array_equal(image.pixels, array[:, :, :colours])
    if image.alpha is not None:
        assert np.array_equal(image.alpha, array[:, :, -1])


def test_gray_without_a_channel_axis_and_views_are_taken():
    array = photo(10, 12, 1)[:, :, 0]
    assert np.array_equal(Image.from_array(array).pixels[:, :, 0], array)
    flipped = Image.from_array(photo(10, 12)[::-1, ::2])
    assert flipped.pixels.flags.c_contiguous
    assert np.array_equal(flipped.pixels, photo(10, 12)[::-1, ::2])
    swapped = Image.from_array(photo(3, 4, 1, np.uint16).astype(">u2"))
    assert swapped.pixels.dtype == np.uint16
    assert np.array_equal(swapped.pixels, photo(3, 4, 1, np.uint16))


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((2, 2, 5), np.uint8), "shape"),
        (np.zeros(4, np.uint8), "shape"),
        (np.zeros((0, 4), np.uint8), "shape"),
        (np.zeros((2, 2), np.int32), "int32"),
        (np.zeros((2, 2), bool), "bool"),
        (np.full((2, 2), 255.0), "must lie in"),
        (np.full((2, 2), np.nan), "must lie in"),
    ],
)
def test_what_is_no_image_is_refused(array, words):
    with pytest.raises(UsageError, match=words) as caught:
        Image.from_array(array)
    assert caught.value.hint


@given(st.lists(st.floats(-0.25, 1.25, width=32), min_size=4, max_size=4))
def test_floats_are_clipped_and_rounded_once(values):
    image = Image.from_array(np.array(values, np.float32).reshape(2, 2))
    exact = np.clip(np.array(values, np.float64).reshape(2, 2), 0, 1)
    deep = png_pixels(written(image))[:, :, 0]
    assert deep.dtype == np.uint16
    assert np.abs(deep - exact * 65535).max() <= 0.51  # half a step, and a little for float32
    shallow = read(written(image, "bmp")).pixels[:, :, 0]
    assert np.abs(shallow - exact * 255).max() <= 0.51


def test_16_bits_become_8_by_rounding_and_it_is_said():
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    receipt = write(Image.from_array(ramp), stream := io.BytesIO(), WriteOptions(format="bmp"))
    assert receipt.bits == 8
    assert receipt.lost == ("16 bit: BMP holds 8",)
    assert np.abs(read(stream.getvalue()).pixels[:, :, 0] * 257.0 - ramp).max() <= 128
    eight = photo(5, 6)
    assert np.array_equal(read(written(Image.from_array(eight.astype(np.uint16) * 257), "bmp")).pixels, eight)


def test_alpha_is_put_on_white_where_there_is_none_and_it_is_said():
    array = np.zeros((1, 3, 4), np.uint8)
    array[0, :, 3] = (0, 51, 255)
    receipt = write(Image.from_array(array), stream := io.BytesIO(), WriteOptions(format="bmp"))
    assert receipt.lost == ("alpha: BMP has none, put on white",)
    assert read(stream.getvalue()).pixels[0, :, 0].tolist() == [255, 204, 0]


def test_alpha_in_the_receipt():
    assert "alpha" in write(Image.from_array(photo(4, 4, 4)), io.BytesIO(), WriteOptions(format="png")).kept


@pytest.mark.parametrize(
    ("name", "lossless", "expected"),
    [
        ("a.png", False, ".png"),
        ("a.PNG", False, ".PNG"),
        ("a.jpg", False, ".jpg"),
        ("a.JPG", True, ".png"),
        ("a.jpeg", True, ".png"),
        ("a.tif", True, ".tif"),
        ("a.gif", False, ".png"),
        ("a.ppm", False, ".png"),
        ("a", False, ".png"),
        ("a.webp", True, ".webp"),
    ],
)
def test_the_suffix_of_the_result(name, lossless, expected):
    assert output_extension(PurePath(name), lossless=lossless) == expected


def test_formats_by_name():
    assert all(can_read(PurePath("a" + suffix)) for suffix in written_suffixes())
    formats = {"png": "PNG", ".PNG": "PNG", "jpg": "JPEG", "JPEG": "JPEG", "tif": "TIFF", "webp": "WEBP"}
    for name, format in formats.items():
        receipt = write(Image.from_array(photo(4, 4)), io.BytesIO(), WriteOptions(format=name))
        assert receipt.format == format
    for name in ("gif", "docx"):
        with pytest.raises(UsageError, match="cannot write") as caught:
            write(Image.from_array(photo(4, 4)), io.BytesIO(), WriteOptions(format=name))
        assert "png" in (caught.value.hint or "")
    with pytest.raises(UsageError, match="without a suffix"):
        write(Image.from_array(photo(4, 4)), "result")


@pytest.mark.parametrize("quality", [0, 101, -5])
def test_impossible_jpeg_qualities_are_refused(quality):
    with pytest.raises(UsageError, match="no JPEG quality"):
        write(Image.from_array(photo(4, 4)), io.BytesIO(), WriteOptions(format="jpg", jpeg_quality=quality))


def test_other_pixels_keep_alpha_and_notes():
    image = replace(Image.from_array(photo(4, 5, 4)), notes=("seen",))
    other = image.with_pixels(photo(4, 5, 3, seed=1))
    assert other.alpha is image.alpha
    assert other.notes == ("seen",)
    assert image.with_pixels(image.pixels, None).alpha is None


@given(
    st.text(max_size=40).filter(lambda text: "\0" not in text)
    | st.binary(max_size=40).map(lambda b: b.decode("utf-8", "surrogateescape"))
)
def test_any_name_can_be_printed_on_one_line(name):
    shown = printable(name)
    shown.encode("utf-8")
    assert "\n" not in shown
    assert len(shown.splitlines()) <= 1
    if name.isprintable():
        assert shown == name
