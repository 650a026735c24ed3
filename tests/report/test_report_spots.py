"""Where to look: planted errors are found, windows stay inside and apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import noise

from restorecli.report import cut, largest_difference, largest_error, spots_of


@given(st.integers(0, 149), st.integers(0, 199), st.integers(0, 2**32 - 1))
def test_a_planted_error_is_found_wherever_it_is(row: int, column: int, seed: int):
    truth = np.random.default_rng(seed).integers(60, 200, (150, 200, 3), dtype=np.uint8)
    result = truth + np.random.default_rng(seed).integers(0, 3, truth.shape, dtype=np.uint8)
    result[max(0, row - 4) : row + 5, max(0, column - 4) : column + 5] += 50
    window = largest_error(result, truth)
    assert window is not None
    assert (window.height, window.width) == (64, 64)
    assert 0 <= window.top <= 150 - 64
    assert 0 <= window.left <= 200 - 64
    assert window.top <= row < window.top + 64
    assert window.left <= column < window.left + 64


def test_one_wild_pixel_counts_less_than_a_bad_patch():
    truth = np.full((200, 200, 3), 100, np.uint8)
    result = truth.copy()
    result[20, 20] = 255
    result[140:160, 140:160] += 40
    window = largest_error(result, truth)
    assert window is not None
    assert window.top > 84
    assert window.left > 84


def test_pictures_smaller_than_a_spot_are_shown_whole():
    window = largest_error(noise(20, 30), noise(20, 30, 1))
    assert window is not None
    assert (window.top, window.left, window.height, window.width) == (0, 0, 20, 30)


def test_no_error_no_spot():
    assert largest_error(noise(), noise()) is None
    assert largest_difference([noise(), noise(), noise()]) is None
    assert spots_of([noise(), noise()], 3, 16, 16) == ()


def test_the_largest_difference_is_between_any_two():
    pictures = [np.full((200, 300, 3), 100, np.uint8) for _ in range(3)]
    pictures[1][30:40, 30:40] = 130
    pictures[1][150:160, 250:260] = 80
    pictures[2][150:160, 250:260] = 120
    window = largest_difference(pictures)
    assert window is not None
    assert cut(pictures[2], window).max() == 120


@pytest.mark.parametrize("shape", [(300, 500), (130, 130), (64, 400)])
def test_several_spots_come_by_size_and_never_overlap(shape: tuple[int, int]):
    pictures = [noise(*shape, seed) for seed in range(3)]
    windows = spots_of(pictures, 4, 64, 96)
    assert 1 <= len(windows) <= 4
    covered = np.zeros(shape, int)
    for window in windows:
        covered[window.top : window.top + window.height, window.left : window.left + window.width] += 1
    assert covered.max() == 1
    assert covered.sum() == len(windows) * 64 * 96
