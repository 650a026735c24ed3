"""The mean over the eight flips and rotations of a tile (self-ensemble, "x8")."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

# (transposed, upside down, left-right): every symmetry of the square, once.
SYMMETRIES = tuple(
    (transposed, down, across)
    for transposed in (False, True)
    for down in (False, True)
    for across in (False, True)
)


def ensemble8(
    network: Callable[[Tensor], Tensor], x: Tensor, *, mosaic_multiple: int | None = None
) -> Tensor:
    """x (B, C, h, w) through the network in all eight positions, each turned back; their mean in float32.

    Half of the eight see the tile as (w, h): a network that needs multiples needs them on both sides. One
    that takes GRBG mosaics only, in multiples of `mosaic_multiple`, sees all eight in that phase.
    """
    total: Tensor | None = None
    for symmetry in SYMMETRIES:
        turned = turn(x, symmetry)
        seen = (
            network(turned)
            if mosaic_multiple is None
            else _as_grbg(network, turned, symmetry, mosaic_multiple)
        )
        result = turn_back(seen, symmetry).float()
        total = result.clone() if total is None else total.add_(result)
    assert total is not None
    return total.div_(len(SYMMETRIES))


def _as_grbg(
    network: Callable[[Tensor], Tensor], turned: Tensor, symmetry: tuple[bool, bool, bool], multiple: int
) -> Tensor:
    """Turning a mosaic of even sides moves its phase; a mirrored row or column before it moves it back."""
    transposed, down, across = symmetry
    top, left = int(transposed != down), int(transposed != across)
    more = multiple - 1
    moved = F.pad(turned, (left, left * more, top, top * more), mode="reflect")
    height, width = turned.shape[-2:]
    return network(moved)[..., top : top + height, left : left + width]


def turn(x: Tensor, symmetry: tuple[bool, bool, bool]) -> Tensor:
    transposed, *flips = symmetry
    axes = [axis for axis, flipped in zip((-2, -1), flips, strict=True) if flipped]
    x = x.transpose(-2, -1) if transposed else x
    return x.flip(axes) if axes else x


def turn_back(x: Tensor, symmetry: tuple[bool, bool, bool]) -> Tensor:
    transposed, *flips = symmetry
    axes = [axis for axis, flipped in zip((-2, -1), flips, strict=True) if flipped]
    x = x.flip(axes) if axes else x
    return x.transpose(-2, -1) if transposed else x
