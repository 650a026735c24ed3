"""Gray photos stay gray, whether they were saved with one channel or with three equal ones."""

import numpy as np
import pytest
import torch.nn.functional as F
from torch import Tensor, nn

from restorecli.engine.restorer import Restorer
from restorecli.spec import ModelSpec

COLOUR = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
GRAY = COLOUR[:, :, :1]


class Double(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2, mode="nearest")


class Reddish(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * x.new_tensor([0.9, 0.7, 0.5])[:, None, None]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_gray_photo_stays_gray_and_is_the_same_however_it_was_saved(dtype: type) -> None:
    """A network need not treat three equal colours alike."""
    restorer = Restorer.from_network(Reddish(), ModelSpec("reddish"), tile=32, overlap=8)
    gray = (GRAY / 255).astype(dtype) if dtype is np.float32 else GRAY.astype(dtype)
    restored = restorer(np.repeat(gray, 3, axis=2))
    assert restored.shape == COLOUR.shape
    np.testing.assert_array_equal(restored, np.repeat(restorer(gray), 3, axis=2))
    coloured = restorer(COLOUR)
    assert (coloured[:, :, 0] != coloured[:, :, 2]).any()


def test_gray_with_alpha_that_was_saved_as_colour_is_enlarged_as_colour() -> None:
    restorer = Restorer.from_network(Double(), ModelSpec("double", scale=2), task="upscale")
    alpha = np.full((40, 50, 1), 255, np.uint8)
    doubled = restorer(np.concatenate([GRAY, GRAY, GRAY, alpha], axis=2))
    np.testing.assert_array_equal(doubled[:, :, :3], GRAY.repeat(2, 0).repeat(2, 1).repeat(3, 2))
