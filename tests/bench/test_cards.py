"""Protocol cards: the inputs are those of the papers' tables, and results are scored as they score them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_sets import clean_folder, clean_set, photo, save
from torch import Generator

from restorecli.bench.cases import Case, as_tensor, make_case, measure
from restorecli.bench.folders import inspect, load, open_folder
from restorecli.bench.protocols import all_cards, checked_levels, find_card, usual_cards
from restorecli.errors import InputError, UsageError
from restorecli.ops import metrics, shots
from restorecli.ops.degrade import DEGRADATIONS, photo_down, to_8_bit
from restorecli.ops.resize import shrink_8_bit

CARDS = {card.name: card for card in all_cards()}

DRAWN = [card for card in all_cards() if card.damage != "pairs"]


@pytest.mark.parametrize("sigma", [15.0, 25.0, 50.0])
def test_dagls_noise_bit_for_bit(tmp_path, sigma):
    """torch.manual_seed(1); FloatTensor(1, 1, H, W).normal_(0, sigma / 255), added to the float image."""
    images = clean_set(tmp_path, gray=True)
    for place, item in enumerate(images.items):
        case = make_case(item, place, CARDS["noise-gray"], sigma)
        with torch.random.fork_rng():
            torch.manual_seed(1)
            noise = torch.FloatTensor(1, 1, *case.target.shape[-2:]).normal_(0, sigma / 255)
        assert torch.equal(case.input, case.target + noise[0])
        assert case.input.shape[0] == 1


def test_dagls_noise_has_the_numbers_that_were_measured(tmp_path):
    item = clean_set(tmp_path, 1, gray=True).items[0]
    black = torch.zeros_like(make_case(item, 0, CARDS["noise-gray"], 25.0).target)
    noise = DEGRADATIONS["noise"](black, 25, Generator().manual_seed(1))
    expected = torch.tensor([-0.149568230, -0.073552139, -0.064115778])
    torch.testing.assert_close(noise.flatten()[:3], expected, atol=2e-8, rtol=0)


@pytest.mark.parametrize("card", DRAWN, ids=lambda card: card.name)
def test_every_card_makes_the_same_case_twice_and_scores_it(tmp_path, card):
    images = clean_set(tmp_path)
    level = (*card.levels, None)[0]
    first, second = (make_case(images.items[1], 1, card, level) for _ in range(2))
    assert torch.equal(first.input, second.input)
    assert first.input.dtype == first.target.dtype == torch.float32
    perfect = measure(first.target, first, card)
    assert perfect.psnr is None
    assert perfect.ssim == pytest.approx(1)
    if first.input.shape == first.target.shape and card.damage not in ("clean", "mosaic"):
        damaged = measure(first.input, first, replace(card, rounding="none"))
        assert damaged.psnr == damaged.psnr_input
        assert damaged.psnr < 60
        assert damaged.psnr_to_input is None
        assert damaged.worse is False


def test_drawn_damage_is_another_for_each_image(tmp_path):
    item = clean_set(tmp_path).items[0]
    for name in ("rain-drawn", "blur-drawn", "phone", "low-light", "scan", "small-photo"):
        level = (*CARDS[name].levels, None)[0]
        inputs = [make_case(item, place, CARDS[name], level).input for place in (0, 1)]
        assert not torch.equal(*inputs)


def test_8_bit_noise_is_what_a_file_holds(tmp_path):
    case = make_case(clean_set(tmp_path).items[0], 0, CARDS["noise-8bit"], 50.0)
    assert torch.equal(to_8_bit(case.input), case.input)


def test_colour_is_taken_as_its_luma_where_the_card_is_gray(tmp_path):
    from skimage.color import rgb2ycbcr

    item = clean_set(tmp_path).items[1]
    case = make_case(item, 0, CARDS["jpeg-gray"], 10.0)
    expected = rgb2ycbcr(load(item.target))[..., 0].round()
    np.testing.assert_array_equal((case.target[0] * 255).round().numpy(), expected)
    gray = make_case(item, 0, CARDS["noise-gray"], 15.0).target
    expected = load(item.target).astype(np.float64) @ (0.298936, 0.587043, 0.114021)
    np.testing.assert_array_equal((gray[0] * 255).round().numpy(), expected.round())


def test_small_images_of_the_set_are_taken_and_made_where_there_are_none(tmp_path):
    clean = photo(3, (41, 50))
    save(tmp_path / "HR/bird.png", clean)
    (item,) = inspect(open_folder(tmp_path)).items
    made = make_case(item, 0, CARDS["bicubic"], 3.0)
    assert torch.equal(made.input, shrink_8_bit(as_tensor(clean), 3))
    assert torch.equal(made.target, as_tensor(clean)[:, :39, :48])
    small = save(tmp_path / "LR_x3/birdx3.png", 255 - (made.input * 255).byte().permute(1, 2, 0).numpy())
    (item,) = inspect(open_folder(tmp_path)).items
    assert torch.equal(make_case(item, 0, CARDS["bicubic"], 3.0).input, as_tensor(load(small)))
    assert torch.equal(make_case(item, 0, CARDS["bicubic"], 2.0).input, shrink_8_bit(as_tensor(clean), 2))


def test_a_small_photo_is_made_also_where_the_set_has_small_images(tmp_path):
    clean = photo(3, (42, 48))
    save(tmp_path / "HR/bird.png", clean)
    save(tmp_path / "LR_x3/birdx3.png", np.zeros((14, 16, 3), dtype=np.uint8))
    (item,) = inspect(open_folder(tmp_path)).items
    case = make_case(item, 0, CARDS["small-photo"], 3.0)
    assert case.input.shape == (3, 14, 16)
    assert torch.equal(case.input, photo_down(as_tensor(clean), 3, Generator().manual_seed(1)))


def test_an_image_of_which_nothing_is_left_to_judge_is_named(tmp_path):
    save(tmp_path / "icon.png", photo(3, (9, 40)))
    (item,) = inspect(open_folder(tmp_path)).items
    assert make_case(item, 0, CARDS["bicubic"], 3.0).input.shape == (3, 3, 13)
    with pytest.raises(InputError, match="icon: 40x9, too small to be enlarged 4 times"):
        make_case(item, 0, CARDS["bicubic"], 4.0)


def test_the_border_is_cut_off_and_the_luma_scored(tmp_path):
    case = make_case(clean_set(tmp_path).items[0], 0, CARDS["bicubic"], 4.0)
    result = case.target.clone()
    result[..., :4, :] = 0
    result[..., -4:] = 0
    assert measure(result, case, CARDS["bicubic"]).psnr is None
    result[0, 20, 20] += 0.2
    result = to_8_bit(result.clamp(0, 1))
    inner = (metrics.matlab_luma(image.double())[..., 4:-4, 4:-4] for image in (result, case.target))
    assert measure(result, case, CARDS["bicubic"]).psnr == pytest.approx(metrics.psnr(*inner))


def test_one_paper_swaps_red_and_blue(tmp_path):
    save(tmp_path / "input/1.png", photo(1))
    save(tmp_path / "target/1.png", photo(2))
    (item,) = inspect(open_folder(tmp_path)).items
    case = make_case(item, 0, CARDS["rain-mhnet"], None)
    swapped = metrics.psnr_y(case.input.flip(0), case.target.flip(0))
    assert measure(case.input, case, CARDS["rain-mhnet"]).psnr == pytest.approx(swapped)
    usual = measure(case.input, case, CARDS["rain-pairs"]).psnr
    assert usual == pytest.approx(metrics.psnr_y(case.input, case.target))
    assert abs(usual - swapped) > 0.01


def test_results_are_clamped_and_rounded_as_the_card_says(tmp_path):
    case = make_case(clean_set(tmp_path).items[0], 0, CARDS["clean-denoise"], None)
    nearly = case.target + 0.3 / 255
    assert measure(nearly, case, CARDS["clean-denoise"]).psnr is None
    assert measure(nearly, case, CARDS["noise-colour"]).psnr == pytest.approx(58.6, abs=0.1)


def test_which_card_is_meant():
    usual = {
        ("denoise", False, False): "phone low-light scan noise-colour",
        ("denoise", False, True): "phone-gray noise-gray", ("denoise", True, False): "noise-pairs",
        ("dejpeg", False, True): "jpeg-gray",
        ("dejpeg", False, False): "jpeg-colour", ("demosaic", False, False): "mosaic-grbg",
        ("upscale", False, False): "bicubic", ("derain", True, False): "rain-pairs",
        ("derain", False, True): "rain-drawn", ("deblur", False, False): "blur-drawn",
    }  # fmt: skip
    for (task, pairs, gray), names in usual.items():
        assert [card.name for card in usual_cards(task, pairs=pairs, gray=gray)] == names.split()
    (card,) = usual_cards("denoise", pairs=False, gray=False, with_level=True)
    assert card.name == "noise-colour"
    with pytest.raises(UsageError, match="no mosaic"):
        usual_cards("demosaic", pairs=False, gray=True)
    with pytest.raises(UsageError, match="not measured on pairs"):
        usual_cards("demosaic", pairs=True, gray=False)
    assert find_card("clean", "derain").name == "clean-derain"
    with pytest.raises(UsageError, match="no protocol 'jpeg-gray' for denoise") as error:
        find_card("jpeg-gray", "denoise")
    assert "noise-8bit" in (error.value.hint or "")


def test_levels_are_checked():
    assert checked_levels(CARDS["jpeg-gray"], ()) == (10, 20, 30, 40)
    assert checked_levels(CARDS["noise-gray"], (12.5,)) == (12.5,)
    assert checked_levels(CARDS["rain-drawn"], ()) == (None,)
    for card, level in (("bicubic", 5.0), ("jpeg-gray", 10.5), ("rain-pairs", 1.0), ("noise-gray", 101.0)):
        with pytest.raises(UsageError):
            checked_levels(CARDS[card], (level,))


def test_pairs_are_needed_where_the_card_wants_them(tmp_path):
    (item, _) = inspect(open_folder(clean_folder(tmp_path))).items
    with pytest.raises(InputError, match="no input"):
        make_case(item, 0, CARDS["rain-pairs"], None)


# ------------------------------------------------------------------------------------------------- shots

SHOTS = [card for card in all_cards() if card.damage in shots.SHOTS and not card.gray]


def test_every_shot_has_a_card_of_denoising_in_colour():
    assert [card.damage for card in SHOTS] == [*shots.SHOTS]
    for card in SHOTS:
        assert card.in_colour
        assert (card.task, card.levels, card.rounding) == ("denoise", (), "8 bit")
        assert (card.seed, card.seed_per_image) == (1, True)


@pytest.mark.parametrize("card", SHOTS, ids=lambda card: card.name)
def test_shots_are_those_of_the_training_and_in_8_bits(tmp_path, card):
    images = clean_set(tmp_path)
    for place, item in enumerate(images.items):
        case = make_case(item, place, card, None)
        generator = Generator().manual_seed(1 + place)
        damaged, target = shots.SHOTS[card.damage](as_tensor(load(item.target)), generator)
        assert torch.equal(case.input, damaged)
        torch.testing.assert_close(case.target, target, atol=0.5001 / 255, rtol=0)
        assert torch.equal(to_8_bit(case.target), case.target)


def test_a_camera_is_judged_by_its_own_clean_photo(tmp_path):
    """The evening stays dark: what is wanted is not the bright image that it was made of."""
    (item,) = clean_set(tmp_path, 1).items
    case = make_case(item, 0, CARDS["low-light"], None)
    bright = as_tensor(load(item.target))
    assert case.target.mean() < 0.7 * bright.mean()
    figures = measure(bright, case, CARDS["low-light"])
    assert figures.worse
    assert figures.psnr < figures.psnr_input - 10


@pytest.mark.parametrize("card", SHOTS, ids=lambda card: card.name)
def test_a_gray_image_is_shot_as_a_scene_of_three_equal_colours(tmp_path, card):
    (item,) = clean_set(tmp_path, 1, gray=True).items
    case = make_case(item, 0, card, None)
    assert case.input.shape == case.target.shape == (3, 40, 48)
    apart = (case.input - case.input.mean(0)).abs().max()
    assert apart > 0.02 or card.name == "scan", "the noise of a sensor has colours, grain not always"


def test_a_gray_shot_is_the_gray_of_a_shot_in_colour(tmp_path):
    """As cameras and scanners store it: the noise of a gray scene would be another."""
    (item,) = clean_set(tmp_path, 1).items
    gray = make_case(item, 0, CARDS["phone-gray"], None)
    colour = make_case(item, 0, CARDS["phone"], None)
    weights = torch.tensor([0.298936, 0.587043, 0.114021])[:, None, None]
    for found, whole in ((gray.input, colour.input), (gray.target, colour.target)):
        assert found.shape == (1, 40, 48)
        torch.testing.assert_close(found, (whole * weights).sum(0, keepdim=True), atol=0.501 / 255, rtol=0)


def test_what_no_camera_fits_into_is_named(tmp_path):
    save(tmp_path / "dot.png", photo(1, (15, 40)))
    (item,) = inspect(open_folder(tmp_path)).items
    with pytest.raises(InputError, match="dot: 40x15, too small for phone"):
        make_case(item, 0, CARDS["phone"], None)
    for card in SHOTS:
        save(tmp_path / "16.png", photo(1, (16, 16)))
        (small, _) = inspect(open_folder(tmp_path)).items
        assert make_case(small, 0, card, None).input.shape == (3, 16, 16)


# ------------------------------------------------------------------------------------------------- worse


@pytest.mark.parametrize(
    ("loss", "worse"), [(0.2, True), (0.06, True), (0.04, False), (0.0, False), (-1.0, False)]
)
def test_worse_is_by_over_a_twentieth_of_a_decibel(loss, worse):
    target = torch.full((3, 20, 24), 0.5)
    noise = torch.empty(3, 20, 24).uniform_(-0.1, 0.1, generator=Generator().manual_seed(0))
    case = Case("x", target + noise, target)
    figures = measure(target + noise * 10 ** (loss / 20), case, CARDS["noise-colour"])
    assert figures.psnr_input - figures.psnr == pytest.approx(loss, abs=1e-4)
    assert figures.worse is worse


def test_every_change_of_what_was_right_is_worse_and_none_is_not(tmp_path):
    card = CARDS["clean-denoise"]
    case = make_case(clean_set(tmp_path, 1).items[0], 0, card, None)
    assert measure(case.target, case, card).worse is False
    assert measure(case.target + 0.3 / 255, case, card).worse is False, "not in 8 bits"
    changed = case.target.clone()
    changed[0, 3, 3] += 1 / 255 if changed[0, 3, 3] < 0.5 else -1 / 255
    assert measure(changed, case, card).worse is True


@pytest.mark.parametrize(("name", "level"), [("bicubic", 2.0), ("mosaic-grbg", "grbg")])
def test_what_is_of_another_kind_cannot_be_worse(tmp_path, name, level):
    case = make_case(clean_set(tmp_path, 1).items[0], 0, CARDS[name], level)
    assert measure(case.target * 0, case, CARDS[name]).worse is None
