"""Recipes: what is wrong in one is named, and the recipes that ship are right."""

import pytest
from training_tools import RECIPE

from restorecli.checked import CheckError
from restorecli.errors import UsageError
from restorecli.networks import NETWORKS
from restorecli.train.mixes import NoiseMix
from restorecli.train.recipe import EMBEDDED, find_recipe, load_recipe
from restorecli.train.training import build_network, rate


def load(folder, text):
    path = folder / "recipe.toml"
    path.write_text(text)
    return load_recipe(path)


def test_a_recipe_is_read_and_hashed(tmp_path):
    recipe = load(tmp_path, RECIPE)
    assert recipe.schedule.steps == 24
    assert isinstance(recipe.mix, NoiseMix)
    assert recipe.sha256 != load(tmp_path, RECIPE + "\n# another byte").sha256


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("crop = 16", "corp = 16", "schedule: unknown key 'corp'"),
        ("gray_share = 0.3", "grey_share = 0.3", "noise: unknown key 'grey_share'"),
        ("seed = 3", "", "'seed' is missing"),
        ("seed = 3", 'seed = "three"', "seed: 'three' is not a whole number"),
        ('task = "denoise"', 'task = "denoize"', "task: 'denoize' is not one of"),
        ("steps = 24", "steps = 24\nminutes = 1", "either minutes or steps"),
        ("steps = 24", "", "either minutes or steps"),
        ("crop = 16", "crop = 18", "no multiple of 4"),
        ("[noise]", "[jpeg]\n[noise]", "give one of [noise], [real], [jpeg]"),
        ("[noise]\ngray_share = 0.3", "", "give one of [noise], [real], [jpeg]"),
        ("[noise]\ngray_share = 0.3", "[down]\nscale = 2", "2 times smaller"),
        ("name =", "name", "not TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, old, new, said):
    assert old in RECIPE
    with pytest.raises(CheckError) as caught:
        load(tmp_path, RECIPE.replace(old, new, 1))
    assert said in str(caught.value)
    assert "recipe.toml" in str(caught.value)


def test_damage_without_a_level_cannot_be_told_another(tmp_path):
    text = RECIPE.replace("crop = 16", "crop = 16\nother_level_share = 0.5")
    assert load(tmp_path, text).schedule.other_level_share == 0.5
    with pytest.raises(CheckError, match="other_level_share has no meaning"):
        load(tmp_path, text.replace("[noise]\ngray_share = 0.3", "[rain]"))


def test_params_that_do_not_fit_are_an_error(tmp_path):
    recipe = load(tmp_path, RECIPE.replace("width = 4", "wideness = 4"))
    with pytest.raises(UsageError, match="wideness"):
        build_network(recipe)


def test_a_missing_recipe_names_those_inside(tmp_path):
    with pytest.raises(UsageError) as caught:
        load_recipe(find_recipe(str(tmp_path / "none.toml")))
    assert "denoise" in (caught.value.hint or "")


@pytest.mark.parametrize("path", sorted(EMBEDDED.glob("*.toml")), ids=lambda path: path.stem)
def test_embedded_recipes_are_right(path):
    recipe = load_recipe(find_recipe(path.stem))
    assert recipe.name == path.stem
    gray = "-gray" if recipe.model.channels == 1 else ""
    white = "-white" if recipe.white_noise else ""
    assert recipe.name in (f"{recipe.task}{gray}{white}", f"{recipe.task}-x{recipe.model.scale}")
    assert recipe.model.params.get("channels", 3) == recipe.model.channels
    assert recipe.model.network in NETWORKS
    parameters = sum(p.numel() for p in build_network(recipe).parameters())
    assert parameters * 2 <= 6_000_000  # bytes in half precision
    assert {source.folder for source in recipe.sources}.isdisjoint({"rain_pairs"})
    assert recipe.trained_for
    assert recipe.limits


def test_the_rate_warms_up_and_runs_out():
    assert rate(0.01, 0.02) == pytest.approx(0.5)
    assert rate(0.02, 0.02) == pytest.approx(1)
    assert rate(0.51, 0.02) == pytest.approx(0.5)
    assert rate(1, 0.02) == pytest.approx(0)
    assert rate(1.2, 0.02) == pytest.approx(0)
