"""A photo that one kernel blurred: that kernel is found in it and taken back, in place of the network."""

import time
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from ..ops.deconvolve import SMOOTHNESS, Blur, deconvolve
from ..ops.estimate import noise_sigma
from ..ops.kernel import LARGEST, PART, find_blur
from ..ops.sharpness import is_sharp
from ..spec import ModelSpec
from .model import First, Found

# For each step of noise's sigma; with less than about 1.5 the result is as smooth as for a clean photo.
SMOOTHNESS_OF_NOISE = 1.3e-3
# Of blurred JPEGs of quality 30 three of four came out 0.3 to 0.5 dB better through the network.
LEAST_QUALITY = 50
# Tiles agree where neither sees its edge any more. They are large, for what they share is wide.
SPEC = ModelSpec(network="deconvolution", tile=1536, overlap=256, halo=128, dtypes=("fp32",))


class Deconvolution(nn.Module):
    """What a network is for other photos; it fits this one only."""

    def __init__(self, blur: Blur, smoothness: float) -> None:
        super().__init__()
        self.blur, self.smoothness = blur, smoothness

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([deconvolve(photo, self.blur, smoothness=self.smoothness) for photo in x])


def look(pixels: np.ndarray, jpeg_quality: int | None = None) -> Found | None:
    """For (H, W, C) pixels that one kernel explains; None for sharp ones, and where none is found."""
    if is_sharp(pixels) or (jpeg_quality or LEAST_QUALITY) < LEAST_QUALITY:
        return None
    blur = find_blur(pixels)
    if blur is None:
        return None
    height, width = blur.extent
    words = f"one blur of {width} x {height} pixels found in the photo and taken back"
    smoothness = max(SMOOTHNESS, SMOOTHNESS_OF_NOISE * noise_sigma(pixels))
    return Found(Deconvolution(blur, smoothness), spec_for(pixels.shape[2]), words)


def typical(channels: int) -> Found:
    """Costs as much as that of any photo."""
    point = torch.zeros(LARGEST, LARGEST)
    point[LARGEST // 2, LARGEST // 2] = 1
    return Found(Deconvolution(Blur(point, linear=True), SMOOTHNESS), spec_for(channels), "")


@cache
def seconds() -> float:
    """How long the search takes on this machine, measured; on any photo that is not tiny."""
    photo = np.random.default_rng(0).integers(0, 256, (PART, PART, 1), np.uint8)
    start = time.perf_counter()
    find_blur(photo)
    return time.perf_counter() - start


def spec_for(channels: int) -> ModelSpec:
    return replace(SPEC, channels=1 if channels == 1 else 3)


FIRST = First(look, typical, seconds)
