"""--windows paper from the command line, with a shallow network as the user's own weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from running import Run, make_picture, pixels_of
from safetensors.torch import save_file

from restorecli.networks import NETWORKS
from restorecli.ops.windows import PAPER_WINDOWS, in_quad_tree

ROW = """
[[weights]]
id = "shallow"
task = "denoise"
source = "file"
file = "{file}"
level = 25
[weights.model]
network = "rnan"
params = {{ groups = 3, features = 8 }}
value_range = 255
multiple_of = 2
tile = 48
overlap = 16
"""


@pytest.fixture
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return NETWORKS["rnan"](groups=3, features=8).eval()


@pytest.fixture
def paper(tmp_path: Path, network: torch.nn.Module) -> list[object]:
    """The options that name the network and its windows."""
    weights, rows = tmp_path / "shallow.safetensors", tmp_path / "own.toml"
    save_file(network.state_dict(), weights)
    rows.write_text(ROW.format(file=weights.as_posix()))
    return ["--weights-file", rows, "--model", "shallow", "--windows", "paper"]


def test_a_photo_goes_through_the_papers_windows(
    restore: Run, tmp_path: Path, network: torch.nn.Module, paper: list[object]
) -> None:
    source = make_picture(tmp_path / "photo.png", size=(45, 70))
    result = restore("denoise", source, "-o", tmp_path / "out.png", *paper, "--json")
    assert result.code == 0, result.stderr
    x = torch.from_numpy(pixels_of(source)).permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        expected = in_quad_tree(network, x, PAPER_WINDOWS["rnan", "denoise"])[0].permute(1, 2, 0)
    shown = pixels_of(tmp_path / "out.png").astype(float)
    assert np.abs(shown - expected.clamp(0, 255).numpy()).max() < 0.51  # rounded once
    (file,) = result.json["files"]
    assert file["report"]["windows"] == "paper"
    assert file["report"]["tiles"] == 4
    (tile,) = [choice for choice in result.json["choices"] if choice["name"] == "tile"]
    assert tile["value"] == "the paper's windows"
    assert "asked for" in tile["reason"]


def test_verbose_names_them(restore: Run, tmp_path: Path, paper: list[object]) -> None:
    source = make_picture(tmp_path / "photo.png", size=(30, 30))
    result = restore("denoise", source, *paper, "-v")
    assert "tile: the paper's windows (asked for" in result.stderr
    assert "windows paper" in result.stderr


def test_a_dry_run_counts_them(restore: Run, tmp_path: Path, paper: list[object]) -> None:
    source = make_picture(tmp_path / "photo.png", size=(120, 320))
    small = make_picture(tmp_path / "small.png", size=(19, 60))
    result = restore("denoise", source, small, *paper, "--dry-run", "--json")
    planned, failed = sorted(result.json["files"], key=lambda file: file["status"], reverse=True)
    assert planned["estimate"]["tiles"] == 16
    assert planned["estimate"]["seconds"] > 0
    assert "too small for the paper's windows" in failed["error"]["message"]


def test_a_small_photo_is_refused_in_one_line(restore: Run, tmp_path: Path, paper: list[object]) -> None:
    source = make_picture(tmp_path / "photo.png", size=(19, 60))
    result = restore("denoise", source, *paper)
    assert result.code == 1
    assert result.errors == [
        f"error: {source}: 60x19 is too small for the paper's windows, which need 20 pixels a side"
    ]
    assert "--windows ours" in result.stderr


@pytest.mark.parametrize("more", [("--tile", "64"), ("--overlap", "8")])
def test_their_size_cannot_be_asked_for(
    restore: Run, tmp_path: Path, paper: list[object], more: tuple[str, str]
) -> None:
    source = make_picture(tmp_path / "photo.png")
    result = restore("denoise", source, *paper, *more)
    assert result.code == 2
    assert "their own size and overlap" in result.stderr


def test_networks_without_them_are_refused(restore: Run, tmp_path: Path) -> None:
    source = make_picture(tmp_path / "photo.png")
    result = restore("denoise", source, "--windows", "paper", identity=False)
    assert result.code == 2
    assert "no paper ran compact for denoise" in result.stderr
    with pytest.raises(FileNotFoundError):
        Image.open(tmp_path / "photo.denoise.png")
