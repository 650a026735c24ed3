"""The laws of the engine: identity changes nothing, and a local network does not know about tiles."""

from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from restorecli.engine.restorer import Restorer
from restorecli.networks.identity import Identity
from restorecli.networks.local import Local
from restorecli.spec import ModelSpec

DEPTHS = {np.uint8: 255, np.uint16: 65535}


def noise(height: int, width: int, channels: int, dtype: type = np.uint8) -> np.ndarray:
    rng = np.random.default_rng(height * 1000 + width)
    return rng.integers(0, DEPTHS[dtype], (height, width, channels), dtype, endpoint=True)


def through_identity(
    pixels: np.ndarray, tile: int, overlap: int, multiple: int, **options: object
) -> np.ndarray:
    spec = ModelSpec("identity", multiple_of=multiple, tile=tile, overlap=overlap)
    return Restorer.from_network(Identity(), spec, tile=tile, overlap=overlap, **options)(pixels)


def test_identity_for_every_small_size() -> None:
    for height, width in product(range(1, 8), repeat=2):
        pixels = noise(height, width, 3)
        for tile, overlap, multiple in product((0, 1, 2, 3, 5), (0, 1, 2), (1, 4)):
            np.testing.assert_array_equal(through_identity(pixels, tile, overlap, multiple), pixels)


@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    channels=st.sampled_from([1, 3]),
    dtype=st.sampled_from([np.uint8, np.uint16]),
    tile=st.sampled_from([0, 7, 8, 12, 16, 31, 48, 64, 100]),
    overlap=st.integers(0, 60),
    multiple=st.sampled_from([1, 2, 3, 8, 16]),
    batch=st.integers(1, 5),
    value_range=st.sampled_from([1.0, 255.0]),
)
def test_identity_gives_the_input_back_bit_for_bit(
    height: int,
    width: int,
    channels: int,
    dtype: type,
    tile: int,
    overlap: int,
    multiple: int,
    batch: int,
    value_range: float,
) -> None:
    spec = ModelSpec("identity", multiple_of=multiple, value_range=value_range)
    restorer = Restorer.from_network(Identity(), spec, tile=tile, overlap=overlap, batch=batch)
    pixels = noise(height, width, channels, dtype)
    before = pixels.copy()
    result = restorer(pixels)
    np.testing.assert_array_equal(result, before)
    np.testing.assert_array_equal(pixels, before)
    assert result.dtype == pixels.dtype


class Nearest(nn.Module):
    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=self.scale, mode="nearest")


@given(
    height=st.integers(1, 50),
    width=st.integers(1, 50),
    channels=st.sampled_from([1, 3]),
    scale=st.sampled_from([2, 3, 4]),
    tile=st.sampled_from([0, 8, 13, 32]),
    overlap=st.integers(0, 12),
    multiple=st.sampled_from([1, 2, 3, 8]),
)
def test_enlarged_tiles_lie_where_they_belong(
    height: int, width: int, channels: int, scale: int, tile: int, overlap: int, multiple: int
) -> None:
    spec = ModelSpec("nearest", scale=scale, multiple_of=multiple)
    restorer = Restorer.from_network(Nearest(scale), spec, task="upscale", tile=tile, overlap=overlap)
    pixels = noise(height, width, channels)
    expected = pixels.repeat(scale, axis=0).repeat(scale, axis=1)
    np.testing.assert_array_equal(restorer(pixels), expected)


@given(
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    channels=st.sampled_from([1, 3]),
    unshuffle=st.sampled_from([1, 2, 4]),
    scale=st.sampled_from([1, 2, 3]),
    tile=st.sampled_from([12, 16, 25, 32, 40, 64]),
    overlap=st.integers(0, 20),
    ensemble=st.booleans(),
)
def test_a_local_network_gives_tiled_what_it_gives_whole(
    height: int,
    width: int,
    channels: int,
    unshuffle: int,
    scale: int,
    tile: int,
    overlap: int,
    ensemble: bool,
) -> None:
    network = Local(channels=channels, unshuffle=unshuffle, scale=scale)
    spec = ModelSpec("local", channels=channels, scale=scale, multiple_of=unshuffle, halo=network.halo)  # pyright: ignore[reportArgumentType]
    x = torch.rand(channels, height, width, generator=torch.Generator().manual_seed(height)) * 0.5 + 0.2
    tiled = Restorer.from_network(network, spec, tile=tile, overlap=overlap, ensemble=ensemble)(x)
    whole = Restorer.from_network(network, spec, tile=0, ensemble=ensemble)(x)
    assert (whole - F.interpolate(x[None], scale_factor=scale)[0]).abs().max() > 1e-3
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-6)


def test_whole_is_what_the_network_itself_gives() -> None:
    network = Local(unshuffle=2)
    spec = ModelSpec("local", multiple_of=2, halo=network.halo)
    x = torch.rand(2, 3, 40, 60, generator=torch.Generator().manual_seed(0)) * 0.5 + 0.2
    with torch.inference_mode():
        expected = network(x)
    torch.testing.assert_close(Restorer.from_network(network, spec)(x), expected, rtol=0, atol=1e-6)


def test_without_its_halo_the_tiles_would_show() -> None:
    """The law above can fail: it does as soon as the engine does not know the halo."""
    network = Local()
    x = torch.rand(3, 80, 80, generator=torch.Generator().manual_seed(0)) * 0.5 + 0.2
    blind = Restorer.from_network(network, ModelSpec("local"), tile=24, overlap=0)(x)
    whole = Restorer.from_network(network, ModelSpec("local"), tile=0)(x)
    assert (blind - whole).abs().max() > 1e-4


@pytest.mark.parametrize("batch", [2, 3, 7])
def test_the_batch_does_not_change_the_result(batch: int) -> None:
    network = Local()
    spec = ModelSpec("local", halo=network.halo)
    pixels = noise(70, 90, 3)
    one = Restorer.from_network(network, spec, tile=32, batch=1)(pixels)
    np.testing.assert_array_equal(Restorer.from_network(network, spec, tile=32, batch=batch)(pixels), one)


def test_a_mosaic_goes_on_in_phase_beyond_the_edge() -> None:
    """A network that needs multiples sees the same Bayer phase in what is made up for it."""
    seen: list[Tensor] = []

    class Spy(Identity):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(x.clone())
            return x

    phase = np.indices((5, 7)).sum(0) % 2
    pixels = (phase * 200).astype(np.uint8)[:, :, None]
    Restorer.from_network(Spy(), ModelSpec("spy", channels=1, multiple_of=8))(pixels)
    expected = np.indices((8, 8)).sum(0) % 2
    np.testing.assert_allclose(seen[0][0, 0].numpy() * 255, expected * 200, rtol=1e-6)
