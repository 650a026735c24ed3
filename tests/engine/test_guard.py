"""Bad tiles: run again in float32, counted, and never let through."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from restorecli.engine.restorer import Restorer
from restorecli.errors import NetworkOutputError
from restorecli.images import Image
from restorecli.networks.identity import Identity
from restorecli.spec import ModelSpec


class BreaksInHalf(nn.Module):
    """Gives `bad` at the first pixel of every tile that starts bright, but in half precision only."""

    def __init__(self, bad: float, always: bool = False) -> None:
        super().__init__()
        self.bad, self.always = bad, always
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        half = torch.is_autocast_enabled("cpu")
        y = x * 0.5
        bright = x[:, 0, 0, 0] > 0.5
        if half or self.always:
            y[bright, 0, 0, 0] = self.bad
        return y


def picture() -> np.ndarray:
    """Four tiles of 32: the second and the fourth start bright."""
    pixels = np.full((64, 64, 3), 50, np.uint8)
    pixels[0, 32] = pixels[32, 32] = 200
    return pixels


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), 1e4, -30.0])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_tile_that_is_bad_in_half_precision_is_run_again_in_float32(bad: float, batch: int) -> None:
    network = BreaksInHalf(bad)
    restorer = Restorer.from_network(
        network, ModelSpec("breaks"), precision="bf16", tile=32, overlap=0, batch=batch
    )
    restored = restorer.restore_image(Image.from_array(picture()))
    np.testing.assert_array_equal(restored.image.pixels, picture() // 2)
    assert restored.report.retried_fp32 == 2
    assert any("2 of 4 tiles" in note for note in restored.report.notes)
    # One tile at a time is run again, never the whole batch.
    assert network.calls == -(-4 // batch) + 2


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("bad", [float("nan"), 1e9])
def test_a_tile_that_is_bad_in_float32_too_is_an_error(precision: str, bad: float) -> None:
    restorer = Restorer.from_network(
        BreaksInHalf(bad, always=True), ModelSpec("breaks"), precision=precision, tile=32, overlap=0
    )
    with pytest.raises(NetworkOutputError, match="in float32 too"):
        restorer(picture())


def test_good_tiles_are_not_run_again() -> None:
    restored = Restorer.from_network(Identity(), ModelSpec("identity"), precision="bf16").restore_image(
        Image.from_array(picture())
    )
    assert restored.report.retried_fp32 == 0
    assert restored.report.precision == "bf16"


def test_the_range_is_that_of_the_network() -> None:
    """200 is gross for a network in [0, 1], and an ordinary value for one in [0, 255]."""
    spec = ModelSpec("identity", value_range=255.0)
    np.testing.assert_array_equal(Restorer.from_network(Identity(), spec)(picture()), picture())


class WrongSize(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, 1:]


def test_an_output_of_another_size_is_an_error() -> None:
    with pytest.raises(NetworkOutputError, match="gave"):
        Restorer.from_network(WrongSize(), ModelSpec("wrong"))(picture())
