"""--model NETWORK without a level: each image gets the weights for its own damage, and the user is told."""

from pathlib import Path

import numpy as np
import pytest
from level_rows import noisy, write_rows
from PIL import Image
from running import Run, tree
from torch import nn

from restorecli.spec import WeightsEntry
from restorecli.weights.load import load_network

Words = tuple[object, ...]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two noisy photos and a gray one."""
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(noisy(11)).save(folder / "a.png")
    Image.fromarray(noisy(52)).save(folder / "b.png")
    Image.fromarray(noisy(28, 1)[:, :, 0]).save(folder / "c.png")
    return folder


@pytest.fixture
def local(tmp_path: Path) -> Words:
    return ("--model", "local", "--weights-file", write_rows(tmp_path))


def test_every_file_gets_its_own_weights(tmp_path: Path, folder: Path, local: Words, restore: Run):
    result = restore("denoise", folder, "-o", f"{tmp_path}/out/", *local, "--json")
    assert result.code == 0
    reports = [file["report"] for file in result.json["files"]]
    assert [it["weights"] for it in reports] == ["local-color-s10", "local-color-s50", "local-gray-s30"]
    assert {it["level_from"] for it in reports} == {"measured"}
    assert [it["level"] for it in reports] == pytest.approx([11, 52, 28], rel=0.05)
    assert result.json["choices"][3]["value"] == "local"


def test_the_reason_stands_in_the_line_of_the_file(folder: Path, local: Words, restore: Run):
    result = restore("denoise", folder / "a.png", *local)
    assert result.code == 0
    (line,) = result.lines
    assert "; sigma 1" in line
    assert " measured; nearest: 10; took noise of about sigma " in line
    assert "weights local-color-s10" in restore("denoise", folder / "a.png", *local, "-f", "-v").stderr


def test_weights_that_are_not_there_are_tried_once(
    tmp_path: Path, folder: Path, local: Words, restore: Run, monkeypatch: pytest.MonkeyPatch
):
    tried: list[str] = []

    def load(entry: WeightsEntry) -> nn.Module:
        tried.append(entry.id)
        return load_network(entry)

    monkeypatch.setattr("restorecli.engine.loading.load_network", load)
    (tmp_path / "local-3.safetensors").unlink()
    Image.fromarray(noisy(11)).save(folder / "again.png")
    result = restore("denoise", folder, "-o", f"{tmp_path}/out/", *local)
    assert result.code == 1  # the gray one was restored
    assert tree(tmp_path / "out") == ["c.png"]
    assert tried == ["local-color-s10", "local-color-s50", "local-gray-s30"]
    (folder / "c.png").unlink()
    assert restore("denoise", folder, "-o", f"{tmp_path}/out/", *local).code == 3


def test_a_dry_run_says_which_of_them_are_not_here(folder: Path, restore: Run):
    result = restore("denoise", folder / "a.png", "--model", "rnan", "--dry-run")
    assert result.code == 0
    assert "each photo gets one of " in result.stderr
    assert "not here: rnan-denoise-" in result.stderr
    assert "about 36 MB each" in result.stderr
    assert "each photo" not in restore("denoise", folder / "a.png", "--dry-run").stderr


def test_a_level_that_is_given_overrides(tmp_path: Path, folder: Path, local: Words, restore: Run):
    result = restore("denoise", folder, "-o", f"{tmp_path}/out/", *local, "--sigma", "65", "--json")
    reports = [file["report"] for file in result.json["files"]]
    assert [it["weights"] for it in reports] == ["local-color-s70", "local-color-s70", "local-gray-s50"]
    assert {(it["level"], it["level_from"]) for it in reports} == {(65, "asked")}


def test_names_have_the_network_where_the_weights_differ(
    tmp_path: Path, folder: Path, local: Words, restore: Run
):
    template = "{stem}-{model}-{level}.{ext}"
    assert restore("denoise", folder, "-o", f"{tmp_path}/out/", "--name", template, *local).code == 0
    assert tree(tmp_path / "out") == [f"{stem}-local-auto.png" for stem in "abc"]


def test_a_dry_run_loads_none_of_them(tmp_path: Path, folder: Path, local: Words, restore: Run):
    for file in tmp_path.glob("*.safetensors"):
        file.unlink()
    result = restore("denoise", folder, "-o", f"{tmp_path}/out/", *local, "--dry-run", "--json")
    assert (result.code, result.json["summary"]["planned"]) == (0, 3)


def test_a_png_does_not_tell_its_quality(tmp_path: Path, folder: Path, local: Words, restore: Run):
    Image.fromarray(np.zeros((40, 40), np.uint8) + 90).save(folder / "d.jpg", quality=22)
    result = restore("dejpeg", folder / "a.png", folder / "d.jpg", "-o", f"{tmp_path}/out/", *local)
    assert result.code == 1
    (error,) = result.errors
    assert "a PNG file does not tell the JPEG quality of its photo" in error
    assert "--quality 20" in error
    (line,) = result.lines
    assert line.endswith("quality 22 measured; nearest: 20")
