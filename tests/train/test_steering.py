"""What a network is taught by a level that is not the true one: to leave that part of the damage."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator, Tensor
from training_tools import RECIPE, make_project

from restorecli.checked import CheckError
from restorecli.train.data import Sampler
from restorecli.train.mixes import JpegMix, NoiseMix, RainMix, Steered
from restorecli.train.recipe import load_recipe

sigmas = st.just(0.0) | st.floats(0.01, 100)
qualities = st.floats(1, 100)


@given(level=sigmas, told=sigmas, more=sigmas)
def test_of_noise_less_is_left_the_more_is_told(level: float, told: float, more: float):
    left = NoiseMix().left
    assert 0 <= left(level, told) <= 1
    assert left(level, told + more) <= left(level, told)
    if told >= level:
        assert left(level, told) == 0
    elif level > 1e-3:
        # Damage and what is left of it are as independent parts of one noise: their variances add up.
        assert left(level, told) * level**2 == pytest.approx(level**2 - told**2, rel=1e-9, abs=1e-9)


@given(level=qualities, told=qualities)
def test_of_jpeg_damage_less_is_left_the_worse_the_quality_that_is_told(level: float, told: float):
    left = JpegMix().left
    assert 0 <= left(level, told) < 1
    assert left(level, max(told - 5, 1)) <= left(level, told)
    if told <= level:
        assert left(level, told) == 0
    elif level < 99:
        assert left(level, told) > 0


def test_told_nothing_all_of_the_noise_is_left_and_told_the_truth_none():
    mix = NoiseMix()
    assert (mix.left(25, 0), mix.left(25, 25), mix.left(25, 50), mix.left(0, 0)) == (1, 0, 0, 0)
    assert mix.left(50, 25) == 0.75
    assert JpegMix().left(10, 20) == 0.75  # quality 10 quantises twice as coarsely


def images() -> list[Tensor]:
    generator = Generator().manual_seed(0)
    return [torch.randint(0, 256, (24, 20 + n, 3), dtype=torch.uint8, generator=generator) for n in range(3)]


def recipe(other: float, known: float = 1.0) -> str:
    """`known` of the samples are told a level, `other` of those another one than the true."""
    shares = f"known_level_share = {known}\nother_level_share = {other}"
    return RECIPE.replace("[schedule]", f"[schedule]\n{shares}", 1)


def sampler(tmp_path, other: float, known: float = 1.0) -> Sampler:
    return Sampler(images(), load_recipe(make_project(tmp_path, recipe(other, known))))


class Fixed:
    """Damage of level 40 that adds a tenth, so that every target tells how much of it was left."""

    margin, scale = 0, 1

    def __init__(self, told: float) -> None:
        self.told = told

    def left(self, level: float, told: float) -> float:
        return NoiseMix().left(level, told)

    def other_level(self, generator: Generator) -> float:
        return self.told

    def __call__(self, clean: Tensor, generator: Generator) -> tuple[Tensor, Tensor, float]:
        return clean + 0.1, clean, 40.0


@pytest.mark.parametrize(("told", "left"), [(0, 1.0), (20, 0.75), (30, 0.4375), (40, 0.0), (55, 0.0)])
def test_the_target_lies_between_the_clean_and_the_damaged_image(tmp_path, told: float, left: float):
    drawing = sampler(tmp_path, other=1.0)
    drawing.mix = Fixed(told)
    damaged, target, level = drawing.sample()
    assert level == told
    torch.testing.assert_close(damaged - target, torch.full_like(damaged, 0.1 * (1 - left)))


def test_told_the_truth_or_nothing_the_target_is_clean(tmp_path):
    for other, known, expected in ((0.0, 1.0, 40.0), (1.0, 0.0, math.nan)):
        drawing = sampler(tmp_path / f"{known}", other, known)
        drawing.mix = Fixed(7)
        damaged, target, level = drawing.sample()
        assert level == pytest.approx(expected, nan_ok=True)
        torch.testing.assert_close(damaged - target, torch.full_like(damaged, 0.1))


def test_the_shares_of_the_recipe_are_kept(tmp_path):
    drawing = sampler(tmp_path, other=0.25, known=0.6)
    drawing.mix = Fixed(7)
    levels = torch.tensor([drawing.sample()[2] for _ in range(1500)])
    assert levels.isnan().float().mean().item() == pytest.approx(0.4, abs=0.05)
    assert (levels == 7).float().mean().item() == pytest.approx(0.15, abs=0.04)
    assert (levels == 40).float().mean().item() == pytest.approx(0.45, abs=0.05)


def test_the_levels_that_are_told_span_the_range_and_depend_on_the_seed_alone(tmp_path):
    first, second = (sampler(tmp_path / name, other=1.0) for name in "ab")
    one, other = ([drawing.next() for _ in range(60)] for drawing in (first, second))
    for batch, again in zip(one, other, strict=True):
        assert torch.equal(batch.target, again.target)
        assert torch.equal(batch.level, again.level)
    levels = torch.cat([batch.level for batch in one])
    assert levels.min() < 8 < 45 < levels.max() <= 55


def test_only_damage_with_a_level_can_be_steered(tmp_path):
    assert isinstance(NoiseMix(), Steered)
    assert isinstance(JpegMix(), Steered)
    assert not isinstance(RainMix(), Steered)
    rainy = recipe(0.5).replace('task = "denoise"', 'task = "derain"')
    rainy = rainy.replace("[noise]\ngray_share = 0.3", "[rain]")
    with pytest.raises(CheckError, match="other_level_share has no meaning"):
        load_recipe(make_project(tmp_path, rainy))
