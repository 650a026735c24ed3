"""The noise that is measured in a photo: as strong as it is whatever its correlation, and white or not."""

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from restorecli.ops.camera import Camera, from_luma_and_chroma, shoot, to_luma_and_chroma
from restorecli.ops.degrade import gaussian_noise, gaussian_noise_8_bit, jpeg, to_8_bit
from restorecli.ops.estimate import noise_sigma
from restorecli.ops.grain import sized_noise
from restorecli.ops.noise import NO_NOISE, Noise, measure_noise
from restorecli.ops.patterns import ordered
from restorecli.ops.shots import LOW_LIGHT, PHONE, SHOTS
from restorecli.registry import PACKAGE

SHIPPED = sorted((PACKAGE / "data" / "images").glob("*.png"))


def photo(path: Path) -> torch.Tensor:
    with Image.open(path) as image:
        pixels = np.array(image.convert("RGB"))
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def surface(side: int = 240) -> torch.Tensor:
    """(3, side, side) of one colour without texture, from darker to brighter."""
    light = torch.linspace(0.4, 0.8, side).expand(side, side)
    return torch.stack((light, 0.9 * light, 0.8 * light))


def strength(noise: torch.Tensor) -> tuple[float, float, float]:
    """What is to be found: deviation of all, of luma, of chroma."""
    luma, chroma = to_luma_and_chroma(noise)
    return tuple(255 * part.square().mean().sqrt().item() for part in (noise, luma, chroma))


@given(sigma=st.floats(2, 20), radius=st.floats(0, 1.0), seed=st.integers(0, 10**6))
@settings(max_examples=8)  # a photo each
def test_smooth_noise_on_a_surface(sigma: float, radius: float, seed: int):
    """What sees only white noise reads a fraction of it."""
    clean = surface()
    noisy = clean + sized_noise(clean, radius, seeded(seed)) * (sigma / 255)
    found = measure_noise(noisy)
    assert found.sigma == pytest.approx(sigma, rel=0.22)
    if radius > 0.7:
        assert noise_sigma(noisy) < 0.5 * sigma
        assert not found.white


@pytest.mark.parametrize("luma_radius", [0.5, 0.9])
@pytest.mark.parametrize("chroma_radius", [0.8, 2.0])
@pytest.mark.parametrize(("luma", "chroma"), [(6, 2), (4, 6), (0.5, 5)])
def test_luma_and_chroma_apart(luma: float, chroma: float, luma_radius: float, chroma_radius: float):
    clean = surface()
    noise = (
        sized_noise(clean, luma_radius, seeded(1))[:1] * luma,
        sized_noise(clean, chroma_radius, seeded(2))[:2] * chroma,
    )
    noise = from_luma_and_chroma(noise[0] / 255, noise[1] / 255)
    found = measure_noise(clean + noise)
    all_, of_luma, of_chroma = strength(noise)
    assert found.sigma == pytest.approx(all_, rel=0.2)
    assert found.luma == pytest.approx(of_luma, rel=0.25, abs=0.5)
    assert found.chroma == pytest.approx(of_chroma, rel=0.25)
    assert not found.white


@pytest.mark.parametrize("camera", [PHONE, LOW_LIGHT], ids=["phone", "low light"])
def test_cameras(camera: Camera):
    """Over the shipped photos, which are small and full of texture; seen without JPEG."""
    ratios = []
    for number, path in enumerate(SHIPPED[::3]):
        noisy, clean = shoot(photo(path), camera, seeded(number))
        found = measure_noise(to_8_bit(noisy))
        ratios.append(found.sigma / strength(noisy - clean)[0])
        assert not found.white
    assert np.median(ratios) == pytest.approx(1, rel=0.3)
    assert max(ratios) < 2.5
    assert min(ratios) > 0.5


@pytest.mark.parametrize("name", SHOTS)
def test_stored_shots_are_noisy_and_not_white(name: str):
    for number, path in enumerate(SHIPPED[1::4]):
        noisy, clean = SHOTS[name](photo(path), seeded(number))
        found = measure_noise(noisy)
        assert 0.5 < found.sigma / strength(noisy - clean)[0] < 2
        assert not found.white


