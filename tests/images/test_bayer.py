"""Bayer mosaics in every phase and form."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from independent import photo

from restorecli.errors import InputError, UsageError
from restorecli.images import PATTERNS, Image, as_mosaic, is_mosaic, to_mosaic, to_three_channels

CHANNEL = {"r": 0, "g": 1, "b": 2}
shapes = st.tuples(st.integers(2, 11), st.integers(2, 11))


def scene(shape: tuple[int, int], dtype: type = np.uint8) -> np.ndarray:
    return photo(*shape, 3, dtype) // 2 + dtype(10)  # nothing black


@given(shapes, st.sampled_from(PATTERNS))
def test_a_mosaic_is_what_the_pattern_says(shape, pattern):
    colours = scene(shape)
    mosaic = to_mosaic(colours, pattern)
    for y, x in np.ndindex(shape):
        assert mosaic[y, x] == colours[y, x, CHANNEL[pattern[y % 2 * 2 + x % 2]]]
    three = to_three_channels(mosaic, pattern)
    assert np.array_equal(three.max(axis=2), mosaic)
    assert ((three > 0).sum(axis=2) == 1).all()
    assert np.array_equal(to_mosaic(three, pattern), mosaic)


def test_grbg_has_red_at_even_rows_and_odd_columns():
    three = to_three_channels(np.ones((4, 4), np.uint8))
    assert three[0::2, 1::2, 0].all()
    assert three[1::2, 0::2, 2].all()
    assert three[0::2, 0::2, 1].all()
    assert three[1::2, 1::2, 1].all()
    assert three.sum() == 16


@given(shapes, st.sampled_from(PATTERNS), st.sampled_from(["one", "three", "gray"]), st.booleans())
def test_every_phase_and_form_becomes_grbg_and_is_cropped_back(shape, pattern, form, deep):
    mosaic = to_mosaic(scene(shape, np.uint16 if deep else np.uint8), pattern)
    stored = {
        "one": mosaic[:, :, None],
        "three": to_three_channels(mosaic, pattern),
        "gray": np.repeat(mosaic[:, :, None], 3, axis=2),
    }[form]
    assert is_mosaic(stored)
    result = as_mosaic(Image.from_array(stored), pattern)
    assert result.pixels.dtype == stored.dtype
    # Each place has the channel of GRBG alone; cropped, it is the same mosaic with its own colours.
    assert np.array_equal(to_three_channels(to_mosaic(result.pixels)), result.pixels)
    assert np.array_equal(result.crop(result.pixels), to_three_channels(mosaic, pattern))
    assert result.crop(result.pixels).shape[:2] == shape


def test_what_is_put_before_is_of_the_right_colour():
    """A plane of one colour a channel stays one colour a channel."""
    flat = np.broadcast_to(np.array([30, 90, 200], np.uint8), (6, 8, 3))
    for pattern in PATTERNS:
        pixels = as_mosaic(Image.from_array(to_mosaic(flat, pattern)), pattern).pixels
        assert set(np.unique(pixels[:, :, 0])) == {0, 30}
        assert set(np.unique(pixels[:, :, 1])) == {0, 90}
        assert set(np.unique(pixels[:, :, 2])) == {0, 200}


def test_an_ordinary_photo_is_refused_with_a_hint():
    image = Image.from_array(photo(8, 8))
    assert not is_mosaic(image.pixels)
    with pytest.raises(InputError, match="ordinary picture") as caught:
        as_mosaic(image)
    assert "denoise" in (caught.value.hint or "")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_another_phase_is_refused_and_named(pattern):
    image = Image.from_array(to_three_channels(to_mosaic(scene((8, 8)), pattern), pattern))
    for other in PATTERNS:
        if other != pattern:
            with pytest.raises(InputError, match=f"stand as {pattern}, not {other}") as caught:
                as_mosaic(image, other)
            assert caught.value.hint == f"--pattern {pattern}"


def test_unknown_patterns_and_single_pixels():
    with pytest.raises(UsageError, match="no Bayer pattern"):
        as_mosaic(Image.from_array(photo(4, 4, 1)), "rgbg")  # pyright: ignore (what a user may type)
    with pytest.raises(InputError, match="2 x 2"):
        as_mosaic(Image.from_array(photo(1, 4, 1)))


def test_a_black_mosaic_fits_every_pattern():
    black = replace(Image.from_array(photo(4, 4)), pixels=np.zeros((4, 4, 3), np.uint8))
    for pattern in PATTERNS:
        assert not as_mosaic(black, pattern).pixels.any()
