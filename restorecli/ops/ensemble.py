"""The mean over the eight flips and rotations of a tile (self-ensemble, "x8")."""

from collections.abc import Callable

from torch import Tensor

# (transposed, upside down, left-right): every symmetry of the square, once.
SYMMETRIES = tuple(
    (transposed, down, across)
    for transposed in (False, True)
    for down in (False, True)
    for across in (False, True)
)


def ensemble8(network: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """x (B, C, h, w) through the network in all eight positions, each turned back; their mean in float32.

    Half of the eight see the tile as (w, h): a network that needs multiples needs them on both sides.
    """
    total: Tensor | None = None
    for symmetry in SYMMETRIES:
        result = turn_back(network(turn(x, symmetry)), symmetry).float()
        total = result.clone() if total is None else total.add_(result)
    assert total is not None
    return total.div_(len(SYMMETRIES))


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