@pytest.mark.parametrize("clipped", [False, True])
@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("sigma", [15, 50])
def test_white_noise_is_known_and_measured_as_before(sigma: float, gray: bool, clipped: bool):
    damage = gaussian_noise_8_bit if clipped else gaussian_noise
    for number, path in enumerate(SHIPPED[1::4]):
        clean = photo(path)
        clean = clean.mean(0, keepdim=True).expand(3, -1, -1) if gray else clean
        noisy = damage(clean, sigma, seeded(number))
        found = measure_noise(noisy)
        assert found.white
        assert found.sigma == pytest.approx(noise_sigma(noisy))
        assert found.luma == pytest.approx(found.sigma * (1 if gray else 0.6686), rel=1e-3)
        assert found.chroma == pytest.approx(0 if gray else found.sigma * 0.6403, rel=1e-3)


def test_white_noise_that_was_stored_with_half_its_colours_is_not_white():
    noisy = gaussian_noise(surface(), 20, seeded(0))
    assert measure_noise(noisy).white
    assert not measure_noise(jpeg(noisy, 95)).white


def test_noise_that_channels_share_is_not_white():
    clean = surface()
    shared = gaussian_noise(clean[:1], 10, seeded(0)) - clean[:1]
    assert not measure_noise(clean + shared).white


def test_clean_photos():
    """All of them small; some have no flat place."""
    found = [measure_noise(photo(path)) for path in SHIPPED]
    assert not any(noise.white for noise in found)
    assert np.median([noise.sigma for noise in found]) < 2
    assert max(noise.sigma for noise in found) < 10


def test_drawn_things_are_no_noise():
    rows, columns = np.mgrid[:256, :256]
    bayer = ordered(2).numpy()[rows % 4, columns % 4]
    for drawn in (
        (rows + columns) % 2,
        (rows // 2 + columns // 2) % 2,
        rows % 3 == 0,
        (rows + columns) % 4 < 2,
        columns / 256 > bayer,
    ):
        assert measure_noise(np.where(drawn, 200, 30).astype(np.uint8)) == NO_NOISE


@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    channels=st.integers(0, 4),
    seed=st.integers(0, 10**6),
)
def test_every_shape_gives_numbers(height: int, width: int, channels: int, seed: int):
    shape = (height, width, channels) if channels else (height, width)
    found = measure_noise(np.random.default_rng(seed).integers(0, 256, shape, np.uint8))
    assert all(0 <= value < 200 for value in (found.sigma, found.luma, found.chroma))
    assert np.isfinite([found.sigma, found.luma, found.chroma]).all()
    if min(height, width) < 6:
        assert found == NO_NOISE
    if channels not in (3, 4):
        assert found.chroma == 0


@pytest.mark.parametrize("value", [0, 77, 255])
@pytest.mark.parametrize("shape", [(6, 6), (7, 9, 3), (50, 50), (60, 60, 3)])
def test_nothing_there_is_no_noise(value: int, shape: tuple[int, ...]):
    assert measure_noise(np.full(shape, value, np.uint8)) == Noise(0, 0, 0, False)


def test_the_same_in_every_type_and_order():
    noisy, _ = shoot(photo(SHIPPED[1]), PHONE, seeded(0))
    eight = (noisy * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    found = measure_noise(eight)
    assert measure_noise(eight) == found
    for same in (
        eight.astype(np.uint16) * 257,
        (eight / 255).astype(np.float32),
        torch.from_numpy(eight / 255).permute(2, 0, 1),
        np.asfortranarray(eight),
        np.dstack((eight, np.full_like(eight[:, :, :1], 255))),
    ):
        assert measure_noise(same).sigma == pytest.approx(found.sigma, rel=1e-2)
        assert measure_noise(same).white == found.white
    gray = eight[:, :, 1]
    assert measure_noise(gray) == measure_noise(np.repeat(gray[:, :, None], 3, 2))


def test_borders_that_are_black_or_burnt_out_tell_nothing():
    noisy = surface(240) + sized_noise(surface(240), 0.8, seeded(0)) * (8 / 255)
    noisy[:, :60] = 0
    noisy[:, -60:] = 1
    assert measure_noise(noisy).sigma == pytest.approx(8, rel=0.2)


def test_a_large_photo_takes_no_longer_than_a_small_one():
    small = np.random.default_rng(0).integers(0, 256, (600, 600, 3), np.uint8)
    large = np.tile(small, (6, 6, 1))
    seconds = []
    for pixels in (small, large):
        start = time.process_time()
        assert measure_noise(pixels).sigma > 60
        seconds.append(time.process_time() - start)
    assert seconds[1] < 3 * seconds[0] + 0.3
