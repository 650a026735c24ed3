"""The noise that is read from a photo: near the truth, clipped or not, and low where there is texture."""

import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from restorecli.ops.degrade import gaussian_noise, gaussian_noise_8_bit
from restorecli.ops.estimate import noise_sigma
from restorecli.registry import PACKAGE

SHIPPED = sorted((PACKAGE / "data" / "images").glob("*.png"))
SHARED = Path(__file__).parents[3] / "shared" / "data" / "test"


def photo(path: Path) -> torch.Tensor:
    with Image.open(path) as image:
        pixels = np.array(image.convert("RGB"))
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255


def read(clean: torch.Tensor, sigma: float, *, clipped: bool, seed: int = 0) -> float:
    generator = torch.Generator().manual_seed(seed)
    if not clipped:
        return noise_sigma(gaussian_noise(clean, sigma, generator))
    noisy = gaussian_noise_8_bit(clean, sigma, generator)
    return noise_sigma((noisy * 255).round().to(torch.uint8).permute(1, 2, 0).numpy())


@pytest.mark.parametrize("clipped", [False, True])
@pytest.mark.parametrize("sigma", [5, 25, 60])
def test_the_noise_of_shipped_photos_is_read(sigma: float, clipped: bool):
    found = [read(photo(path), sigma, clipped=clipped, seed=n) for n, path in enumerate(SHIPPED)]
    assert np.mean(found) == pytest.approx(sigma, rel=0.05, abs=0.5)
    assert np.max(np.abs(np.array(found) - sigma)) < 0.15 * sigma + 2.5


def test_clean_photos_read_low():
    found = [noise_sigma(photo(path)) for path in SHIPPED]
    assert np.mean(found) < 2.5
    assert max(found) < 7


@given(
    level=st.integers(10, 245), sigma=st.floats(2, 70), channels=st.sampled_from((1, 3)), seed=st.integers(0)
)
def test_flat_surfaces_of_any_brightness(level: int, sigma: float, channels: int, seed: int):
    rng = np.random.default_rng(seed)
    noisy = np.rint(np.clip(level + sigma * rng.standard_normal((90, 90, channels)), 0, 255))
    assert noise_sigma(noisy.astype(np.uint8)) == pytest.approx(sigma, rel=0.15, abs=0.3)


@pytest.mark.parametrize("sigma", [5, 25, 50])
def test_the_same_in_every_type_and_order(sigma: float):
    """But for rounding, which can put a patch on the other side of a limit."""
    rng = np.random.default_rng(0)
    eight = np.rint(np.clip(128 + sigma * rng.standard_normal((80, 100, 3)), 0, 255)).astype(np.uint8)
    found = noise_sigma(eight)
    assert noise_sigma(eight.astype(np.uint16) * 257) == pytest.approx(found, rel=1e-9)
    assert noise_sigma((eight / 255).astype(np.float32)) == pytest.approx(found, rel=2e-3)
    assert noise_sigma(torch.from_numpy(eight / 255).permute(2, 0, 1)) == pytest.approx(found, rel=2e-3)
    assert noise_sigma(np.asfortranarray(eight)) == found
    assert noise_sigma(eight[:, :, 0]) == noise_sigma(eight[:, :, :1])


def test_borders_that_are_black_or_burnt_out_tell_nothing():
    rng = np.random.default_rng(0)
    noisy = np.rint(np.clip(128 + 25 * rng.standard_normal((200, 200, 3)), 0, 255)).astype(np.uint8)
    noisy[:60] = 0
    noisy[-60:] = 255
    assert noise_sigma(noisy) == pytest.approx(25, rel=0.05)


@pytest.mark.parametrize("value", [0, 77, 255])
@pytest.mark.parametrize("shape", [(1, 1), (5, 300, 3), (6, 6), (7, 9, 3), (50, 50, 3)])
def test_nothing_there_is_no_noise(value: int, shape: tuple[int, ...]):
    assert noise_sigma(np.full(shape, value, np.uint8)) == 0


def test_small_images_give_a_number():
    rng = np.random.default_rng(0)
    for side in range(1, 14):
        assert 0 <= noise_sigma(rng.integers(0, 256, (side, 2 * side, 3), np.uint8)) < 200


def test_a_large_photo_takes_no_longer_than_a_small_one():
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (600, 600, 3), np.uint8)
    large = np.tile(small, (6, 6, 1))
    seconds = []
    for pixels in (small, large):
        start = time.process_time()
        assert noise_sigma(pixels) > 60
        seconds.append(time.process_time() - start)
    assert seconds[1] < 3 * seconds[0] + 0.2


# By how much the photo that misleads most may be misread where there is little noise.
BOUNDS = {"CBSD68": 12.5, "McMaster18": 3.0, "Set12": 3.0}


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the reference material is not there")
@pytest.mark.parametrize("clipped", [False, True])
@pytest.mark.parametrize("name", BOUNDS)
def test_the_standard_sets(name: str, clipped: bool, capsys: pytest.CaptureFixture[str]):
    """Shows the table. Of CBSD68 every fourth photo, which is quicker; the bounds hold for all 68."""
    paths = sorted((SHARED / name).glob("*.webp"))
    assert len(paths) >= 12
    read_as: dict[float, np.ndarray] = {}
    for sigma in (0, 5, 10, 15, 25, 35, 50, 70):
        numbered = list(enumerate(paths))[:: 4 if name == "CBSD68" else 1]
        read_as[sigma] = np.array([read(photo(path), sigma, clipped=clipped, seed=n) for n, path in numbered])
    with capsys.disabled():
        sys.stdout.write(f"\n{name}, {'clipped to 8 bits' if clipped else 'float'}\n")
        for sigma, found in read_as.items():
            sys.stdout.write(f"  {sigma}: {found.mean():.2f} ({found.min():.1f} to {found.max():.1f})\n")
    for sigma, found in read_as.items():
        if sigma >= 10:
            assert found.mean() == pytest.approx(sigma, rel=0.04)
            assert np.abs(found - sigma).max() < max(BOUNDS[name] / 2, 0.15 * sigma)
        else:
            assert found.mean() < sigma + 2.5
            assert found.max() < sigma + BOUNDS[name]
