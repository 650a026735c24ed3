"""What was trained is what ships: export, the row, the card, and the figures measured from it."""

import hashlib
import json
import tomllib
from math import log10
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from safetensors.torch import load_file
from training_tools import RECIPE, make_project, measured
from typer.testing import CliRunner

from restorecli.bench.damages import damage_card
from restorecli.cli.train import app
from restorecli.errors import InputError, OutputError, UsageError
from restorecli.read_rows import read_entries
from restorecli.registry import find
from restorecli.spec import WeightsEntry
from restorecli.train import checkpoint
from restorecli.train.export import export, find_weights, read_training
from restorecli.train.loop import Options, train
from restorecli.train.recipe import load_recipe
from restorecli.train.training import build_network


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with data/, tiny.toml and run/, a finished training."""
    folder = tmp_path_factory.mktemp("project")
    recipe = make_project(folder, RECIPE.replace("steps = 24", "steps = 3"))
    options = Options(data=folder / "data", out=folder / "run")
    train(load_recipe(recipe), recipe.read_text(), options, lambda row: None)
    return folder


def as_listed(row: str, folder: Path) -> WeightsEntry:
    """The row as the list of weights reads it."""
    path = folder / "list.toml"
    path.write_text(row, encoding="utf-8")
    (entry,) = read_entries(path)
    return entry


def test_the_row_is_one_that_the_list_takes(project, tmp_path):
    row = export(read_training(project / "run"), tmp_path, "tiny")
    entry = as_listed(row, tmp_path)
    content = (tmp_path / "tiny.safetensors").read_bytes()
    assert entry.sha256 == hashlib.sha256(content).hexdigest()
    assert entry.size == len(content)
    assert entry.model == load_recipe(project / "tiny.toml").model
    assert entry.provenance["steps"] == 3
    assert entry.provenance["data"] == ["made by a test (CC0 1.0)"]


def test_a_file_in_place_of_the_folder_is_refused_in_words(project, tmp_path):
    (tmp_path / "weights").write_text("a file")
    with pytest.raises(OutputError, match="this is a file, not a folder") as caught:
        export(read_training(project / "run"), tmp_path / "weights", "tiny")
    assert caught.value.hint == "--to FOLDER names another"


def test_weights_are_the_averaged_ones_in_half_precision(project, tmp_path):
    rows = {export(read_training(project / "run"), tmp_path, "tiny") for _ in range(5)}
    assert len(rows) == 1  # byte for byte the same file, its sha256 with it
    state = checkpoint.load(project / "run")
    assert state is not None
    shipped = load_file(tmp_path / "tiny.safetensors")
    assert shipped.keys() == state["average"].keys()
    for name, tensor in shipped.items():
        assert tensor.dtype == torch.float16
        assert torch.equal(tensor, state["average"][name].half())
    row, network = find_weights(str(project / "run"), ())
    assert network is not None
    assert row.model == load_recipe(project / "tiny.toml").model
    again = build_network(load_recipe(project / "tiny.toml")).eval()
    again.load_state_dict({name: tensor.float() for name, tensor in shipped.items()})
    image = torch.rand(1, 3, 16, 16)
    assert torch.equal(network(image), again(image))


def test_card_names_data_licence_limits_and_figures(project, tmp_path):
    export(read_training(project / "run"), tmp_path, "tiny", "| noise:25 | 31.02 |")
    card = (tmp_path / "tiny.md").read_text()
    for said in ("Licence of the weights: MIT", "made by a test: CC0 1.0", "Everything else."):
        assert said in card
    assert "By `restore train evaluate`" in card
    assert card.endswith("\n\n| noise:25 | 31.02 |\n")


def test_training_can_start_from_exported_weights(project, tmp_path):
    export(read_training(project / "run"), tmp_path, "tiny")
    recipe = project / "tiny.toml"
    init = tmp_path / "tiny.safetensors"
    options = Options(data=project / "data", out=tmp_path / "next", init=init)
    training = train(load_recipe(recipe), recipe.read_text(), options, lambda row: None)
    assert training.origin == f"tiny.safetensors, sha256 {hashlib.sha256(init.read_bytes()).hexdigest()}"
    assert read_training(tmp_path / "next").state["origin"] == training.origin


def test_figures_know_their_input(project):
    """Undamaged input scores infinitely well; noise of sigma 10 scores 28.13 dB where it is not clipped."""
    trained = find_weights(str(project / "run"), ())
    (clean, restored), (noisy, other) = measured(*trained, project / "data" / "made", "clean", "noise:10")
    assert (clean.psnr, clean.exact) == (None, 8)
    assert restored.psnr == pytest.approx(restored.psnr_to_input)
    assert noisy.psnr == other.psnr_input == pytest.approx(28.13, abs=0.3)
    assert (other.model, other.network, other.images) == ("compact-tiny", "compact", 8)


def test_training_can_start_from_the_weights_of_another_task(project, tmp_path):
    """What has the same name and shape is taken, and what was not is said."""
    export(read_training(project / "run"), tmp_path, "tiny")
    text = RECIPE.replace("[noise]\ngray_share = 0.3", "[down]").replace("steps = 24", "steps = 1")
    text = text.replace('task = "denoise"', 'task = "upscale"')
    text = text.replace("level_high = 55 }", "level_high = 55, shuffle = 1, scale = 2 }")
    text = text.replace("crop = 16", "crop = 8")
    text = text.replace('damage = "noise", level = 25', 'damage = "bicubic_down", level = 2')
    recipe = make_project(tmp_path / "up", text)
    init = tmp_path / "tiny.safetensors"
    options = Options(data=tmp_path / "up" / "data", out=tmp_path / "next", init=init)
    training = train(load_recipe(recipe), recipe.read_text(), options, lambda row: None)
    assert training.origin.endswith("without intro.weight")
    row = export(read_training(tmp_path / "next"), tmp_path, "tiny-x2")
    entry = as_listed(row, tmp_path)
    assert (entry.level, entry.model.scale) == (2, 2)
    assert "\nscale" not in row  # it follows from the params
    enlarging = find_weights(str(tmp_path / "next"), ())
    ((simple, _),) = measured(*enlarging, tmp_path / "up" / "data" / "made", "bicubic_down:2")
    assert simple.psnr > 30  # smooth waves, enlarged simply
    (tmp_path / "next" / "recipe.toml").write_text(text.replace('task = "upscale"', 'task = "denoise"'))
    with pytest.raises(UsageError, match="enlarges 2 times: not what denoise is measured by"):
        find_weights(str(tmp_path / "next"), ())
    wider = load_recipe(make_project(tmp_path / "wider", text.replace("width = 4", "width = 8")))
    with pytest.raises(UsageError, match="of 44 tensors have the names and shapes"):
        train(
            wider,
            "",
            Options(data=tmp_path / "up" / "data", out=tmp_path / "no", init=init),
            lambda row: None,
        )


def test_gray_weights_are_trained_shipped_and_measured_as_gray(tmp_path):
    text = RECIPE.replace("steps = 24", "steps = 2").replace("gray_share = 0.3", "gray_share = 1.0")
    text = text.replace("params = {", "params = { channels = 1,")
    recipe = make_project(tmp_path, text)
    options = Options(data=tmp_path / "data", out=tmp_path / "run")
    train(load_recipe(recipe), recipe.read_text(), options, lambda row: None)
    row = export(read_training(tmp_path / "run"), tmp_path / "weights", "tiny-gray")
    entry = as_listed(row, tmp_path)
    assert (entry.model.channels, entry.model.params["channels"], entry.default) == (1, 1, True)
    row, network = find_weights(str(tmp_path / "run"), ())
    assert network is not None
    assert network(torch.rand(2, 1, 16, 16)).shape == (2, 1, 16, 16)
    ((given, found),) = measured(row, network, tmp_path / "data" / "made", "noise:10")
    # The images are coloured, but result and reference are gray: their luma is all there is of them.
    assert found.psnr_luma == pytest.approx(found.psnr + 20 * log10(255 / 219), abs=0.01)  # Matlab's range
    assert given.psnr == pytest.approx(28.13, abs=0.3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nois:25", "no damage 'nois'"),
        ("noise:much", "'much'"),
        ("noise:-5", "not in 0 to inf"),
        ("jpeg:0", "not in 1 to 100"),
        ("noise:nan", "not in 0 to inf"),
    ],
)
def test_a_damage_that_is_not_one_is_named(text, said):
    with pytest.raises(UsageError, match=said):
        damage_card(text, find("compact-denoise"))


def test_damage_that_weights_do_not_repair_is_refused():
    row = find("compact-upscale-x2")
    for damage in ("noise:25", "bicubic_down:3"):
        with pytest.raises(UsageError, match="is not what compact with scale 2 repairs") as caught:
            damage_card(damage, row)
        assert caught.value.hint == "--damage bicubic_down:2"


def test_an_image_that_cannot_be_read_is_named(tmp_path):
    make_project(tmp_path)
    (tmp_path / "data" / "made" / "x.png").write_bytes(b"no image")
    words = ["evaluate", "compact-denoise-gray", str(tmp_path / "data" / "made"), "--damage", "noise:5"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert "made: not measured: x.png: " in result.stderr


def test_a_folder_without_a_training_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no checkpoint"):
        read_training(tmp_path)
    with pytest.raises(UsageError, match="neither a training's folder"):
        find_weights(str(tmp_path / "none"), ())


def test_commands_go_from_recipe_to_card(tmp_path):
    recipe = make_project(
        tmp_path, RECIPE.replace("steps = 24", "steps = 2").replace("every_steps = 8", "every_steps = 1")
    )
    runner = CliRunner()

    def call(*arguments):
        result = runner.invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == 0, result.output
        return result

    out = tmp_path / "run"
    # Without "run": the recipe stands first.
    said = call(recipe, "--data", tmp_path / "data", "--out", out).stderr
    assert "6 training images" in said
    assert "validation PSNR: colour 25" in said
    call("curve", out, "--to", tmp_path / "curve.svg")
    picture = ElementTree.parse(tmp_path / "curve.svg").getroot()
    assert len(picture.findall("{*}polyline")) == 1
    for target, words in (("curve.svg", "is there already"), ("none/curve.svg", "there is no folder")):
        refused = runner.invoke(app, ["curve", str(out), "--to", str(tmp_path / target)])
        assert isinstance(refused.exception, OutputError)
        assert words in refused.exception.message
    call("curve", out, "--to", tmp_path / "curve.svg", "--overwrite")
    figures = call("evaluate", out, tmp_path / "data" / "made", "--damage", "noise:25", "--json").stdout
    assert [row["images"] for row in json.loads(figures)["scores"]] == [8] * 4
    assert json.loads(figures)["scores"][-1]["model"] == "compact-tiny"
    usual = call("evaluate", out, "--limit", "2", "--told", "--baselines", "none", "--json").stdout
    rows = json.loads(usual)["scores"]  # of the bench's own cards, on the images that ship
    assert [row["protocol"] for row in rows] == ["phone", "low-light", "scan", *["noise-colour"] * 3]
    assert [row["told"] for row in rows] == [False] * 3 + [True] * 3
    (tmp_path / "figures.json").write_text(figures)
    row = call("export", out, "--to", tmp_path / "weights", "--figures", tmp_path / "figures.json").stdout
    assert tomllib.loads(row)["weights"][0]["id"] == "compact-tiny"
    card = (tmp_path / "weights" / "compact-tiny.md").read_text()
    assert "| made | 8 | sigma 25 | noise:25 | compact-tiny |" in card
    assert "- noise:25: " in card
