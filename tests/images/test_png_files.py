"""PNG, in and out, against a reader written by the letter of the standard."""

import io
import struct
import zlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from independent import join_pieces, make_png, photo, png_pieces, png_pixels
from PIL import Image as Pillow

from restorecli.images import Image, Metadata, WriteOptions, read, write


def written(image: Image) -> bytes:
    stream = io.BytesIO()
    write(image, stream, WriteOptions(format="png"))
    return stream.getvalue()


def samples_of(image: Image) -> np.ndarray:
    return image.pixels if image.alpha is None else np.dstack([image.pixels, image.alpha])


@given(
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    channels=st.integers(1, 4),
    deep=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_shape_and_depth_comes_back_bit_for_bit(height, width, channels, deep, seed):
    dtype = np.uint16 if deep else np.uint8
    array = (
        np.random.default_rng(seed)
        .integers(0, np.iinfo(dtype).max + 1, (height, width, channels))
        .astype(dtype)
    )
    again = png_pixels(written(Image.from_array(array)))
    assert again.dtype == dtype
    assert np.array_equal(again, array)

    image = read(make_png(array))
    assert samples_of(image).dtype == dtype
    assert np.array_equal(samples_of(image), array)
    assert image.origin.bits == array.dtype.itemsize * 8
    assert image.notes == ()


@pytest.mark.parametrize(("channels", "dtype"), [(1, np.uint8), (3, np.uint8), (4, np.uint16)])
def test_images_of_several_bands_are_one_valid_stream(channels, dtype):
    array = photo(700, 1100, channels, dtype)
    data = written(Image.from_array(array))
    assert sum(kind == b"IDAT" for kind, _ in png_pieces(data)) > 2
    if dtype == np.uint8:  # Pillow verifies nothing of the sum that ends the stream; zlib in png_pixels does
        assert np.array_equal(np.asarray(Pillow.open(io.BytesIO(data))).reshape(array.shape), array)
    raw = zlib.decompress(b"".join(body for kind, body in png_pieces(data) if kind == b"IDAT"))
    assert len(raw) == array.nbytes + 700


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_transparent_colour_becomes_alpha(dtype, channels):
    array = (np.random.default_rng(0).integers(0, 4, (9, 11, channels)) * 60).astype(dtype)
    clear = array[2, 3]
    image = read(make_png(array, extra=((b"tRNS", b"".join(struct.pack(">H", int(v)) for v in clear)),)))
    assert np.array_equal(image.pixels, array)
    assert image.alpha is not None
    assert np.array_equal(image.alpha == 0, (array == clear).all(axis=2))
    assert set(np.unique(image.alpha)) == {0, np.iinfo(dtype).max}


@pytest.mark.parametrize("with_alpha", [False, True])
def test_palette_images_come_back_as_colours(with_alpha):
    colours = photo(20, 30)
    picture = Pillow.fromarray(colours).quantize(16)
    expected = np.asarray(picture.convert("RGB"))
    stream = io.BytesIO()
    picture.save(
        stream, "PNG", **({"transparency": bytes([0, 128]) + bytes([255]) * 14} if with_alpha else {})
    )
    image = read(stream.getvalue())
    assert image.origin.mode == "P"
    assert np.array_equal(image.pixels, expected)
    if with_alpha:
        indices = np.asarray(picture)
        assert np.array_equal(image.alpha, np.array([0, 128] + [255] * 14, np.uint8)[indices])
        assert np.array_equal(png_pixels(written(image))[:, :, 3], image.alpha)
    else:
        assert image.alpha is None


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_shallow_gray_is_spread_over_8_bits(bits):
    levels = np.random.default_rng(1).integers(0, 2**bits, (8, 16)).astype(np.uint8)
    top = 2**bits - 1
    packed = np.packbits(np.unpackbits(levels[:, :, None], axis=2)[:, :, 8 - bits :].reshape(8, -1), axis=1)
    rows = b"".join(b"\0" + row.tobytes() for row in packed)
    pieces = (
        (b"IHDR", struct.pack(">LLBBBBB", 16, 8, bits, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    image = read(join_pieces(pieces))
    assert np.array_equal(image.pixels[:, :, 0], levels * (255 // top))
    assert image.origin.bits == bits


def test_interlaced_16_bit():
    array = photo(37, 41, 3, np.uint16)
    # No writer at hand interlaces: seven small images, one after the other, are Adam7.
    passes = (
        (0, 0, 8, 8),
        (0, 4, 8, 8),
        (4, 0, 8, 4),
        (0, 2, 4, 4),
        (2, 0, 4, 2),
        (0, 1, 2, 2),
        (1, 0, 2, 1),
    )
    rows = b"".join(
        b"\0" + row.astype(">u2").tobytes()
        for y, x, dy, dx in passes
        for row in array[y::dy, x::dx]
        if row.size
    )
    plain = make_png(array)
    pieces = [
        (kind, body[:12] + b"\1" if kind == b"IHDR" else zlib.compress(rows) if kind == b"IDAT" else body)
        for kind, body in png_pieces(plain)
    ]
    data = join_pieces(pieces)
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) is not None
    assert np.array_equal(read(data).pixels, array)


def test_texts_and_gamma_are_kept_for_png_only():
    chunks = ((b"gAMA", struct.pack(">L", 45455)), (b"tEXt", b"parameters\0a cat, 20 steps"))
    image = read(make_png(photo(5, 6), extra=chunks[:1], after=chunks[1:]))
    assert image.metadata.png_chunks == chunks
    assert [piece for piece in png_pieces(written(image)) if piece[0] in (b"gAMA", b"tEXt")] == list(chunks)
    receipt = write(image, io.BytesIO(), WriteOptions(format="jpg"))
    assert any(entry.startswith("PNG texts") for entry in receipt.lost)


def test_a_profile_and_the_srgb_chunk_exclude_each_other():
    chunks = ((b"sRGB", b"\0"), (b"tEXt", b"a\0b"))
    image = Image.from_array(photo(4, 4)).with_pixels(photo(4, 4))
    image = replace(image, metadata=Metadata(icc=b"profile", png_chunks=chunks))
    kinds = [kind for kind, _ in png_pieces(written(image))]
    assert b"iCCP" in kinds
    assert b"sRGB" not in kinds
    assert b"tEXt" in kinds
