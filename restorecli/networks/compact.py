"""A small U-Net of NAF blocks behind a pixel unshuffle: the network of the embedded defaults.

Every layer is local (no pooling over the tile), so that a photo gives the same result whatever the tile.
Time goes into passes over memory, not into the convolutions, so two passes of a NAF block are folded away:
the affine part of LayerNorm (the 1x1 convolution behind it has the same freedom), and the scale of the
residual branch (it scales the weights of the branch's last convolution, not its output).
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def channel_norm(x: Tensor) -> Tensor:
    """LayerNorm over the channels of each pixel; the permuted view costs nothing in channels_last."""
    return F.layer_norm(x.permute(0, 2, 3, 1), (x.shape[1],), eps=1e-6).permute(0, 3, 1, 2)


class _Gate(torch.autograd.Function):
    """Half of the channels times the other half; backward writes both gradients into one tensor.

    Autograd's own way through chunk() concatenates, which was 15 % of a training step.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        left, right = x.chunk(2, dim=1)
        return left * right

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        left, right = x.chunk(2, dim=1)
        result = torch.empty_like(x)
        to_left, to_right = result.chunk(2, dim=1)
        torch.mul(grads[0], right, out=to_left)
        torch.mul(grads[0], left, out=to_right)
        return result


def gate(x: Tensor) -> Tensor:
    """(B, 2C, h, w) -> (B, C, h, w)."""
    if x.requires_grad:
        return _Gate.apply(x)
    left, right = x.chunk(2, dim=1)
    return left * right


class ScaledConv(nn.Conv2d):
    """A 1x1 convolution whose output has a learned scale per channel, zero at the start."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 1)
        self.scale = nn.Parameter(torch.zeros(channels))

    def forward(self, input: Tensor) -> Tensor:
        weight = self.weight * self.scale[:, None, None, None]
        assert self.bias is not None
        return F.conv2d(input, weight, self.bias * self.scale)


class Block(nn.Module):
    """Spatial mixing, then channel mixing; each is a gate (half times half) in a residual branch."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.spatial_in = nn.Conv2d(channels, 2 * channels, 1)
        self.spatial = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1, groups=2 * channels)
        self.spatial_out = ScaledConv(channels)
        self.channel_in = nn.Conv2d(channels, 2 * channels, 1)
        self.channel_out = ScaledConv(channels)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.spatial_out(gate(self.spatial(self.spatial_in(channel_norm(x)))))
        return x + self.channel_out(gate(self.channel_in(channel_norm(x))))


def blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Block(channels) for _ in range(count)))


def fill_mosaic(x: Tensor) -> Tensor:
    """Bilinear demosaicing, whatever the phase: what was not measured is the mean of its nearest neighbours.

    Mirroring without repeating the edge keeps the phase going. Sums of slices, because a convolution would
    round the measured values wherever autocast makes it one of 16 bits.
    """
    padded = F.pad(x, (1, 1, 1, 1), mode="reflect")
    rows = padded[..., 1:-1, :] + 0.5 * (padded[..., :-2, :] + padded[..., 2:, :])
    filled = rows[..., 1:-1] + 0.5 * (rows[..., :-2] + rows[..., 2:])
    green = padded[:, 1:2]
    above_below = green[..., :-2, 1:-1] + green[..., 2:, 1:-1]
    filled[:, 1:2] = x[:, 1:2] + 0.25 * (above_below + green[..., 1:-1, :-2] + green[..., 1:-1, 2:])
    return filled


class Compact(nn.Module):
    """x (B, channels, h, w) in [0, 1], h and w multiples of shuffle * 2**len(encoder); the output is `scale`
    times as large. The network works on pixels put together shuffle x shuffle, and adds to what `start`
    makes of x.

    `level` (B,) is the strength of the damage on its own scale, from level_low to level_high; None, or NaN
    for one of the images, is blind.
    """

    def __init__(
        self,
        width: int = 32,
        encoder: Sequence[int] = (1, 1, 1),
        middle: int = 4,
        decoder: Sequence[int] = (1, 1, 1),
        level_low: float = 0.0,
        level_high: float = 1.0,
        shuffle: int = 2,
        scale: int = 1,
        mosaic: bool = False,  # x is a Bayer mosaic, with zeros where nothing was measured
        channels: int = 3,
    ) -> None:
        super().__init__()
        widths = [width * 2**depth for depth in range(len(encoder) + 1)]
        self.level_low, self.level_high = level_low, level_high
        self.shuffle, self.scale, self.mosaic = shuffle, scale, mosaic
        self.intro = nn.Conv2d(channels * shuffle**2, width, 3, padding=1)
        self.steer = nn.Linear(2, width, bias=False)
        self.encoders = nn.ModuleList(blocks(c, count) for c, count in zip(widths, encoder, strict=False))
        self.downs = nn.ModuleList(nn.Conv2d(c, 2 * c, 2, stride=2) for c in widths[:-1])
        self.middle = blocks(widths[-1], middle)
        self.ups = nn.ModuleList(nn.Conv2d(2 * c, 4 * c, 1, bias=False) for c in reversed(widths[:-1]))
        self.decoders = nn.ModuleList(
            blocks(c, count) for c, count in zip(reversed(widths[:-1]), decoder, strict=True)
        )
        self.ending = nn.Conv2d(width, channels * (shuffle * scale) ** 2, 3, padding=1)
        nn.init.zeros_(self.steer.weight)

    def forward(self, x: Tensor, level: Tensor | None = None) -> Tensor:
        features = self.intro(F.pixel_unshuffle(x, self.shuffle))
        if level is not None:
            features = features + self.steering(level, features.dtype)
        skips = []
        for encode, down in zip(self.encoders, self.downs, strict=True):
            features = encode(features)
            skips.append(features)
            features = down(features)
        features = self.middle(features)
        for up, decode in zip(self.ups, self.decoders, strict=True):
            features = decode(F.pixel_shuffle(up(features), 2) + skips.pop())
        residual = F.pixel_shuffle(self.ending(features), self.shuffle * self.scale)
        return self.start(x.float()) + residual.float()

    def start(self, x: Tensor) -> Tensor:
        """The simple answer, which the network corrects."""
        if self.mosaic:
            return fill_mosaic(x)
        if self.scale > 1:
            return F.interpolate(x, scale_factor=self.scale, mode="bicubic")
        return x

    def steering(self, level: Tensor, dtype: torch.dtype) -> Tensor:
        """(B, width, 1, 1), zero where the level is NaN: that image is restored blind."""
        known = torch.isfinite(level)
        value = ((torch.nan_to_num(level) - self.level_low) / (self.level_high - self.level_low)).clamp(0, 1)
        inputs = torch.stack((known, value * known), dim=1).to(self.steer.weight.dtype)
        return self.steer(inputs)[:, :, None, None].to(dtype)
