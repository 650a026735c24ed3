"""MHNet: a U-Net of NAF blocks with channel attention, refined at full size by four groups of blocks.

Gao et al., "Mixed Hierarchy Network for Image Restoration", 2023.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layers import channels_last, conv

POOL_TO_TRAINING = 1.5  # side of the local pooling's window, relative to the training size
KEPT = ((1, 2), (2, 3), (3, 4), (4, 5))  # shares of the channels that each attention looks at


class ChannelNorm(nn.Module):
    """LayerNorm over the channels of each pixel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        last = x.permute(0, 2, 3, 1)
        return F.layer_norm(last, self.weight.shape, self.weight, self.bias, eps=1e-6).permute(0, 3, 1, 2)


def gate(x: Tensor) -> Tensor:
    left, right = x.chunk(2, dim=1)
    return left * right


class Pool(nn.Module):
    """The mean over the map; or, with a window given, over the window around each pixel (TLC).

    At its edges the map gets the nearest mean of a window that lies inside.
    """

    window: tuple[int, int] | None = None

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        if self.window is None or (self.window[0] >= height and self.window[1] >= width):
            return x.mean((2, 3), keepdim=True)
        rows, columns = min(self.window[0], height), min(self.window[1], width)
        # Float64: the differences of long sums would lose digits.
        sums = F.pad(x.double().cumsum(2).cumsum(3), (1, 0, 1, 0))
        across = sums[..., columns:] - sums[..., :-columns]
        means = (across[:, :, rows:] - across[:, :, :-rows]).div_(rows * columns)
        missing_rows, missing_columns = height - means.shape[2], width - means.shape[3]
        left, top = missing_columns // 2, missing_rows // 2
        edges = (left, missing_columns - left, top, missing_rows - top)
        return F.pad(means, edges, mode="replicate").to(x.dtype)


