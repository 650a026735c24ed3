"""DAGL: residual blocks around three rounds of dynamic attentive graph learning between 7x7 patches.

Mou et al., "Dynamic Attentive Graph Learning for Image Restoration", 2021.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..parallel import in_parallel
from .graph_attention import PATCH, STRIDE, graph_attention
from .layers import channels_last, conv, res_blocks, run_blocks

HEADS = 4
HEAD_FEATURES = 16
PATCH_EMBEDDING = 196


def pad_same(x: Tensor, stride: int) -> Tensor:
    """Zeros so that a window of PATCH at this stride gives ceil(size / stride) places, as TensorFlow pads."""
    pads: list[int] = []
    for size in (x.shape[3], x.shape[2]):
        total = max(0, (-(-size // stride) - 1) * stride + PATCH - size)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)


class PatchEmbedding(nn.Linear):
    """A linear layer and ReLU over each 7x7 patch: a convolution."""

    def __init__(self) -> None:
        super().__init__(HEAD_FEATURES * PATCH**2, PATCH_EMBEDDING)

    def forward(self, input: Tensor, stride: int = 1) -> Tensor:
        """(B, 16, h, w) -> (B, 196, ceil(h / stride), ceil(w / stride))."""
        weight = channels_last(self.weight.unflatten(1, (HEAD_FEATURES, PATCH, PATCH)))
        return F.conv2d(channels_last(pad_same(input, stride)), weight, self.bias, stride).relu_()


class Head(nn.Module):
    """(B, 64, h, w) -> (B, 16, h, w): every fourth pixel's patch gathers from all patches that pass its
    threshold, and is pasted back."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.graph = conv(features, HEAD_FEATURES)
        self.value = conv(features, HEAD_FEATURES, 1)
        self.query = PatchEmbedding()
        self.key = PatchEmbedding()
        self.threshold = nn.Conv2d(features, 1, PATCH, stride=STRIDE)
        self.bias = nn.Conv2d(features, 1, PATCH, stride=STRIDE)

    def forward(self, x: Tensor, padded: Tensor) -> Tensor:
        """padded: x with the padding for a stride of STRIDE."""
        graph = self.graph(x)
        return graph_attention(
            query=self.query(graph, STRIDE),
            key=self.key(graph),
            value=self.value(x),
            threshold=self.threshold(padded)[:, 0],
            bias=self.bias(padded)[:, 0],
        )


class Round(nn.Module):
    """Four heads side by side, mixed by a 1x1 convolution, and a skip."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(Head(features) for _ in range(HEADS))
        self.mix = conv(features, features, 1)

    def forward(self, x: Tensor) -> Tensor:
        padded = pad_same(x, STRIDE)
        heads = in_parallel(lambda head: head(x, padded), list(self.heads), x.device)
        return self.mix(torch.cat(heads, dim=1)).add_(x)


class GraphBlocks(nn.Module):
    """Four residual blocks, each with a slope of its own."""

    def __init__(self, features: int, count: int = 4) -> None:
        super().__init__()
        self.blocks = res_blocks(count, features)
        self.slopes = nn.ModuleList(nn.PReLU() for _ in range(count))

    def forward(self, x: Tensor) -> Tensor:
        for block, slope in zip(self.blocks, self.slopes, strict=True):
            x = block(x, slope.weight)
        return x


class DAGL(nn.Module):
    """x (B, colors, h, w) in [0, 1], any size -> the same shape."""

    def __init__(self, *, colors: int = 3, blocks: int = 16, features: int = HEADS * HEAD_FEATURES) -> None:
        super().__init__()
        self.head = conv(colors, features)
        self.slope = nn.PReLU()  # one for all blocks of the trunk
        self.before = res_blocks(blocks // 2, features)
        self.graph = nn.Sequential(
            Round(features), GraphBlocks(features), Round(features), GraphBlocks(features), Round(features)
        )
        self.after = res_blocks(blocks // 2, features)
        self.fuse = conv(features, features)
        self.tail = conv(features, colors)

    def forward(self, x: Tensor) -> Tensor:
        x = channels_last(x)
        deep = run_blocks(self.before, self.head(x), self.slope.weight)
        deep = self.graph(deep)
        deep = run_blocks(self.after, deep, self.slope.weight)
        return x + self.tail(self.fuse(deep))
