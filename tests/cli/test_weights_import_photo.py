"""A photo through imported weights: the command gives what the network gives."""

from pathlib import Path

import numpy as np
import pytest
import torch
from imported import state_of
from parity_fill import image
from PIL import Image
from running import Run, pixels_of
from saving import save
from torch import Tensor

from restorecli import registry
from restorecli.spec import WeightsEntry
from restorecli.weights.load import load_network

FULL = {
    "panet": "panet-denoise-color-s30",
    "rnan": "rnan-denoise-color-s30",
    "dagl": "dagl-denoise-real",
    "mhnet": "mhnet-derain",
}
# Gray levels. Where DAGL's mask jumps, float32 falls on one side or the other with the number of threads: on
# the left tile here float32 and float64 differ by 0.012, elsewhere by 2e-4.
SPARE = {"dagl": 255 * 1e-4}


@pytest.mark.parametrize("name", FULL)
def test_a_photo_through_imported_weights(bring, restore: Run, tmp_path: Path, name: str):
    check_a_photo(bring, restore, tmp_path, f"small-{name}")


@pytest.mark.slow
@pytest.mark.parametrize("name", FULL)
def test_a_photo_through_imported_weights_at_full_depth(bring, restore: Run, tmp_path: Path, name: str):
    check_a_photo(bring, restore, tmp_path, FULL[name], "--unproved")


def check_a_photo(bring, restore: Run, tmp_path: Path, id: str, *options: str) -> None:
    """Whole and in tiles, where no other tile has a say, the command gives what the network gives."""
    assert bring(id, save(visible(state_of(id)), tmp_path / "model.pt", "before 1.6"), *options).code == 0
    entry = registry.find(id)
    pixels = image(1, 3, 32, 48)[0].mul(255).round().byte().permute(1, 2, 0).numpy()
    photo = tmp_path / "photo.png"
    Image.fromarray(pixels).save(photo)

    whole = tmp_path / "whole.png"
    done = restore(entry.task, photo, "-o", whole, "--model", id, "--tile", "0", "--precision", "fp32")
    assert done.code == 0, done.stderr
    expected = direct(entry, pixels)
    assert np.std(expected.clip(0, 255)) > 10
    assert_rounded(pixels_of(whole), expected, entry.model.network)

    tiled = tmp_path / "tiled.png"
    words = ("--tile", "32", "--overlap", "16", "--precision", "fp32", "--json")
    done = restore(entry.task, photo, "-o", tiled, "--model", id, *words)
    assert done.code == 0, done.stderr
    report = done.json["files"][0]["report"]
    assert (report["tiles"], report["tile"]) == (2, [32, 32])
    # 48 = 32 + 32 - 16: columns 0 to 15 are the first tile's alone, 32 to 47 the second's.
    found = pixels_of(tiled)
    assert_rounded(found[:, :16], direct(entry, pixels[:, :32])[:, :16], entry.model.network)
    assert_rounded(found[:, 32:], direct(entry, pixels[:, 16:])[:, 16:], entry.model.network)


def visible(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The formulas make networks' results comparable, not pixels: here most of them are between 0 and 1."""
    if "ending.weight" in state:  # MHNet
        return state | {"ending.weight": state["ending.weight"] * 0.02}
    if any("conv_match" in key for key in state):  # PANet, which does not add its input
        gain = 0.5 if "body.81.weight" in state else 4  # all its blocks, or few
        return state | {"tail.0.weight": state["tail.0.weight"] * gain, "tail.0.bias": torch.full((3,), 0.5)}
    return state


def direct(entry: WeightsEntry, pixels: np.ndarray) -> np.ndarray:
    """The network called on an array, without any of the engine: values on the 0-255 scale."""
    scale = entry.model.value_range
    network = load_network(entry)
    x = torch.from_numpy(pixels).permute(2, 0, 1)[None].float().div(255).mul(scale)
    with torch.inference_mode():
        return network(x)[0].div(scale).mul(255).permute(1, 2, 0).numpy()


def assert_rounded(found: np.ndarray, expected: np.ndarray, network: str) -> None:
    """Clamped and rounded once, with what float32 has to spare."""
    assert np.abs(found - expected.clip(0, 255)).max() <= 0.5 + SPARE.get(network, 2e-3)
