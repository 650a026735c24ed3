"""Luma and chroma."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restorecli.images import join_luma, split_luma


@given(
    st.integers(1, 8), st.integers(1, 8), st.sampled_from([np.uint8, np.uint16]), st.integers(0, 2**32 - 1)
)
def test_split_and_joined_is_the_same_bit_for_bit(height, width, dtype, seed):
    top = np.iinfo(dtype).max
    pixels = np.random.default_rng(seed).integers(0, top + 1, (height, width, 3)).astype(dtype)
    luma, chroma = split_luma(pixels)
    assert (luma.shape, chroma.shape) == ((height, width, 1), (height, width, 2))
    assert luma.dtype == chroma.dtype == np.float32
    assert luma.min() >= 0
    assert luma.max() <= 1 + 1e-6
    assert np.array_equal(np.rint(join_luma(luma, chroma) * top).astype(dtype), pixels)


def test_luma_is_that_of_jpeg():
    pixels = np.random.default_rng(0).random((16, 16, 3)).astype(np.float32)
    luma, chroma = split_luma(pixels)
    theirs = cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb)  # luma, red and blue difference, with rounded factors
    assert luma[:, :, 0] == pytest.approx(theirs[:, :, 0], abs=1e-6)
    assert chroma[:, :, ::-1] + 0.5 == pytest.approx(theirs[:, :, 1:], abs=5e-4)


def test_another_luma_leaves_the_chroma_as_it_was():
    pixels = np.random.default_rng(1).random((6, 7, 3)).astype(np.float32)
    luma, chroma = split_luma(pixels)
    brighter = join_luma(luma + np.float32(0.1), chroma)
    again, same_chroma = split_luma(brighter)
    assert again == pytest.approx(luma + 0.1, abs=1e-6)
    assert same_chroma == pytest.approx(chroma, abs=1e-6)


def test_gray_has_no_chroma():
    gray = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    luma, chroma = split_luma(gray)
    assert np.abs(chroma).max() < 1e-6
    assert np.rint(luma[:, :, 0] * 255).astype(int).tolist() == gray[:, :, 0].tolist()
