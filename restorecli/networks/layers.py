"""Pieces that two or more of the published networks share."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# oneDNN's product of float32 matrices: on AMD processors about twice as fast as the BLAS behind torch.mm,
# which takes its slower path there. Not every build of PyTorch has it.
_ONEDNN_LINEAR = (
    getattr(torch.ops.mkldnn, "_linear_pointwise", None) if torch.backends.mkldnn.is_available() else None
)


_ONEDNN_PACK = getattr(torch.ops.mkldnn, "_reorder_linear_weight", None)


def packed(columns: Tensor, rows: int) -> Tensor:
    """columns (N, K) as `product` wants them, for several products with about `rows` rows each.

    oneDNN brings them into its own order in every product: with a hundred rows that is a fifth of the time.
    """
    if _ONEDNN_LINEAR is None or _ONEDNN_PACK is None:
        return columns
    return _ONEDNN_PACK(columns, rows) if _takes(columns) else columns


def _takes(x: Tensor) -> bool:
    return x.device.type == "cpu" and x.dtype == torch.float32


def product(rows: Tensor, columns: Tensor) -> Tensor:
    """rows (M, K) times the transpose of columns (N, K), packed or not -> (M, N)."""
    if _ONEDNN_LINEAR is not None and _takes(rows):
        return _ONEDNN_LINEAR(rows, columns, None, "none", [], "")
    return torch.mm(rows, columns.T)


def conv(inputs: int, outputs: int, size: int = 3, *, bias: bool = True) -> nn.Conv2d:
    """A convolution that keeps the height and width."""
    return nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=bias)


class ResBlock(nn.Module):
    """x + scale * conv(act(conv(x))); the activation is PReLU with the slope that is handed in, or ReLU.

    The slope is an argument because the published trunks share one slope among all their blocks.
    """

    def __init__(self, features: int, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = scale
        self.conv1 = conv(features, features)
        self.conv2 = conv(features, features)

    def forward(self, x: Tensor, slope: Tensor | None = None) -> Tensor:
        y = self.conv1(x)
        y = self.conv2(y.relu_() if slope is None else F.prelu(y, slope))
        return y.add_(x) if self.scale == 1 else torch.add(x, y, alpha=self.scale)


def res_blocks(count: int, features: int, scale: float = 1.0) -> nn.ModuleList:
    return nn.ModuleList(ResBlock(features, scale) for _ in range(count))


def run_blocks(blocks: nn.ModuleList, x: Tensor, slope: Tensor | None = None) -> Tensor:
    for block in blocks:
        x = block(x, slope)
    return x


class Upsampler(nn.Sequential):
    """x (B, features, h, w) -> (B, colors, h * scale, w * scale); scale 2, 3 or 4 (twice 2)."""

    def __init__(self, features: int, colors: int, scale: int) -> None:
        steps = {2: (2,), 3: (3,), 4: (2, 2)}[scale]
        layers: list[nn.Module] = []
        for step in steps:
            layers += [conv(features, features * step**2), nn.PixelShuffle(step)]
        super().__init__(*layers, conv(features, colors))


class MeanShift(nn.Conv2d):
    """Moves the colours' means; a 1x1 convolution whose values come with the weights."""

    def __init__(self, colors: int = 3) -> None:
        super().__init__(colors, colors, 1)


def channels_last(x: Tensor) -> Tensor:
    """The layout in which convolutions run fastest: 1.4 times in float32 on the CPU that was measured."""
    return x.contiguous(memory_format=torch.channels_last)
