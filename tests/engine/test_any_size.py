"""Every published network takes images of any size through the engine, as its row of weights says."""

import numpy as np
import pytest
import torch

from restorecli.engine.restorer import Restorer
from restorecli.networks import NETWORKS
from restorecli.registry import find

SMALLER = {
    "panet": {"blocks": 2},
    "paedsr": {"blocks": 2, "features": 8},
    "rnan": {"groups": 2, "features": 8},
    "dagl": {"blocks": 2},
    "mhnet": {"width": 8, "group": 1, "encoder": (1, 1, 1, 1)},
}
ROWS = (
    "panet-denoise-color-s10", "panet-upscale-x3", "rnan-denoise-gray-s10", "rnan-upscale-x3",
    "dagl-dejpeg", "mhnet-derain",
)  # fmt: skip


@pytest.mark.parametrize("ensemble", [False, True])
@pytest.mark.parametrize("row", ROWS)
def test_any_size(row: str, ensemble: bool) -> None:
    entry = find(row)
    spec, scale = entry.model, entry.model.scale
    torch.manual_seed(0)
    network = NETWORKS[spec.network](**{**spec.params, **SMALLER[spec.network]}).eval()
    level = scale if entry.task == "upscale" else None
    restorer = Restorer.from_network(network, spec, task=entry.task, level=level, ensemble=ensemble)
    for height, width in ((1, 1), (1, 7), (5, 1), (2, 3), (17, 9)):
        pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        assert restorer(pixels).shape == (height * scale, width * scale, 3)
