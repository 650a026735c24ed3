"""Bicubic resizing as Matlab's imresize does it: the inputs and baselines of super-resolution tables.

The kernel is widened where an image becomes smaller (antialiasing), which cubic resizing elsewhere often
leaves out: an input made without it is another problem, almost a decibel easier or harder.
"""

import math
from typing import Literal

import torch
from torch import Tensor

# What lies beyond an edge. Matlab mirrors; its older releases, which made Set14's small images, repeat.
Border = Literal["mirror", "repeat"]

_REACH = 2.0  # of the cubic kernel, in pixels


def matlab_bicubic(
    image: Tensor,
    size: tuple[int, int],
    *,
    scale: float | None = None,
    border: Border = "mirror",
    eight_bit: bool = False,
) -> Tensor:
    """(..., h, w) -> (..., *size), in the image's own dtype; computed in float64.

    `scale` is the factor of imresize(image, scale); not given, it is size over size, as imresize(image, size)
    has it. `eight_bit` does what Matlab does to uint8 pixels (here in [0, 1]): it rounds and clips them
    after the first axis and again after the second.
    """
    # Whole numbers, so that halves are met exactly and rounded as Matlab rounds them.
    result = (image.double() * 255).round() if eight_bit else image.double()
    scales = tuple(scale or new / old for new, old in zip(size, image.shape[-2:], strict=True))
    # The axis that shrinks most comes first; of equal ones, the rows.
    for axis in sorted((-2, -1), key=lambda axis: scales[axis]):
        result = _resized(result, axis, size[axis], scales[axis], border)
        if eight_bit:
            result = (result + 0.5).floor().clamp(0, 255)
    return (result / 255 if eight_bit else result).to(image.dtype)


def shrink_8_bit(image: Tensor, scale: int, *, border: Border = "mirror") -> Tensor:
    """The input of a super-resolution table: the 8-bit image made `scale` times smaller.

    What is left over when a side is divided by the scale is cut off first (right and below).
    """
    height, width = (side // scale for side in image.shape[-2:])
    whole = image[..., : height * scale, : width * scale]
    return matlab_bicubic(whole, (height, width), scale=1 / scale, border=border, eight_bit=True)


def _resized(image: Tensor, axis: int, length: int, scale: float, border: Border) -> Tensor:
    matrix = _matrix(image.shape[axis], length, scale, border).to(image.device)
    return matrix @ image if axis == -2 else image @ matrix.T


def _matrix(before: int, after: int, scale: float, border: Border) -> Tensor:
    """What each pixel of the result takes of each pixel there was: (after, before)."""
    narrow = min(scale, 1.0)
    centres = (torch.arange(after, dtype=torch.float64)[:, None] + 0.5) / scale - 0.5
    places = (centres - _REACH / narrow).floor() + torch.arange(math.ceil(2 * _REACH / narrow) + 2)
    weights = _cubic((centres - places) * narrow)
    weights = weights / weights.sum(1, keepdim=True)
    matrix = torch.zeros(after, before, dtype=torch.float64)
    # Most of it is zeros, and one product with all of it is still faster than many with the few others.
    return matrix.scatter_add_(1, _inside(places.long(), before, border), weights)


def _cubic(x: Tensor) -> Tensor:
    """Keys' kernel with a = -1/2."""
    x = x.abs()
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x <= 1, near, torch.where(x <= _REACH, far, 0.0))


def _inside(places: Tensor, length: int, border: Border) -> Tensor:
    if border == "repeat":
        return places.clamp(0, length - 1)
    places = places % (2 * length)
    return torch.where(places < length, places, 2 * length - 1 - places)
