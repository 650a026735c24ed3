"""Batches: seeded, damaged as the mix says, and never from a held-out image."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Generator
from training_tools import RECIPE, make_project

from restorecli.checked import CheckError
from restorecli.errors import UsageError
from restorecli.ops.degrade import is_gray, mosaic, to_gray
from restorecli.ops.resize import shrink_8_bit
from restorecli.train.data import Ahead, Sampler, image_paths, recipe_paths, split, turned
from restorecli.train.mixes import BlurMix, DownMix, JpegMix, MosaicMix, NoiseMix, RainMix
from restorecli.train.real_mix import RealMix
from restorecli.train.recipe import load_recipe


@pytest.fixture
def photo():
    """Smooth and colourful: (3, 32, 32)."""
    rows, columns = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    return torch.stack([0.5 + 0.3 * torch.sin((rows + k * columns) / 9) for k in range(3)])


def images():
    generator = Generator().manual_seed(0)
    return [torch.randint(0, 256, (24, 20 + n, 3), dtype=torch.uint8, generator=generator) for n in range(3)]


def test_batches_depend_on_the_seed_alone(tmp_path):
    recipe = load_recipe(make_project(tmp_path))
    first, second = Sampler(images(), recipe), Sampler(images(), recipe)
    one, other = first.next(), second.next()
    assert torch.equal(one.damaged, other.damaged)
    assert torch.equal(one.level, other.level) or one.level.isnan().any()
    place = first.generator.get_state()
    following = first.next()
    assert not torch.equal(following.damaged, one.damaged)
    second.generator.set_state(place)
    assert torch.equal(second.next().damaged, following.damaged)


def test_small_images_are_left_out_and_crops_lie_inside(tmp_path):
    recipe = load_recipe(make_project(tmp_path))
    sampler = Sampler([*images(), torch.zeros(8, 40, 3, dtype=torch.uint8)], recipe)
    assert len(sampler.images) == 3
    assert sampler.next().target.shape == (2, 3, 16, 16)


def test_every_fortieth_by_name_is_held_out():
    paths = [Path(f"folder{n % 3}/{n:03d}.png") for n in reversed(range(100))]
    training, held_out = split(paths, 40)
    assert [path.name for path in held_out] == ["039.png", "079.png"]
    assert len(training) == 98
    assert not set(training) & set(held_out)


def test_paths_of_a_recipe(tmp_path):
    recipe = load_recipe(make_project(tmp_path))
    training, held_out = recipe_paths(recipe.sources, tmp_path / "data", 4)
    assert [path.name for path in held_out] == ["3.png", "7.png"]
    assert len(training) == 6


def test_a_folder_that_is_not_there_gets_the_hint_of_who_asks(tmp_path):
    recipe = load_recipe(make_project(tmp_path))
    with pytest.raises(UsageError) as training:
        recipe_paths(recipe.sources, tmp_path / "nope", 4)
    assert training.value.hint == "--data FOLDER that holds the recipe's sources"
    with pytest.raises(UsageError) as evaluation:
        image_paths(tmp_path / "nope")
    assert evaluation.value.hint == "name folders of images"


def test_eight_ways_are_all_different(photo):
    ways = [turned(photo[:, :8, :8], way).contiguous() for way in range(8)]
    assert len({tuple(way.flatten().tolist()) for way in ways}) == 8


def test_noise_mix_keeps_its_shares(photo):
    generator = Generator().manual_seed(4)
    mix = NoiseMix(gray_share=0.25, clean_share=0.1, clipped_share=0.2)
    samples = [mix(photo, generator) for _ in range(400)]
    gray = [is_gray(target) for _, target, _ in samples]
    assert 0.18 < sum(gray) / 400 < 0.32
    for (damaged, target, level), is_it in zip(samples, gray, strict=True):
        assert is_gray(damaged) or not is_it
        assert 0 <= level <= 56
        if level > 5 and damaged.min() < 0:  # float: not clipped
            assert 255 * (damaged - target).std().item() == pytest.approx(level, rel=0.25)
    whole = [damaged for damaged, _, _ in samples if torch.equal((damaged * 255).round() / 255, damaged)]
    assert 0.13 < len(whole) / 400 < 0.3
    assert sum(level < 3 for _, _, level in samples) / 400 > 0.1


def test_a_share_of_the_noisy_samples_holds_patterns(photo):
    generator = Generator().manual_seed(4)
    targets = [NoiseMix(gray_share=0, pattern_share=0.3)(photo, generator)[1] for _ in range(200)]
    assert 0.2 < sum(not torch.equal(target, photo) for target in targets) / 200 < 0.4


def test_jpeg_mix_is_seeded_and_gives_whole_steps(photo):
    mix = JpegMix(gray_share=0.5)
    runs = [[mix(photo, g) for _ in range(30)] for g in (Generator().manual_seed(4) for _ in range(2))]
    for (damaged, target, level), (again, _, _) in zip(*runs, strict=True):
        assert torch.equal(damaged, again)
        assert 10 <= level <= 100
        assert is_gray(damaged) == is_gray(target)
        assert (damaged * 255 - (damaged * 255).round()).abs().max() < 1e-4
    assert {is_gray(target) for _, target, _ in runs[0]} == {True, False}


@pytest.mark.parametrize("mix", [MosaicMix(), DownMix(2), DownMix(3), RainMix(), BlurMix(size=9)], ids=repr)
def test_damage_without_a_level_is_seeded_and_gives_whole_steps(mix):
    clean = torch.rand(3, 24 + 2 * mix.margin, 24 + 2 * mix.margin, generator=Generator().manual_seed(1))
    clean = (clean * 255).round() / 255
    runs = [[mix(clean, g) for _ in range(12)] for g in (Generator().manual_seed(4) for _ in range(2))]
    for (damaged, target, level), (again, _, _) in zip(*runs, strict=True):
        assert torch.equal(damaged, again)
        assert math.isnan(level)
        inner = slice(mix.margin, 24 + mix.margin)
        assert torch.equal(target, clean[:, inner, inner])
        assert damaged.shape == (3, 24 // mix.scale, 24 // mix.scale)
        assert (damaged * 255 - (damaged * 255).round()).abs().max() < 1e-4


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_small_images_are_cut_from_the_whole_photo_made_small(scale):
    """A crop is what the whole photo's small version holds there, up to a rounding in 8 bits."""
    whole = torch.rand(3, 96, 96, generator=Generator().manual_seed(1))
    whole = (whole * 255).round() / 255
    mix = DownMix(scale)
    side = 12 * scale + 2 * mix.margin
    damaged, _, _ = mix(whole[:, :side, :side], Generator())
    expected = shrink_8_bit(whole, scale)[:, 4:16, 4:16]
    off = (255 * (damaged - expected)).abs().round()
    assert off.max() <= 1
    assert (off > 0).float().mean() < 0.03


