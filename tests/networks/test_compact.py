"""The compact network: local, steerable, its own gate's gradient right."""

import pytest
import torch
from torch import nn

from restorecli.images import PATTERNS
from restorecli.networks.compact import Compact, fill_mosaic, gate
from restorecli.ops.degrade import mosaic

SMALL = {"width": 8, "encoder": (1, 1), "middle": 2, "decoder": (1, 1), "level_low": 0, "level_high": 50}
# Per scale 2, 4, 8 and back: 2 (intro), 2, 4, 2 * 8 (3x3 convolutions), 4, 2, 2, and one block of 8.
SMALL_HALO = 2 + 2 + 4 + 16 + 4 + 2 + 2 + 8


@pytest.fixture(scope="module")
def network():
    """Small, every parameter random: as made, the scales are zero and the blocks do nothing."""
    generator = torch.Generator().manual_seed(2)
    network = Compact(**SMALL).eval().requires_grad_(False)
    for parameter in network.parameters():
        parameter.normal_(0, 0.2, generator=generator)
    return network


def picture(*shape, seed=1):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (2, 3, 16, 24)])
def test_output_has_the_shape_and_precision_of_the_input(network, shape):
    result = network(picture(*shape))
    assert result.shape == shape
    assert result.dtype == torch.float32
    assert torch.isfinite(result).all()


def test_a_window_gives_what_the_whole_gives(network):
    """Inside its halo a tile's result is the whole image's, wherever on the grid of multiples it was cut."""
    whole = picture(1, 3, 160, 144)
    expected = network(whole)
    tile = network(whole[..., 24:136, 16:128])
    inner = slice(SMALL_HALO, 112 - SMALL_HALO)
    wanted = expected[..., 24:136, 16:128][..., inner, inner]
    torch.testing.assert_close(tile[..., inner, inner], wanted, atol=1e-5, rtol=0)
    assert (tile - expected[..., 24:136, 16:128]).abs().max() > 1e-3  # and at its edge it is not


def test_images_of_a_batch_do_not_touch_each_other(network):
    pair = picture(2, 3, 16, 16)
    alone = torch.cat([network(image[None]) for image in pair])
    torch.testing.assert_close(network(pair), alone, atol=1e-5, rtol=0)


def test_blind_is_no_level_or_nan(network):
    image = picture(2, 3, 16, 16)
    blind = network(image)
    assert torch.equal(network(image, torch.full((2,), torch.nan)), blind)
    mixed = network(image, torch.tensor([torch.nan, 25.0]))
    torch.testing.assert_close(mixed[0], blind[0], atol=1e-5, rtol=0)
    assert (mixed[1] - blind[1]).abs().max() > 1e-3


def test_levels_differ_and_end_where_the_training_ended(network):
    image = picture(1, 3, 16, 16)
    low, middle, high, beyond = (network(image, torch.tensor([level])) for level in (0.0, 25.0, 50.0, 90.0))
    assert (low - middle).abs().max() > 1e-3
    assert (high - middle).abs().max() > 1e-3
    assert torch.equal(high, beyond)


def test_bf16_stays_near(network):
    image = picture(1, 3, 32, 32)
    half = Compact(**SMALL).eval().requires_grad_(False)
    half.load_state_dict(network.state_dict())
    result = half.to(torch.bfloat16)(image.bfloat16(), torch.tensor([25.0]))
    assert result.dtype == torch.float32
    reference = network(image, torch.tensor([25.0]))
    assert (result - reference).abs().mean() < 0.05 * reference.std()


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_an_enlarging_network_enlarges_and_starts_from_bicubic(scale):
    network = Compact(8, (1,), 1, (1,), shuffle=1, scale=scale).eval().requires_grad_(False)
    image = picture(1, 3, 12, 10)
    assert network(image).shape == (1, 3, 12 * scale, 10 * scale)
    network.ending.weight.zero_()
    network.ending.bias.zero_()
    torch.testing.assert_close(
        network(image), nn.functional.interpolate(image, scale_factor=scale, mode="bicubic")
    )


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_mosaic_is_filled_from_its_neighbours_in_every_phase(pattern):
    """Exact where every colour is a plane, but at the edges, where mirroring bends it."""
    rows, columns = torch.meshgrid(torch.arange(12.0), torch.arange(14.0), indexing="ij")
    plane = torch.stack([0.2 + 0.02 * rows, 0.1 + 0.03 * columns, 0.5 - 0.01 * rows + 0.01 * columns])[None]
    filled = fill_mosaic(mosaic(plane, pattern))
    torch.testing.assert_close(filled[..., 1:-1, 1:-1], plane[..., 1:-1, 1:-1])
    flat = torch.tensor([0.2, 0.5, 0.8])[None, :, None, None].expand(1, 3, 8, 8)
    torch.testing.assert_close(fill_mosaic(mosaic(flat, pattern)), flat)


def test_what_was_measured_is_not_rounded_where_autocast_is():
    measured = mosaic(picture(1, 3, 8, 8))
    with torch.autocast("cpu", torch.bfloat16):
        filled = fill_mosaic(measured)
    assert torch.equal(filled[measured > 0], measured[measured > 0])


def test_gate_has_the_gradient_that_autograd_would_find():
    x = torch.randn(2, 6, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(gate, (x,))
    with torch.no_grad():
        assert torch.equal(gate(x), x[:, :3] * x[:, 3:])


def test_as_made_it_hardly_changes_the_blocks_input():
    """The residual branches start at zero: a deep network is as easy to train as a shallow one."""
    network = Compact(**SMALL)
    scales = [p for name, p in network.named_parameters() if name.endswith("scale")]
    assert len(scales) == 12
    assert all(not scale.any() for scale in scales)
    assert all(isinstance(module, nn.Conv2d) for module in network.downs)
