"""TIFF, in and out, against tifffile; what tifffile cannot write comes from Pillow and OpenCV."""

import io
from itertools import product

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from independent import patches, photo
from PIL import Image as Pillow

from restorecli.images import Image, WriteOptions, read, write

HEIGHT, WIDTH = 37, 53
KINDS = {  # photometric, channels, extra sample
    "gray": ("minisblack", 1, None),
    "gray inverted": ("miniswhite", 1, None),
    "gray alpha": ("minisblack", 2, "unassalpha"),
    "rgb": ("rgb", 3, None),
    "rgb alpha": ("rgb", 4, "unassalpha"),
    "rgb and something": ("rgb", 4, "unspecified"),
}


def samples_of(image: Image) -> np.ndarray:
    return image.pixels if image.alpha is None else np.dstack([image.pixels, image.alpha])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("kind", KINDS)
def test_every_way_to_store_the_same_pixels_reads_the_same(kind, dtype):
    photometric, channels, extra = KINDS[kind]
    array = (
        np.random.default_rng(1).integers(0, np.iinfo(dtype).max + 1, (HEIGHT, WIDTH, channels)).astype(dtype)
    )
    expected = {"gray inverted": np.iinfo(dtype).max - array, "rgb and something": array[:, :, :3]}.get(
        kind, array
    )
    layouts = product(
        ("<", ">"), (None, "zlib"), (False, True), ("contig", "separate"), ((16, 32), None), (None, 5)
    )
    for order, compression, predictor, planes, tile, rows in layouts:
        if (planes == "separate" and channels == 1) or (tile and rows) or (predictor and not compression):
            continue
        stream = io.BytesIO()
        tifffile.imwrite(
            stream,
            array[:, :, 0] if channels == 1 else np.moveaxis(array, -1, 0) if planes == "separate" else array,
            byteorder=order,
            photometric=photometric,
            compression=compression,
            predictor=predictor,
            planarconfig=None if channels == 1 else planes,
            extrasamples=[extra] if extra else None,
            tile=tile,
            rowsperstrip=rows,
            metadata=None,
        )
        image = read(stream.getvalue())
        assert samples_of(image).dtype == dtype
        assert np.array_equal(samples_of(image), expected), (
            order,
            compression,
            predictor,
            planes,
            tile,
            rows,
        )
        assert image.origin.bits == array.dtype.itemsize * 8


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_deflate", "lzma"])
def test_compressions_that_only_libtiff_knows(compression):
    array = photo(HEIGHT, WIDTH)
    stream = io.BytesIO()
    Pillow.fromarray(array).save(stream, "TIFF", compression=compression)
    assert np.array_equal(read(stream.getvalue()).pixels, array)


@pytest.mark.parametrize("compression", [1, 5, 8, 32773])
@pytest.mark.parametrize("predictor", [1, 2])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bit_by_opencv(compression, predictor, channels):
    array = photo(HEIGHT, WIDTH, channels, np.uint16)
    swapped = array[:, :, [2, 1, 0, 3][:channels]] if channels > 1 else array
    options = [cv2.IMWRITE_TIFF_COMPRESSION, compression, cv2.IMWRITE_TIFF_PREDICTOR, predictor]
    image = read(cv2.imencode(".tif", swapped, options)[1].tobytes())
    assert np.array_equal(samples_of(image), array)
    assert image.notes == ()


