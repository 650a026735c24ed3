"""Demosaicing by rule: a Bayer mosaic to three colours, for cameras made on purpose and for baselines.

A mosaic is (..., h, w), one value per pixel; its pattern names the colours of its first two rows.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor


@lru_cache(maxsize=16)
def sites(pattern: str, height: int, width: int) -> Tensor:
    """(3, h, w): true where red, green, blue are measured."""
    cell = torch.zeros(3, 2, 2, dtype=torch.bool)
    for position, colour in enumerate(pattern):
        cell["rgb".index(colour), position // 2, position % 2] = True
    return cell.repeat(1, -(-height // 2), -(-width // 2))[:, :height, :width]


def mosaicked(image: Tensor, pattern: str) -> Tensor:
    """(..., 3, h, w) with zeros where a sensor of this pattern does not measure."""
    return image * sites(pattern, *image.shape[-2:])


def bilinear(mosaic: Tensor, pattern: str) -> Tensor:
    """The mean of the nearest measured values of each colour."""
    return _filled(mosaicked(mosaic.unsqueeze(-3), pattern))


def malvar(mosaic: Tensor, pattern: str) -> Tensor:
    """Malvar, He, Cutler (2004): bilinear, corrected by the slope of the colour that was measured."""
    red, green, blue = sites(pattern, *mosaic.shape[-2:])
    cross, along, across, apart = _convolved(mosaic, _MALVAR).unbind(-3)
    in_red_row = _rows_of(red)
    # Of red on a green pixel: its neighbours lie left and right in red's rows, above and below in blue's.
    red_on_green = torch.where(in_red_row, along, across)
    blue_on_green = torch.where(in_red_row, across, along)
    return torch.stack(
        (
            torch.where(red, mosaic, torch.where(green, red_on_green, apart)),
            torch.where(green, mosaic, cross),
            torch.where(blue, mosaic, torch.where(green, blue_on_green, apart)),
        ),
        dim=-3,
    )


def edge_aware(mosaic: Tensor, pattern: str) -> Tensor:
    """Green along the direction in which the mosaic changes least (Hamilton, Adams 1997), then the
    differences of red and blue to it, bilinear.
    """
    measured = sites(pattern, *mosaic.shape[-2:])
    flat = _convolved(mosaic, _DIRECTED)
    beside, above, slope_beside, slope_above, bend_beside, bend_above = flat.unbind(-3)
    change_beside = slope_beside.abs() + bend_beside.abs()
    change_above = slope_above.abs() + bend_above.abs()
    found = torch.where(change_beside < change_above, beside, above)
    found = torch.where(change_beside == change_above, (beside + above) / 2, found)
    green = torch.where(measured[1], mosaic, found).unsqueeze(-3)
    # What is filled in is red minus green, green minus green, blue minus green.
    return green + _filled((mosaic.unsqueeze(-3) - green) * measured)


DEMOSAICINGS: Mapping[str, Callable[[Tensor, str], Tensor]] = {
    "bilinear": bilinear,
    "malvar": malvar,
    "edge-aware": edge_aware,
}


def _rows_of(site: Tensor) -> Tensor:
    """(h, 1): the rows in which a colour is measured."""
    return site[:, :2].any(1, keepdim=True)


def _filled(sparse: Tensor) -> Tensor:
    """(..., 3, h, w) with zeros where nothing was measured: each the mean of its nearest neighbours."""
    flat = sparse.reshape(-1, 3, *sparse.shape[-2:])
    return F.conv2d(F.pad(flat, (1, 1, 1, 1), mode="reflect"), _NEIGHBOURS, groups=3).reshape(sparse.shape)


def _convolved(mosaic: Tensor, kernels: Tensor) -> Tensor:
    """(..., h, w) -> (..., n, h, w); mirrored without repeating the edge, which keeps the phase going."""
    flat = mosaic.reshape(-1, 1, *mosaic.shape[-2:])
    result = F.conv2d(F.pad(flat, (2, 2, 2, 2), mode="reflect"), kernels)
    return result.reshape(*mosaic.shape[:-2], *result.shape[1:])


def _row(*taps: float) -> Tensor:
    """A 5x5 kernel of one row."""
    kernel = torch.zeros(5, 5)
    kernel[2] = torch.tensor(taps)
    return kernel


def _neighbours() -> Tensor:
    few = torch.tensor([[0, 0.25, 0], [0.25, 1, 0.25], [0, 0.25, 0]])  # green is measured at every second
    fewer = torch.tensor([[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]])
    return torch.stack((fewer, few, fewer))[:, None]


def _malvar_kernels() -> Tensor:
    """Green from a cross; a colour that lies left and right, above and below, and across the corners."""
    cross = torch.tensor(
        [[0, 0, -1, 0, 0], [0, 0, 2, 0, 0], [-1, 2, 4, 2, -1], [0, 0, 2, 0, 0], [0, 0, -1, 0, 0]]
    )
    along = torch.tensor(
        [[0, 0, 0.5, 0, 0], [0, -1, 0, -1, 0], [-1, 4, 5, 4, -1], [0, -1, 0, -1, 0], [0, 0, 0.5, 0, 0]]
    )
    apart = torch.tensor(
        [[0, 0, -1.5, 0, 0], [0, 2, 0, 2, 0], [-1.5, 0, 6, 0, -1.5], [0, 2, 0, 2, 0], [0, 0, -1.5, 0, 0]]
    )
    return torch.stack((cross.float(), along, along.T, apart))[:, None] / 8


def _directed_kernels() -> Tensor:
    """Green from left and right and from above and below, and how much the mosaic changes each way."""
    mean = _row(-0.25, 0.5, 0.5, 0.5, -0.25)
    slope = _row(0, -1, 0, 1, 0)
    bend = _row(-1, 0, 2, 0, -1)
    return torch.stack((mean, mean.T, slope, slope.T, bend, bend.T))[:, None]


_NEIGHBOURS, _MALVAR, _DIRECTED = _neighbours(), _malvar_kernels(), _directed_kernels()
