"""Screenshots, dither and print have pixels that no photo has: no default may blow up on them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from restorecli import registry
from restorecli.images import read
from restorecli.ops.grain import sized_noise
from restorecli.ops.patterns import ordered
from restorecli.spec import WeightsEntry
from restorecli.weights.load import load_network

EXAMPLE = Path(registry.PACKAGE) / "data" / "example.png"
SIDE = 64
ROWS, COLUMNS = torch.arange(SIDE)[:, None], torch.arange(SIDE)[None]
PHOTO = torch.from_numpy(np.ascontiguousarray(read(EXAMPLE).pixels[60 : 60 + SIDE, 60 : 60 + SIDE])) / 255
CHECKER = ((ROWS + COLUMNS) % 2).float()[:, :, None].expand(SIDE, SIDE, 3)
DRAWN = {
    "checker": CHECKER,
    "weak checker": 0.25 + 0.5 * CHECKER,
    "lines": (ROWS % 2).float()[:, :, None].expand(SIDE, SIDE, 3),
    "columns": (COLUMNS % 2).float()[:, :, None].expand(SIDE, SIDE, 3),
    "dithered photo": (ordered(2)[ROWS % 4, COLUMNS % 4][:, :, None] < PHOTO).float(),
    "patch in a photo": torch.where(((ROWS // 24 == 1) & (COLUMNS // 24 == 1))[:, :, None], CHECKER, PHOTO),
}
DEFAULTS = [row for row in registry.entries() if row.source == "embedded" and row.task != "demosaic"]


def through(row: WeightsEntry, picture: Tensor) -> tuple[Tensor, Tensor]:
    """What goes into the network and what comes out."""
    given = picture.permute(2, 0, 1)[None, : row.model.channels].contiguous()
    with torch.inference_mode():
        return given, load_network(row)(given)


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("row", DEFAULTS, ids=lambda row: row.id)
def test_what_comes_out_are_pixels(row: WeightsEntry, name: str):
    _, result = through(row, DRAWN[name])
    over = 1.5 if row.task == "upscale" else 0.5  # enlarged, hard edges ring
    assert -over < result.min() < result.max() < 1 + over


@pytest.mark.parametrize("name", [name for name in DRAWN if name != "patch in a photo"])
@pytest.mark.parametrize("row", [row for row in DEFAULTS if row.task == "denoise"], ids=lambda row: row.id)
def test_denoise_leaves_drawn_pictures_as_they_are(row: WeightsEntry, name: str):
    given, result = through(row, DRAWN[name])
    error = (result.clamp(0, 1) - given).square().mean().item()
    assert error < 0.0032  # 25 dB


@pytest.mark.parametrize("radius", [0.6, 1.0])
@pytest.mark.parametrize(
    "row", [row for row in DEFAULTS if row.task == "denoise" and not row.white_noise], ids=lambda row: row.id
)
def test_and_still_takes_noise_that_is_as_fine_as_a_pattern(row: WeightsEntry, radius: float):
    """Weights that learnt to keep patterns once kept real grain as well: sigma 16, as an old scan's."""
    pixels = read(Path(registry.PACKAGE) / "data" / "images" / "dog.png").pixels[80:176, 80:176]
    clean = (torch.from_numpy(pixels).permute(2, 0, 1)[: row.model.channels] / 255).contiguous()
    noise = sized_noise(clean, radius, torch.Generator().manual_seed(2)) * (16 / 255)
    with torch.inference_mode():
        result = load_network(row)((clean + noise)[None])[0]
    left = (result - clean).square().mean().sqrt().item() * 255
    assert left < 10