@given(
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    channels=st.integers(1, 4),
    deep=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_shape_and_depth_is_written_as_others_read_it(height, width, channels, deep, seed):
    dtype = np.uint16 if deep else np.uint8
    array = (
        np.random.default_rng(seed)
        .integers(0, np.iinfo(dtype).max + 1, (height, width, channels))
        .astype(dtype)
    )
    stream = io.BytesIO()
    write(Image.from_array(array), stream, WriteOptions(format="tiff"))
    with tifffile.TiffFile(io.BytesIO(stream.getvalue())) as file:
        page = file.pages[0]
        assert np.array_equal(page.asarray().reshape(array.shape), array)
        assert page.photometric == (2 if channels > 2 else 1)
        assert page.extrasamples == ((2,) if channels in (2, 4) else ())
    assert np.array_equal(samples_of(read(stream.getvalue())), array)


def test_an_image_of_many_strips():
    array = photo(800, 700, 4, np.uint16)
    stream = io.BytesIO()
    write(Image.from_array(array), stream, WriteOptions(format="tiff"))
    with tifffile.TiffFile(io.BytesIO(stream.getvalue())) as file:
        assert len(file.pages[0].dataoffsets) > 3
        assert np.array_equal(file.pages[0].asarray(), array)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_premultiplied_alpha_is_divided_out_and_said(dtype):
    top = np.iinfo(dtype).max
    alpha = np.array([[top, top // 2, top // 4, 0]], dtype)
    colour = np.array([[[top, top // 3, 0]] * 4], dtype)
    stored = np.dstack([np.rint(colour * (alpha[:, :, None] / top)), alpha]).astype(dtype)
    stream = io.BytesIO()
    tifffile.imwrite(stream, stored, photometric="rgb", extrasamples=["assocalpha"])
    image = read(stream.getvalue())
    assert image.notes == ("premultiplied alpha divided out",)
    assert np.array_equal(image.alpha, alpha)
    visible = np.s_[:, :3]
    assert np.abs(image.pixels[visible].astype(int) - colour[visible].astype(int)).max() <= 4
    assert np.array_equal(image.pixels[0, 0], colour[0, 0])


def test_12_bit_gray_is_spread_over_16_bits():
    values = np.random.default_rng(0).integers(0, 4096, (6, 8)).astype(np.uint16)
    pairs = values.reshape(-1, 2).astype(np.uint32)
    packed = np.stack(
        [pairs[:, 0] >> 4, (pairs[:, 0] & 15) << 4 | pairs[:, 1] >> 8, pairs[:, 1] & 255], axis=1
    )
    stream = io.BytesIO()
    tifffile.imwrite(stream, packed.astype(np.uint8).reshape(6, 12), photometric="minisblack", metadata=None)
    data = bytearray(stream.getvalue())  # 8 bits, 12 across: call it 12 bits, 8 across
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        tags = file.pages[0].tags
        for tag, value in ((256, 8), (258, 12)):
            at = tags[tag].valueoffset
            data[at : at + 2] = value.to_bytes(2, "little")
    image = read(bytes(data))
    assert image.origin.bits == 12
    assert np.array_equal(image.pixels[:, :, 0], values.astype(np.uint32) * 65535 // 4095)


def test_pages_after_the_first_are_named_and_not_read():
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as file:
        for seed in range(3):
            file.write(photo(8, 9, seed=seed), photometric="rgb", contiguous=False)
    image = read(stream.getvalue())
    assert np.array_equal(image.pixels, photo(8, 9, seed=0))
    assert image.notes == ("the first of 3 pictures in the file",)
    assert image.origin.frames == 3


def test_palette_and_one_bit():
    picture = Pillow.fromarray(photo(20, 30)).quantize(16)
    stream = io.BytesIO()
    picture.save(stream, "TIFF")
    image = read(stream.getvalue())
    assert np.array_equal(image.pixels, np.asarray(picture.convert("RGB")))
    assert image.origin.mode == "P"

    bits = photo(20, 30, 1)[:, :, 0] > 80
    tifffile.imwrite(stream := io.BytesIO(), bits, photometric="minisblack")
    image = read(stream.getvalue())
    assert np.array_equal(image.pixels[:, :, 0], bits * 255)
    assert image.notes == ("1 bit read as 8-bit gray",)


def test_ycbcr_by_jpeg_inside_is_rgb_again():
    array = patches(48, 64)
    stream = io.BytesIO()
    Pillow.fromarray(array).save(stream, "TIFF", compression="jpeg", quality=100)
    image = read(stream.getvalue())
    assert np.abs(image.pixels.astype(int) - array).max() < 12
    assert not image.origin.lossless
