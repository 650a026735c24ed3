"""Damage: seeded, of the strength asked for, and as the published protocols have it."""

import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Generator

from restorecli.images import PATTERNS
from restorecli.ops import degrade


def seeded(seed: int = 1) -> Generator:
    return Generator().manual_seed(seed)


@pytest.fixture
def photo():
    """Smooth and colourful, 256 steps: (3, 48, 64)."""
    rows, columns = torch.meshgrid(torch.arange(48.0), torch.arange(64.0), indexing="ij")
    image = torch.stack([0.5 + 0.4 * torch.sin((rows + k * columns) / 11) for k in range(3)])
    return degrade.to_8_bit(image)


@pytest.mark.parametrize("gray", [False, True])
def test_gray_protocol_of_published_tables(gray):
    """torch.manual_seed(1), sigma 25: the first three numbers that the gray tables' noise has."""
    image = torch.zeros(3 if gray else 1, 16, 20)
    noise = degrade.gaussian_noise(image, 25, seeded())
    expected = torch.tensor([-0.149568230, -0.073552139, -0.064115778])
    torch.testing.assert_close(noise[-1].flatten()[:3], expected, atol=2e-8, rtol=0)


@pytest.mark.parametrize("name", sorted(degrade.DEGRADATIONS))
def test_every_damage_is_seeded_and_keeps_shape_and_input(name, photo):
    before = photo.clone()
    level = 2 if name.endswith("_down") else 40
    first, second = (degrade.DEGRADATIONS[name](photo, level, seeded(7)) for _ in range(2))
    assert torch.equal(first, second)
    assert first.shape == ((3, 24, 32) if name.endswith("_down") else photo.shape)
    assert first.dtype == torch.float32
    assert torch.equal(photo, before)


@pytest.mark.parametrize("name", ["noise", "noise8", "correlated", "shot", "rain", "blur"])
def test_damage_changes_with_the_seed(name, photo):
    one, other = (degrade.DEGRADATIONS[name](photo, 25, seeded(seed)) for seed in (1, 2))
    assert not torch.equal(one, other)


@given(sigma=st.floats(0.5, 60), seed=st.integers(0, 2**31))
def test_float_and_correlated_noise_have_the_deviation_asked_for(sigma, seed):
    image = torch.full((3, 64, 64), 0.5)
    for damage in (degrade.gaussian_noise, degrade.correlated_noise):
        noise = 255 * (damage(image, sigma, seeded(seed)) - image)
        # A constant image is gray: one channel of 4096 values, correlated ones counting less.
        assert noise.std().item() == pytest.approx(sigma, rel=0.1)


@pytest.mark.parametrize("name", ["noise", "noise8", "correlated", "shot"])
def test_gray_images_get_the_same_noise_in_every_channel(name, photo):
    gray = photo[:1].expand(3, -1, -1)
    damaged = degrade.DEGRADATIONS[name](gray, 25, seeded())
    assert degrade.is_gray(damaged)
    assert not torch.equal(damaged, gray)


def test_colour_noise_is_independent(photo):
    noise = (degrade.gaussian_noise(photo, 25, seeded()) - photo).flatten(1)
    assert torch.corrcoef(noise).fill_diagonal_(0).abs().max() < 0.1


def test_correlated_noise_is_correlated_with_its_neighbours():
    image = torch.full((1, 128, 128), 0.5)
    white = degrade.gaussian_noise(image, 25, seeded())[0] - 0.5
    soft = degrade.correlated_noise(image, 25, seeded())[0] - 0.5
    for noise, low, high in ((white, -0.05, 0.05), (soft, 0.3, 0.9)):
        pairs = torch.stack((noise[:, :-1].flatten(), noise[:, 1:].flatten()))
        assert low < torch.corrcoef(pairs)[0, 1] < high


def test_shot_noise_rises_with_brightness():
    dark, bright = (torch.full((1, 128, 128), value) for value in (0.05, 0.95))
    deviations = [
        255 * (degrade.signal_dependent_noise(image, 30, seeded()) - image).std() for image in (dark, bright)
    ]
    assert deviations[0] < 0.5 * deviations[1] < 20


def test_8_bit_noise_is_what_a_file_holds(photo):
    damaged = degrade.gaussian_noise_8_bit(photo, 50, seeded())
    assert damaged.min() == 0
    assert damaged.max() == 1
    assert torch.equal((damaged * 255).round() / 255, damaged)


def stored(pixels: np.ndarray, quality: int, subsampling: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    return np.array(Image.open(buffer))


@pytest.mark.parametrize(("subsampling", "number"), [("4:4:4", 0), ("4:2:2", 1), ("4:2:0", 2)])
def test_jpeg_is_what_pillow_stores(photo, subsampling, number):
    pixels = (photo.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    damaged = degrade.jpeg(photo, 30, subsampling=subsampling)
    expected = stored(pixels, 30, number)
    np.testing.assert_array_equal((damaged * 255).round().permute(1, 2, 0).numpy(), expected)


def test_gray_is_stored_as_a_gray_jpeg(photo):
    damaged = degrade.jpeg(photo[:1].expand(3, -1, -1), 20)
    assert degrade.is_gray(damaged)
    pixels = (photo[0].numpy() * 255).round().astype(np.uint8)
    np.testing.assert_array_equal((damaged[0] * 255).round().numpy(), stored(pixels, 20, 0))


def block_edges(image: torch.Tensor, offset: int) -> float:
    """How much stronger the steps are at columns offset, offset + 8, ... than elsewhere."""
    steps = (image[0, :, 1:] - image[0, :, :-1]).abs().mean(0)
    at_grid = (torch.arange(1, len(steps) + 1) - offset) % 8 == 0
    return (steps[at_grid].mean() / steps[~at_grid].mean()).item()


def test_shifted_jpeg_has_its_grid_elsewhere(photo):
    aligned = degrade.jpeg(photo, 10)
    shifted = degrade.jpeg(photo, 10, shift=(0, 3))
    assert block_edges(aligned, 0) > 2 > block_edges(aligned, 5)
    assert block_edges(shifted, 5) > 2 > block_edges(shifted, 0)


def test_double_jpeg_is_one_after_the_other(photo):
    once = degrade.jpeg(photo, 30, shift=(2, 5))
    twice = degrade.double_jpeg(photo, 30, 60, shift=(2, 5))
    assert torch.equal(twice, degrade.jpeg(once, 60))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_mosaic_keeps_one_colour_a_pixel(photo, pattern):
    image = photo + 0.01
    damaged = degrade.mosaic(image, pattern)
    assert ((damaged != 0).sum(0) == 1).all()
    for position, colour in enumerate(pattern):
        row, column = divmod(position, 2)
        channel = "rgb".index(colour)
        assert torch.equal(damaged[channel, row::2, column::2], image[channel, row::2, column::2])
