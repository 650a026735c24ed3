"""Fourier transforms of photos: slopes and their transpose, fast sizes, rings without a step."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from restorecli.ops.blur import convolve, line_kernel
from restorecli.ops.spectra import (
    as_ring,
    back,
    fast_length,
    of_kernel,
    of_roughness,
    slopes,
    slopes_back,
    spectrum,
)


def random_image(height: int, width: int, seed: int = 0, channels: int = 1) -> torch.Tensor:
    return torch.rand((channels, height, width), generator=torch.Generator().manual_seed(seed))


@given(height=st.integers(2, 12), width=st.integers(2, 12), seed=st.integers(0, 99))
def test_slopes_back_is_the_transpose_of_slopes(height: int, width: int, seed: int) -> None:
    image, across, down = (random_image(height, width, seed + n) for n in range(3))
    own_across, own_down = slopes(image)
    there = (own_across * across + own_down * down).sum()
    assert torch.isclose(there, (image * slopes_back(across, down)).sum(), atol=1e-4)


@given(height=st.integers(2, 12), width=st.integers(2, 12), seed=st.integers(0, 99))
def test_roughness_is_what_slopes_and_back_do(height: int, width: int, seed: int) -> None:
    image = random_image(height, width, seed)
    there_and_back = slopes_back(*slopes(image))
    assert torch.allclose(back(of_roughness(image) * spectrum(image), image.shape), there_and_back, atol=1e-5)


def test_a_kernel_blurs_about_its_middle() -> None:
    image, kernel = random_image(40, 50), line_kernel(7, 6, 0.4)
    ring = back(of_kernel(kernel, image.shape) * spectrum(image), image.shape)
    inside = (..., slice(3, -3), slice(3, -3))
    assert torch.allclose(ring[inside], convolve(image, kernel)[inside], atol=1e-5)


@given(st.integers(1, 5000))
def test_fast_lengths_are_the_next_without_large_factors(least: int) -> None:
    def is_fast(length: int) -> bool:
        for factor in (2, 3, 5):
            while length % factor == 0:
                length //= factor
        return length == 1

    found = fast_length(least)
    assert found >= least
    assert is_fast(found)
    assert not any(is_fast(length) for length in range(least, found))


@pytest.mark.parametrize(("height", "width"), [(40, 61), (33, 48)])
def test_a_ring_holds_the_image_and_closes_without_a_step(height: int, width: int) -> None:
    image = random_image(height, width, channels=3).cumsum(-1).cumsum(-2) / (height * width)  # a slope
    ring, top, left = as_ring(image, 12, 8)
    assert torch.equal(ring[:, top : top + height, left : left + width], image)
    ordinary = max(float(ring.diff(dim=dim).abs().max()) for dim in (-2, -1))
    for dim in (-2, -1):
        assert (ring.select(dim, 0) - ring.select(dim, -1)).abs().max() <= ordinary
