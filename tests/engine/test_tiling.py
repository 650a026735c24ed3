import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restorecli.engine.tiling import blend_weights, plan_axis, plan_windows

lengths = st.integers(1, 3000)
tiles = st.integers(0, 600)
overlaps = st.integers(0, 300)
multiples = st.sampled_from([1, 2, 3, 4, 8, 16])


@given(lengths, tiles, overlaps, multiples)
def test_windows_cover_the_axis_in_equal_steps(length: int, tile: int, overlap: int, multiple: int) -> None:
    axis = plan_axis(length, tile, overlap, multiple)
    assert axis.starts[0] == 0
    assert length <= axis.end < length + multiple
    assert axis.size % multiple == 0
    assert all(start % multiple == 0 for start in axis.starts)
    steps = np.diff(axis.starts)
    if len(steps):
        assert steps.min() > 0
        assert axis.size - steps.max() >= overlap
        assert steps.max() - steps.min() <= multiple
        assert axis.size <= max(tile, overlap + 2 * multiple)


@given(lengths, tiles, overlaps, multiples)
def test_no_fewer_windows_would_do(length: int, tile: int, overlap: int, multiple: int) -> None:
    axis = plan_axis(length, tile, overlap, multiple)
    count = len(axis.starts)
    if count > 1:
        # One less, each as large as allowed and sharing no more than asked, ends before the image does.
        shared = -(-overlap // multiple) * multiple
        largest = max(tile // multiple * multiple, shared + multiple)
        assert (count - 1) * largest - (count - 2) * shared < axis.end


@given(lengths, tiles, overlaps, multiples, st.integers(0, 40), st.integers(1, 4))
def test_weights_sum_to_one_everywhere(
    length: int, tile: int, overlap: int, multiple: int, halo: int, scale: int
) -> None:
    axis = plan_axis(length, tile, overlap, multiple)
    weights = blend_weights(axis, halo, scale)
    total = np.zeros(axis.end * scale)
    for start, weight in zip(axis.starts, weights, strict=True):
        assert weight.min() >= 0
        total[start * scale : (start + axis.size) * scale] += weight
    np.testing.assert_allclose(total, 1, atol=1e-6)


@given(lengths, st.integers(1, 600), st.integers(0, 60), multiples, st.integers(1, 4))
def test_pixels_within_the_halo_of_an_inner_edge_count_nothing(
    length: int, tile: int, halo: int, multiple: int, scale: int
) -> None:
    axis = plan_axis(length, tile, 2 * halo, multiple)
    weights = blend_weights(axis, halo, scale)
    for number, weight in enumerate(weights):
        if number > 0:
            assert not weight[: halo * scale].any()
        if number < len(weights) - 1:
            assert not weight[len(weight) - halo * scale :].any()


def test_the_outer_half_of_the_reach_counts_nothing_and_the_rest_is_a_smooth_ramp() -> None:
    axis = plan_axis(160, 96, 32)
    assert (axis.size, axis.starts) == (96, (0, 64))
    left, right = blend_weights(axis)
    # They share 64 .. 96 and meet at 80: each reaches 16 beyond that, of which 8 count nothing.
    assert (left[:72] == 1).all()
    assert (left[88:] == 0).all()
    assert (np.diff(left[71:89]) < 0).all()
    assert np.abs(np.diff(left)).max() < 0.11
    np.testing.assert_allclose(left[64:] + right[:32], 1, atol=1e-6)


def test_windows_of_an_image_come_in_rows() -> None:
    grid = plan_windows(100, 150, 64, 8, 4)
    places = [(window.top, window.left) for window in grid]
    assert places == sorted(places)
    assert len(places) == len(grid)
    assert len({(window.height, window.width) for window in grid}) == 1


def test_tile_zero_is_the_whole_image() -> None:
    assert plan_axis(5001, 0, 64, 16).starts == (0,)
    assert plan_axis(5001, 0, 64, 16).size == 5008


@pytest.mark.parametrize("arguments", [(0, 8, 0, 1), (8, -1, 0, 1), (8, 8, -1, 1), (8, 8, 0, 0)])
def test_nonsense_is_refused(arguments: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="no windows for"):
        plan_axis(*arguments)
