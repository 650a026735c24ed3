"""Colours grow under what is fully transparent."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from independent import photo

from restorecli.images import grow_under_transparency


@given(st.integers(1, 14), st.integers(1, 14), st.sampled_from([1, 3]), st.integers(0, 2**32 - 1))
def test_hidden_pixels_take_the_nearest_visible_colour(height, width, channels, seed):
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (height, width, channels)).astype(np.uint8)
    alpha = (random.random((height, width)) < 0.3).astype(np.uint8) * random.integers(1, 256)
    before = pixels.copy()
    grown = grow_under_transparency(pixels, alpha)
    assert np.array_equal(pixels, before)
    visible = np.argwhere(alpha > 0)
    assert np.array_equal(grown[alpha > 0], pixels[alpha > 0])
    if len(visible):
        for y, x in np.argwhere(alpha == 0):
            distances = np.hypot(*(visible - (y, x)).T)
            # The distance is OpenCV's approximation: the pixel may be a little farther than the nearest.
            near = visible[distances <= distances.min() * 1.1 + 1e-6]
            assert any(np.array_equal(grown[y, x], pixels[b, a]) for b, a in near)


def test_nothing_to_do_gives_the_same_array():
    pixels = photo(5, 6)
    assert grow_under_transparency(pixels, None) is pixels
    assert grow_under_transparency(pixels, np.full((5, 6), 1, np.uint8)) is pixels
    assert grow_under_transparency(pixels, np.zeros((5, 6), np.uint8)) is pixels


def test_every_depth():
    alpha = np.zeros((4, 4), np.uint16)
    alpha[:, 0] = 1
    for dtype in (np.uint16, np.float32):
        pixels = np.zeros((4, 4, 3), dtype)
        pixels[:, 0] = 1
        grown = grow_under_transparency(pixels, alpha.astype(dtype))
        assert grown.dtype == dtype
        assert (grown == 1).all()
