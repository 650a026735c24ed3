"""The camera: without noise it gives the photo back, and its noise is what its numbers say."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator

from restorecli.ops import camera as cameras
from restorecli.ops.camera import Camera, any_camera, shoot, soften
from restorecli.ops.grain import coloured_noise, grain, sized_noise
from restorecli.ops.metrics import psnr
from restorecli.ops.shots import SHOTS, damage

STILL = Camera(shot=0, read=0)


def seeded(seed: int = 1) -> Generator:
    return Generator().manual_seed(seed)


def photo(height: int = 64, width: int = 72) -> torch.Tensor:
    """Smooth and colourful, neither black nor white."""
    rows, columns = torch.meshgrid(torch.arange(float(height)), torch.arange(float(width)), indexing="ij")
    return torch.stack([0.5 + 0.25 * torch.sin((rows + (k - 1) * columns) / 15 + k) for k in range(3)])


def flat(value: float, side: int = 128) -> torch.Tensor:
    return torch.full((3, side, side), value)


def autocorrelation(noise: torch.Tensor, lag: int) -> float:
    noise = noise - noise.mean()
    return ((noise[..., lag:] * noise[..., :-lag]).mean() / noise.square().mean()).item()


@given(seed=st.integers(0, 2**31))
def test_a_camera_without_noise_makes_two_equal_photos_and_leaves_its_input(seed: int):
    camera = replace(any_camera(seeded(seed)), shot=0.0, read=0.0)
    before = photo()
    given_photo = before.clone()
    noisy, clean = shoot(given_photo, camera, seeded(seed))
    torch.testing.assert_close(noisy, clean)
    assert torch.equal(given_photo, before)
    assert 0 <= clean.min() <= clean.max() <= 1


@pytest.mark.parametrize("contrast", [0.0, 0.5])
@pytest.mark.parametrize("demosaicing", ["malvar", "edge-aware"])
def test_light_and_back_gives_the_photo_again(demosaicing: str, contrast: float):
    camera = replace(STILL, demosaicing=demosaicing, contrast=contrast)
    _, clean = shoot(photo(), camera, seeded())
    assert psnr(clean, photo()) > 40


def test_white_stays_white_and_black_black():
    for value in (0.0, 1.0):
        _, clean = shoot(flat(value, 16), STILL, seeded())
        torch.testing.assert_close(clean, flat(value, 16), atol=1e-5, rtol=0)


@pytest.mark.parametrize("light", [0.05, 0.3, 0.7])
def test_the_noise_has_the_variance_of_the_profile(light: float):
    """At a measured green pixel, in linear light, where no later step has touched it."""
    camera = Camera(
        shot=1e-3, read=1e-4, gamma=1.0, gains=(1, 1), mixing=(0, 0, 0), demosaicing="bilinear",
        pattern="grbg",
    )  # fmt: skip
    noisy, clean = shoot(flat(light, 256), camera, seeded())
    noise = (noisy - clean)[1, 0::2, 0::2]
    assert noise.var().item() == pytest.approx(1e-3 * light + 1e-4, rel=0.05)


@pytest.mark.parametrize(
    ("light", "clips_black"),
    [(0.0, True), (0.002, True), (0.02, True), (0.99, True), (0.3, False), (0.99, False)],
)
def test_the_photo_without_noise_is_as_bright_as_the_mean_of_many_shots(light: float, clips_black: bool):
    """In linear light, where clipping is all that moves the mean."""
    camera = Camera(
        shot=1e-3, read=1e-4, gamma=1.0, gains=(1, 1), mixing=(0, 0, 0), demosaicing="bilinear",
        clips_black=clips_black,
    )  # fmt: skip
    noisy, clean = shoot(flat(light, 256), camera, seeded())
    assert noisy.mean().item() == pytest.approx(clean.mean().item(), abs=2e-4)


def test_dark_scenes_are_noisier_in_the_file_than_bright_ones():
    def deviation(exposure: float) -> float:
        noisy, clean = shoot(photo(), Camera(shot=1e-4, read=1e-4, exposure=exposure), seeded())
        return (noisy - clean).std().item()

    # The tone curve lifts what is dark, and the read noise with it; shot noise falls as fast as that.
    assert deviation(0.2) > 1.5 * deviation(1.0)


@pytest.mark.parametrize("demosaicing", ["bilinear", "malvar", "edge-aware"])
def test_demosaiced_noise_is_no_longer_white(demosaicing: str):
    camera = Camera(shot=1e-3, read=1e-5, demosaicing=demosaicing, luma_smoothing=0.5)
    noisy, clean = shoot(flat(0.5, 256), camera, seeded())
    lags = [autocorrelation((noisy - clean)[0], lag) for lag in (1, 2, 3)]
    assert lags[0] > 0.3
    assert lags[0] > lags[1] > lags[2]


def test_smoothed_chroma_is_coarser_than_luma():
    camera = Camera(shot=1e-3, read=1e-5, chroma_smoothing=2.0)
    noisy, clean = shoot(flat(0.5, 256), camera, seeded())
    luma, chroma = cameras.to_luma_and_chroma(noisy - clean)
    assert autocorrelation(chroma[0], 2) > 0.5 > autocorrelation(luma[0], 2) + 0.2


@given(radius=st.floats(0.3, 4))
def test_softening_keeps_the_mean_and_constants(radius: float):
    torch.testing.assert_close(soften(flat(0.4, 32), radius), flat(0.4, 32))


@given(radius=st.floats(0, 3), seed=st.integers(0, 1000))
def test_sized_noise_has_the_deviation_one(radius: float, seed: int):
    noise = sized_noise(torch.zeros(1, 256, 256), radius, seeded(seed))
    assert noise.std().item() == pytest.approx(1, rel=0.15)


def test_grain_is_strongest_in_midtones():
    def deviation(value: float) -> float:
        return 255 * (grain(flat(value), 20, seeded(), radius=1.0) - value).std().item()

    assert deviation(0.5) == pytest.approx(20, rel=0.1)
    assert deviation(0.5) > 1.3 * deviation(0.05)
    assert deviation(0.5) > 1.3 * deviation(0.95)


@pytest.mark.parametrize("seed", range(6))
def test_coloured_noise_is_about_as_strong_as_asked_for(seed: int):
    noise = 255 * (coloured_noise(flat(0.5, 256), 12, seeded(seed)) - 0.5)
    assert noise.std().item() == pytest.approx(12, rel=0.2)


@pytest.mark.parametrize("name", SHOTS)
def test_shots_are_seeded_and_noisier_than_their_target(name: str):
    first, again = (damage(name, photo(), 0, seeded(3)) for _ in range(2))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], damage(name, photo(), 0, seeded(4))[0])
    assert first[0].shape == first[1].shape == photo().shape
    assert 20 < psnr(*first) < 38


def test_a_damage_that_is_no_shot_has_the_photo_itself_as_its_target():
    image = photo()
    damaged, target = damage("noise", image, 25, seeded())
    assert target is image
    assert (damaged - image).std().item() == pytest.approx(25 / 255, rel=0.1)