class Block(nn.Module):
    """Spatial mixing with channel attention, then channel mixing; each in a scaled residual branch."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = ChannelNorm(channels), ChannelNorm(channels)
        self.conv1 = conv(channels, 2 * channels, 1)
        self.conv2 = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1, groups=2 * channels)
        self.pool = Pool()
        self.attend = conv(channels, channels, 1)
        self.conv3 = conv(channels, channels, 1)
        self.conv4 = conv(channels, 2 * channels, 1)
        self.conv5 = conv(channels, channels, 1)
        self.beta = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        y = gate(self.conv2(self.conv1(self.norm1(x))))
        x = x + self.beta * self.conv3(y * self.attend(self.pool(y)))
        return x + self.gamma * self.conv5(gate(self.conv4(self.norm2(x))))


def blocks(count: int, channels: int) -> nn.Sequential:
    return nn.Sequential(*(Block(channels) for _ in range(count)))


class Up(nn.Sequential):
    """(B, c, h, w) -> (B, c / 2, 2h, 2w)."""

    def __init__(self, channels: int) -> None:
        super().__init__(conv(channels, 2 * channels, 1, bias=False), nn.PixelShuffle(2))


class ChannelAttention(nn.Module):
    """Attention between channels, four times, with fewer and fewer of the weakest left out."""

    def __init__(self, channels: int, heads: int = 8) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv = conv(channels, 3 * channels, 1, bias=False)
        self.spread = nn.Conv2d(3 * channels, 3 * channels, 3, padding=1, groups=3 * channels, bias=False)
        self.out = conv(channels, channels, 1, bias=False)
        self.shares = nn.ParameterList(torch.full((1,), 0.2) for _ in KEPT)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        heads = len(self.temperature)
        qkv = self.spread(self.qkv(x)).flatten(2).chunk(3, dim=1)
        query, key, value = (part.unflatten(1, (heads, -1)) for part in qkv)  # (B, 8, C, h * w)
        scores = F.normalize(query, dim=-1) @ F.normalize(key, dim=-1).transpose(-2, -1) * self.temperature
        channels = scores.shape[-1]
        weights = torch.zeros_like(scores)
        for share, (part, whole) in zip(self.shares, KEPT, strict=True):
            best, places = scores.topk(channels * part // whole, dim=-1)
            weights.scatter_add_(-1, places, best.softmax(-1) * share)
        return self.out((weights @ value).flatten(1, 2).unflatten(2, (height, width)))


class UNet(nn.Module):
    """x (B, 3, h, w) -> the features of each encoder stage (not yet halved) and of each decoder stage."""

    def __init__(self, width: int, encoder: Sequence[int], decoder: Sequence[int]) -> None:
        super().__init__()
        widths = [width * 2**stage for stage in range(len(encoder) + 1)]
        self.intro = conv(3, width)
        self.encoders = nn.ModuleList(blocks(n, c) for n, c in zip(encoder, widths[:-1], strict=True))
        self.downs = nn.ModuleList(nn.Conv2d(c, 2 * c, 2, stride=2) for c in widths[:-1])
        self.middle = ChannelAttention(widths[-1])
        self.ups = nn.ModuleList(Up(c) for c in widths[:0:-1])
        self.decoders = nn.ModuleList(blocks(n, c) for n, c in zip(decoder, widths[-2::-1], strict=True))

    def forward(self, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        x = self.intro(x)
        encoded: list[Tensor] = []
        for encode, down in zip(self.encoders, self.downs, strict=True):
            encoded.append(encode(x))
            x = down(encoded[-1])
        x = self.middle(x)
        decoded: list[Tensor] = []
        for up, decode, skip in zip(self.ups, self.decoders, reversed(encoded), strict=True):
            x = decode(up(x) + skip)
            decoded.append(x)
        return encoded, decoded


class Fusion(nn.Module):
    """Adds features, an encoder's and a decoder's, each weighted by a softmax over its channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = max(channels // 8, 4)
        self.pool = Pool()
        self.squeeze = conv(channels, squeezed, 1, bias=False)
        self.expand = nn.ModuleList(conv(squeezed // 2, channels, 1, bias=False) for _ in range(3))

    def forward(self, x: Tensor, encoded: Tensor, decoded: Tensor) -> Tensor:
        squeezed = gate(self.squeeze(self.pool(x + encoded + decoded)))
        parts = zip((x, encoded, decoded), self.expand, strict=True)
        first, second, third = (part * expand(squeezed).softmax(1) for part, expand in parts)
        return first + second + third


class Refinement(nn.Module):
    """Four groups of blocks at full size; after each the features of one scale are fused in."""

    def __init__(self, width: int, group: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(ChannelNorm(width) for _ in range(4))
        self.groups = nn.ModuleList(blocks(group, width) for _ in range(4))
        self.fusions = nn.ModuleList(Fusion(width) for _ in range(4))
        self.enlarge_encoded = nn.ModuleList(self.enlarger(width, stage) for stage in range(4))
        self.enlarge_decoded = nn.ModuleList(self.enlarger(width, stage) for stage in range(4))
        self.conv_encoded = nn.ModuleList(conv(width, width, 1, bias=False) for _ in range(4))
        self.conv_decoded = conv(width, width, 1, bias=False)  # one for all four

    @staticmethod
    def enlarger(width: int, stage: int) -> nn.Sequential:
        """From width * 2**stage channels at 1 / 2**stage of the size to `width` channels at full size."""
        return nn.Sequential(*(Up(width * 2**step) for step in range(stage, 0, -1)))

    def forward(self, x: Tensor, encoded: list[Tensor], decoded: list[Tensor]) -> Tensor:
        for stage, (from_encoder, from_decoder) in enumerate(zip(encoded, reversed(decoded), strict=True)):
            x = self.norms[stage](x)
            x = self.groups[stage](x) + x
            from_encoder = self.conv_encoded[stage](self.enlarge_encoded[stage](from_encoder))
            from_decoder = self.conv_decoded(self.enlarge_decoded[stage](from_decoder))
            x = self.fusions[stage](x, from_encoder, from_decoder)
        return x


class MHNet(nn.Module):
    """x (B, 3, h, w) in [0, 1], h and w multiples of 16 -> the same shape.

    `local_pooling` is the side of the training crops: with it, means over the image become means over a
    window of 1.5 times that side, so that large images are seen as the training crops were (TLC).
    """

    def __init__(
        self,
        *,
        width: int = 64,
        group: int = 8,
        encoder: Sequence[int] = (1, 1, 1, 28),
        decoder: Sequence[int] = (1, 1, 1, 1),
        local_pooling: int | None = None,
    ) -> None:
        super().__init__()
        self.unet = UNet(width, encoder, decoder)
        self.intro = conv(3, width, bias=False)
        self.concat = conv(2 * width, width, 1, bias=False)
        self.refine = Refinement(width, group)
        self.ending = conv(width, 3, bias=False)
        if local_pooling is not None:
            self.pool_locally(local_pooling)

    def pool_locally(self, training_size: int) -> None:
        side = int(training_size * POOL_TO_TRAINING)
        stages = [*self.unet.encoders, *reversed(self.unet.decoders)]
        count = len(self.unet.encoders)
        for index, stage in enumerate(stages):
            depth = index % count
            for module in stage.modules():
                if isinstance(module, Pool):
                    module.window = (side >> depth, side >> depth)
        for module in self.refine.modules():
            if isinstance(module, Pool):
                module.window = (side, side)

    def forward(self, x: Tensor) -> Tensor:
        x = channels_last(x)
        encoded, decoded = self.unet(x)
        features = self.concat(torch.cat((self.intro(x), decoded[-1]), dim=1))
        return self.ending(self.refine(features, encoded, decoded)) + x