def test_shares_of_clean_photos_are_kept():
    photo = torch.rand(3, 40, 40, generator=Generator().manual_seed(1))
    photo = (photo * 255).round() / 255
    generator = Generator().manual_seed(2)
    for mix in (RainMix(clean_share=0.3), BlurMix(size=9, clean_share=0.3)):
        clean = [
            torch.equal(damaged, target) for damaged, target, _ in (mix(photo, generator) for _ in range(120))
        ]
        assert 0.18 < sum(clean) / 120 < 0.42


def test_of_drawn_images_that_share_stays_dry():
    photo = (torch.rand(3, 40, 40, generator=Generator().manual_seed(1)) * 255).round() / 255
    for shares in ({"pattern_share": 1.0}, {"flat_share": 1.0}):
        generator = Generator().manual_seed(2)
        mix = RainMix(clean_share=0.0, drawn_dry_share=0.7, **shares)
        samples = [mix(photo, generator)[:2] for _ in range(120)]
        assert all(not torch.equal(target, photo) for _, target in samples)
        assert 0.58 < sum(torch.equal(*pair) for pair in samples) / 120 < 0.82


def test_mosaics_are_the_photos_unless_they_are_noisy():
    photo = torch.rand(3, 16, 16, generator=Generator().manual_seed(1))
    generator = Generator().manual_seed(2)
    damaged = [MosaicMix(noisy_share=0.5)(photo, generator)[0] for _ in range(100)]
    exact = [torch.equal(image, mosaic(photo)) for image in damaged]
    assert 35 < sum(exact) < 65
    assert all((255 * (image - mosaic(photo))).std() < 5.5 for image in damaged)


def test_a_margin_is_cut_too_and_the_target_has_the_crop(tmp_path):
    text = RECIPE.replace("[noise]\ngray_share = 0.3", "[blur]\nsize = 5")
    recipe = load_recipe(make_project(tmp_path, text))
    sampler = Sampler(images(), recipe)
    assert sampler.side == 20
    batch = sampler.next()
    assert batch.damaged.shape == batch.target.shape == (2, 3, 16, 16)
    assert batch.level.isnan().all()


def test_gray_has_three_equal_channels_in_whole_steps(photo):
    gray = to_gray(photo)
    assert is_gray(gray)
    assert (gray * 255 - (gray * 255).round()).abs().max() < 1e-4


