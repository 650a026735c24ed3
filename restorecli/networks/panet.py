"""PANet (colour denoising, JPEG, demosaicing) and PA-EDSR (upscaling) around the pyramid attention.

Mei et al., "Pyramid Attention Networks for Image Restoration", 2020.
"""

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from .layers import MeanShift, Upsampler, channels_last, conv, res_blocks, run_blocks
from .patch_attention import pyramid_patch_attention

LEVELS = 5  # scales 1, 0.9, 0.8, 0.7, 0.6
EMBEDDING = 32
SHARPNESS = 10.0  # factor on the scores before the softmax

# How the pyramid is resized. PyTorch 1.6 changed what interpolate(scale_factor=...) means: "paper" places
# the pixels by the ratio of the sizes, as the published weights were trained; "modern" by the scale.
Resize = Literal["paper", "modern"]


class Embedding(nn.Module):
    """A 1x1 convolution and a PReLU of its own."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = conv(inputs, outputs, 1)
        self.act = nn.PReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.conv(x))


class PyramidAttention(nn.Module):
    """Each pixel's 3x3 patch looks for similar patches in x and in four smaller copies of x."""

    def __init__(self, features: int, skip_scale: float = 1.0, resize: Resize = "paper") -> None:
        super().__init__()
        self.skip_scale, self.resize = skip_scale, resize
        self.query = Embedding(features, EMBEDDING)
        self.key = Embedding(features, EMBEDDING)
        self.value = Embedding(features, features)

    def forward(self, x: Tensor) -> Tensor:
        scales = [1 - index / 10 for index in range(LEVELS)]
        # Of an image one pixel high or wide nothing is left when it is made smaller.
        levels = [self.level(x, scale) for scale in scales if int(min(x.shape[2:]) * scale)]
        pairs = [(self.key(level), self.value(level)) for level in levels]
        pasted = pyramid_patch_attention(self.query(x), pairs, SHARPNESS)
        # The authors divide the nine overlapping patches by four; the weights were trained with it.
        return pasted.div_(4).add_(x, alpha=self.skip_scale)

    def level(self, x: Tensor, scale: float) -> Tensor:
        """x made smaller; the size is rounded down in double precision (0.7 * 90 gives 62)."""
        if scale == 1:
            return x
        paper = self.resize == "paper"
        return F.interpolate(x, scale_factor=scale, mode="bicubic", recompute_scale_factor=paper or None)


class PANet(nn.Module):
    """x (B, colors, h, w) in [0, 1], any size -> the same shape. No residual from the input."""

    def __init__(
        self, *, colors: int = 3, blocks: int = 80, features: int = 64, resize: Resize = "paper"
    ) -> None:
        super().__init__()
        self.head = conv(colors, features)
        self.slope = nn.PReLU()  # one for all blocks
        self.before = res_blocks(blocks // 2, features)
        self.attention = PyramidAttention(features, resize=resize)
        self.after = res_blocks(blocks // 2, features)
        self.fuse = conv(features, features)
        self.tail = conv(features, colors)

    def forward(self, x: Tensor) -> Tensor:
        shallow = self.head(channels_last(x))  # (B, 64, h, w)
        deep = run_blocks(self.before, shallow, self.slope.weight)
        deep = self.attention(deep)
        deep = run_blocks(self.after, deep, self.slope.weight)
        return self.tail(self.fuse(deep) + shallow)


class PAEDSR(nn.Module):
    """x (B, 3, h, w) in [0, 1], any size -> (B, 3, h * scale, w * scale)."""

    def __init__(
        self, *, scale: int = 2, blocks: int = 32, features: int = 256, resize: Resize = "paper"
    ) -> None:
        super().__init__()
        self.subtract_mean, self.add_mean = MeanShift(), MeanShift()
        self.head = conv(3, features)
        self.before = res_blocks(blocks // 2, features, scale=0.1)
        self.attention = PyramidAttention(features, skip_scale=0.1, resize=resize)
        self.after = res_blocks(blocks // 2, features, scale=0.1)
        self.fuse = conv(features, features)
        self.tail = Upsampler(features, 3, scale)

    def forward(self, x: Tensor) -> Tensor:
        shallow = self.head(self.subtract_mean(channels_last(x)))  # (B, 256, h, w)
        deep = run_blocks(self.before, shallow)
        deep = self.attention(deep)
        deep = run_blocks(self.after, deep)
        return self.add_mean(self.tail(self.fuse(deep) + shallow))
