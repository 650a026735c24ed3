import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from restorecli.ops.degrade import mosaic
from restorecli.ops.ensemble import SYMMETRIES, ensemble8, turn, turn_back

sides = st.integers(1, 12)


def image(height: int, width: int) -> Tensor:
    return torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(height * 100 + width))


def test_the_eight_symmetries_are_eight_different_pictures() -> None:
    x = torch.arange(9.0).reshape(1, 1, 3, 3)
    assert len({tuple(turn(x, symmetry).flatten().tolist()) for symmetry in SYMMETRIES}) == 8


@given(sides, sides)
def test_turning_back_undoes_turning(height: int, width: int) -> None:
    x = image(height, width)
    for symmetry in SYMMETRIES:
        assert torch.equal(turn_back(turn(x, symmetry), symmetry), x)


@given(sides, sides)
def test_a_network_of_single_pixels_is_not_changed(height: int, width: int) -> None:
    x = image(height, width)
    torch.testing.assert_close(ensemble8(lambda t: t * 0.5 + 0.1, x), x * 0.5 + 0.1, rtol=0, atol=1e-6)


def test_a_direction_is_averaged_away() -> None:
    """A shift to the right becomes the mean of shifts to all four sides."""
    x = image(5, 7)
    shifted = ensemble8(lambda t: t.roll(1, -1), x)
    expected = (x.roll(1, -1) + x.roll(-1, -1) + x.roll(1, -2) + x.roll(-1, -2)) / 4
    torch.testing.assert_close(shifted, expected, rtol=0, atol=1e-6)


def test_enlarging_networks() -> None:
    x = image(3, 5)
    enlarged = ensemble8(lambda t: t.repeat_interleave(2, -1).repeat_interleave(2, -2), x)
    torch.testing.assert_close(
        enlarged, x.repeat_interleave(2, -1).repeat_interleave(2, -2), rtol=0, atol=1e-6
    )


def test_the_input_is_not_changed() -> None:
    x = image(4, 4)
    before = x.clone()
    ensemble8(lambda t: t, x)
    assert torch.equal(x, before)


def test_a_mosaic_keeps_its_phase_in_all_eight_positions() -> None:
    seen: list[Tensor] = []

    def network(x: Tensor) -> Tensor:
        assert x.shape[-2] % 4 == x.shape[-1] % 4 == 0
        seen.append(x)
        return x

    x = mosaic(image(8, 12) + 0.1)
    torch.testing.assert_close(ensemble8(network, x, mosaic_multiple=4), x)
    assert len(seen) == 8
    assert all(torch.equal(mosaic(turned), turned) for turned in seen)