def test_gray_weights_learn_from_the_gray_of_photos(tmp_path):
    """One channel of a colour photo is not its gray: a mix that does not make it is refused."""
    in_gray = "channels = 1\nparams = { channels = 1,"
    text = RECIPE.replace("gray_share = 0.3", "gray_share = 1.0").replace("params = {", in_gray)
    red = torch.zeros(24, 24, 3, dtype=torch.uint8)
    red[..., 0] = 200
    targets = Sampler([red], load_recipe(make_project(tmp_path, text))).next().target
    assert targets.shape == (2, 1, 16, 16)
    assert (targets * 255 - round(0.299 * 200)).abs().max() < 1e-3
    for mix in ("[noise]\ngray_share = 0.3", "[mosaic]\nnoisy_share = 0.3"):
        wrong = tmp_path / "wrong.toml"
        wrong.write_text(text.replace("[noise]\ngray_share = 1.0", mix))
        with pytest.raises(CheckError, match="gray weights learn from gray samples"):
            load_recipe(wrong)


def test_drawn_ahead_the_batches_and_their_places_are_the_same(tmp_path):
    recipe = load_recipe(make_project(tmp_path))
    here, ahead = Sampler(images(), recipe), Ahead(Sampler(images(), recipe))
    for _ in range(4):
        expected, batch = here.next(), ahead.next()
        assert torch.equal(batch.damaged, expected.damaged)
        assert torch.equal(batch.place, expected.place)
    ahead.close()


# ------------------------------------------------------------------------------------------- real damage


def real_mix(share: str, **more: float) -> RealMix:
    """One kind alone, neither resized nor stored unless asked for."""
    none = {f"{name}_share": 0.0 for name in ("camera", "coloured", "grain", "white", "pattern", "gray")}
    return RealMix(**(none | {"resized_share": 0.0, "jpeg_share": 0.0, f"{share}_share": 1.0} | more))


def large_photo(side: int = 256) -> torch.Tensor:
    rows, columns = torch.meshgrid(torch.arange(float(side)), torch.arange(float(side)), indexing="ij")
    return torch.stack([0.5 + 0.3 * torch.sin((rows + k * columns) / 19) for k in range(3)])


@pytest.mark.parametrize("share", ["camera", "coloured", "grain", "white", "pattern", "gray"])
@pytest.mark.parametrize("resized", [0.0, 1.0])
def test_real_damage_is_seeded_and_its_level_is_what_was_done(share: str, resized: float):
    mix = real_mix(share, resized_share=resized, jpeg_share=0.5)
    for seed in range(6):
        damaged, target, level = mix(large_photo(), Generator().manual_seed(seed))
        again = mix(large_photo(), Generator().manual_seed(seed))
        assert torch.equal(damaged, again[0])
        assert damaged.shape == target.shape == (3, 64, 64)
        assert level == pytest.approx(255 * (damaged - target).square().mean().sqrt().item())
        if share == "gray":
            assert is_gray(damaged)
            assert is_gray(target)


def test_a_photo_without_damage_comes_as_it_is():
    mix = real_mix("gray", gray_share=0.0)  # nothing is left of the shares: clean, in 256 steps
    photo = (large_photo() * 255).round() / 255
    damaged, target, level = mix(photo, Generator().manual_seed(0))
    assert torch.equal(damaged, target)
    assert level == 0


def test_the_target_of_a_resized_photo_is_resized_with_it():
    """Noise apart the two are one photo: what is left between them is that small."""
    mix = real_mix("camera", resized_share=1.0, shot_low=1e-9, shot_high=1e-9)
    levels = [mix(large_photo(), Generator().manual_seed(seed))[2] for seed in range(10)]
    assert max(levels) < 1


def test_gray_photos_stay_gray_in_real_damage():
    photo = large_photo()[:1].expand(3, -1, -1)
    for share in ("camera", "coloured", "grain"):
        damaged, target, _ = real_mix(share)(photo, Generator().manual_seed(1))
        assert is_gray(damaged)
        assert is_gray(target)


def test_noisy_images_of_a_source_can_be_left_out(tmp_path):
    recipe = load_recipe(make_project(tmp_path))
    source = replace(recipe.sources[0], noise_below=2.0)
    generator = torch.Generator().manual_seed(0)
    noisy = (128 + 20 * torch.randn(28, 36, 3, generator=generator)).clamp(0, 255).byte().numpy()
    Image.fromarray(noisy).save(tmp_path / "data" / "made" / "noisy.png")
    kept, _ = recipe_paths([source], tmp_path / "data", 0)
    assert "noisy.png" not in [path.name for path in kept]
    assert len(kept) == 8
    assert len(recipe_paths(recipe.sources, tmp_path / "data", 0)[0]) == 9
