"""RNAN: residual groups whose branches are gated by a mask, two of them with non-local attention.

Zhang et al., "Residual Non-local Attention Networks for Image Restoration", 2019.
"""

import torch
from torch import Tensor, nn

from .attention import query_softmax_attention
from .layers import MeanShift, Upsampler, channels_last, conv, res_blocks, run_blocks


class NonLocal(nn.Module):
    """x + W(attention); the softmax runs over the queries, and the scores are not scaled."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (conv(features, features // 2, 1) for _ in range(3))
        self.out = conv(features // 2, features, 1)

    def forward(self, x: Tensor) -> Tensor:
        flat = (branch(x).flatten(2) for branch in (self.query, self.key, self.value))
        y = query_softmax_attention(*flat)
        return self.out(y.unflatten(2, x.shape[2:])).add_(x)


class Mask(nn.Module):
    """How much of the trunk counts, in (0, 1): seen at full and, over a wider field, at half size."""

    def __init__(self, features: int, *, non_local: bool) -> None:
        super().__init__()
        self.attention = NonLocal(features) if non_local else nn.Identity()
        self.first = res_blocks(1, features)
        self.down = nn.Conv2d(features, features, 3, stride=2, padding=1)
        self.coarse = res_blocks(2, features)
        self.up = nn.ConvTranspose2d(features, features, 6, stride=2, padding=2)
        self.last = res_blocks(1, features)
        self.fuse = conv(features, features, 1)

    def forward(self, x: Tensor) -> Tensor:
        full = run_blocks(self.first, self.attention(x))
        half = self.up(run_blocks(self.coarse, self.down(full)))
        return self.fuse(run_blocks(self.last, full + half)).sigmoid_()


class Group(nn.Module):
    """Trunk times mask, plus what went in, and a convolution. No skip around the whole."""

    def __init__(self, features: int, *, non_local: bool = False) -> None:
        super().__init__()
        self.head = res_blocks(1, features)
        self.trunk = res_blocks(2, features)
        self.mask = Mask(features, non_local=non_local)
        self.tail = res_blocks(2, features)
        self.fuse = conv(features, features)

    def forward(self, x: Tensor) -> Tensor:
        x = run_blocks(self.head, x)
        gated = torch.addcmul(x, run_blocks(self.trunk, x), self.mask(x))
        return self.fuse(run_blocks(self.tail, gated))


class RNAN(nn.Module):
    """x (B, colors, h, w) in [0, 255], h and w even -> the same shape, or larger by `scale`.

    With scale 1 the network gives what is added to its input; the enlarging variant takes the means off
    instead and adds the shallow features to the deep ones.
    """

    def __init__(self, *, colors: int = 3, groups: int = 10, features: int = 64, scale: int = 1) -> None:
        super().__init__()
        self.head = conv(colors, features)
        self.low = Group(features, non_local=True)
        self.body = nn.Sequential(*(Group(features) for _ in range(groups - 2)), conv(features, features))
        self.high = Group(features, non_local=True)
        if scale == 1:
            self.tail = conv(features, colors)
        else:
            self.subtract_mean, self.add_mean = MeanShift(colors), MeanShift(colors)
            self.tail = Upsampler(features, colors, scale)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        x = channels_last(x)
        if self.scale == 1:
            return x + self.tail(self.high(self.body(self.low(self.head(x)))))
        shallow = self.head(self.subtract_mean(x))
        deep = self.high(self.body(self.low(shallow)))
        return self.add_mean(self.tail(deep + shallow))
