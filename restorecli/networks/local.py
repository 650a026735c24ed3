"""A tiny local network with weights from a formula: the engine's laws are tested with it.

It is what an engine must get right in small: a pixel-unshuffle (sizes and places must be multiples), two
convolutions that look over the edges of a tile (the tile needs its halo), an input that is added to the
output, and an enlarging head.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Local(nn.Module):
    """x (B, channels, h, w), h and w multiples of `unshuffle` -> (B, channels, h * scale, w * scale).

    The edge of a tile changes its outermost `halo` pixels and no other.
    """

    def __init__(self, channels: int = 3, width: int = 8, unshuffle: int = 1, scale: int = 1) -> None:
        super().__init__()
        self.unshuffle, self.scale = unshuffle, scale
        self.inner = nn.Conv2d(channels * unshuffle**2, width, 3, padding=1)
        self.outer = nn.Conv2d(width, channels * (unshuffle * scale) ** 2, 3, padding=1)
        with torch.no_grad():
            for number, parameter in enumerate(self.parameters()):
                places = torch.arange(parameter.numel(), dtype=torch.float32).reshape(parameter.shape)
                parameter.copy_(torch.sin(places * 12.9898 + number) * 0.1)

    @property
    def halo(self) -> int:
        # Each convolution looks one cell of `unshuffle` pixels to each side.
        return 2 * self.unshuffle

    def forward(self, x: Tensor) -> Tensor:
        features = F.gelu(self.inner(F.pixel_unshuffle(x, self.unshuffle)))
        change = F.pixel_shuffle(self.outer(features), self.unshuffle * self.scale)
        return (
            F.interpolate(x, scale_factor=self.scale, mode="nearest") + change
            if self.scale > 1
            else x + change
        )
