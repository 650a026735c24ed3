"""Made blur and rain: kernels of the size and kind asked for, streaks that only add light."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator

from restorecli.ops.blur import blur, convolve, disc_kernel, highlights, line_kernel, random_kernel
from restorecli.ops.rain import heavy_rain, light_rain, rain


def seeded(seed: int = 1) -> Generator:
    return Generator().manual_seed(seed)


@given(seed=st.integers(0, 2**31), half=st.integers(1, 12))
def test_kernels_keep_the_light(seed, half):
    kernel = random_kernel(2 * half + 1, seeded(seed))
    assert kernel.shape == (2 * half + 1, 2 * half + 1)
    assert kernel.min() >= 0
    assert kernel.sum().item() == pytest.approx(1, abs=1e-5)
    assert kernel.max() < 1  # it does blur
    offsets = torch.arange(2.0 * half + 1) - half
    assert (kernel.sum(0) @ offsets).abs() < 0.02 > (kernel.sum(1) @ offsets).abs()  # and does not move


def test_kernels_of_all_kinds_and_lengths_come():
    kernels = [random_kernel(25, seeded(seed)) for seed in range(80)]
    lengths = [across(kernel) for kernel in kernels]
    assert min(lengths) < 6
    assert max(lengths) > 20
    even = [kernel for kernel in kernels if is_disc(kernel)]
    assert 10 < len(even) < 32


def across(kernel: torch.Tensor) -> float:
    rows, columns = torch.nonzero(kernel > 1e-4).T
    return math.hypot(int(rows.max() - rows.min()), int(columns.max() - columns.min()))


def is_disc(kernel: torch.Tensor) -> bool:
    """Even, and the same whichever way it is turned."""
    return bool(torch.allclose(kernel, kernel.rot90(), atol=1e-6))


@pytest.mark.parametrize("angle", [0.0, math.pi / 2, 0.7])
def test_lines_have_their_length_and_direction(angle):
    kernel = line_kernel(25, 15, angle)
    offsets = torch.arange(25.0) - 12
    rows, columns = (kernel.sum(1) * offsets).sum(), (kernel.sum(0) * offsets).sum()
    assert abs(rows) < 1e-3 > abs(columns)
    spread = torch.stack((kernel.sum(1) @ offsets.square(), kernel.sum(0) @ offsets.square())).sqrt()
    # A line of length n spreads by n / sqrt(12) along itself; pixels add a little.
    expected = 14 / math.sqrt(12) * torch.tensor([abs(math.sin(angle)), abs(math.cos(angle))])
    torch.testing.assert_close(spread, expected, atol=0.3, rtol=0)


def test_discs_are_round_and_even():
    kernel = disc_kernel(25, 6)
    assert torch.allclose(kernel, kernel.rot90())
    assert kernel[12, 12].item() == pytest.approx(1 / (math.pi * 36), rel=0.03)
    assert kernel[12, 12 + 7] == 0 < kernel[12, 12 + 5]


def test_convolution_is_the_plain_sum_with_mirrored_edges():
    image = torch.rand(3, 20, 17, generator=seeded())
    kernel = torch.rand(5, 5, generator=seeded(2))
    padded = torch.nn.functional.pad(image[None], (2, 2, 2, 2), mode="reflect")[0]
    # A true convolution: the kernel turned round.
    expected = torch.nn.functional.conv2d(padded[:, None], kernel.flip(0, 1)[None, None])[:, 0]
    torch.testing.assert_close(convolve(image, kernel), expected, atol=1e-5, rtol=0)


def test_even_light_stays_even_and_highlights_spread():
    flat = torch.full((3, 30, 30), 0.4)
    torch.testing.assert_close(blur(flat, disc_kernel(9, 3), seeded()), flat, atol=1e-4, rtol=0)
    lamp = torch.zeros(1, 31, 31)
    lamp[0, 15, 15] = 1
    raised = highlights(lamp, 0.9, 3.0)
    assert raised.max().item() == pytest.approx(4)
    assert raised[lamp == 0].abs().max() == 0


def test_rain_adds_light_of_one_colour_and_leaves_gaps():
    image = torch.full((3, 64, 64), 0.3)
    results = [rain(image, seeded(seed)) for seed in range(16)]
    for result in results:
        assert (result >= image - 1e-4).all()
        assert result.max() <= 1
        assert (result[0] - result[2]).abs().max() < 1e-6
    added = torch.stack([(result - image).mean() for result in results])
    assert 0.005 < added.median() < 0.15
    assert added.max() > 3 * added.median()  # from drizzle to downpour


def test_heavy_rain_covers_more_than_light_rain_and_adds_more():
    size = (96, 96)
    light, heavy = (
        torch.stack([draw(size, seeded(seed)) for seed in range(24)]) for draw in (light_rain, heavy_rain)
    )
    assert light.min() >= 0 <= heavy.min()
    covered = [(layers > 0.01).float().mean((1, 2)).median() for layers in (light, heavy)]
    assert covered[0] < 0.6 < 0.8 < covered[1]
    assert heavy.mean((1, 2)).median() > 3 * light.mean((1, 2)).median()


def test_streaks_of_heavy_rain_are_long_and_thin():
    """As in pairs of heavy rain: alike far along the streak, and not two pixels beside it."""
    alike_along, alike_beside = [], []
    for seed in range(12):
        layer = heavy_rain((160, 160), seeded(seed))
        spectrum = torch.fft.rfft2(layer - layer.mean()).abs().square()
        likeness = torch.fft.irfft2(spectrum)
        likeness = likeness / likeness[0, 0]
        alike_along.append(likeness[20, torch.arange(-14, 15)].max().item())
        alike_beside.append(likeness[0, 3].item())
    assert sorted(alike_along)[6] > 0.3 > sorted(alike_beside)[6]


def test_streaks_run_nearly_upright():
    """Along a streak the light changes less than across it."""
    image = torch.full((1, 64, 64), 0.2)
    upright = 0
    for seed in range(24):
        light = rain(image, seeded(seed))
        down, across_ = light.diff(dim=-2).abs().mean(), light.diff(dim=-1).abs().mean()
        upright += bool(down < across_)
    assert upright > 16  # up to about 50 degrees to either side


def test_haze_lifts_the_dark():
    image = torch.zeros(3, 64, 64)
    assert rain(image, seeded(), haze=0.1).min() >= 0.07
    assert rain(image, seeded()).min() < 0.01
