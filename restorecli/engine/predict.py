"""Tiles in, checked tiles out: the only place that calls a network, and what lies between pixels and tensors.

Pixels are numpy (height, width, channels), tensors (batch, channels, height, width): views of pixels in the
order numpy has them, so that their memory format is channels_last. Nothing is transposed on the way in or
out, and convolutions like it. All that is not network is numpy: it is bound by memory, and so gains little by
threads but would often wait for one on a busy machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import NetworkOutputError
from ..ops.ensemble import ensemble8
from ..ops.pixels import LUMA_AND_CHROMA, white
from ..spec import ModelSpec, Window

# An output this many times the range of the pixels is a blow-up of the network, not a restored image.
GROSS = 4.0

_CHUNK = 2**18  # numbers that stay in the cache from the first step to the last


def placed(module: nn.Module, device: torch.device) -> nn.Module:
    """On the device, in the memory format that is fastest."""
    module = module.eval().to(device)
    module.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] - not in torch's stub
    return module


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network with all that decides how tiles go through it."""

    module: nn.Module
    spec: ModelSpec
    device: torch.device
    level: float | None = None  # what a steerable one is told
    ensemble: bool = False
    strength: float = 1.0

    def __call__(self, batch: np.ndarray, dtype: torch.dtype) -> tuple[np.ndarray, int]:
        """(B, h, w, C) in the network's range -> (B, h * scale, w * scale, C), float32, every tile sound;
        and how many of them were run again in float32."""
        result = self._through(batch, dtype)
        bad = [place for place, tile in enumerate(result) if not self._is_sound(tile)]
        if bad:
            result = result.copy()  # it may be the batch itself
        for place in bad:
            result[place] = self._again_in_float32(batch[place], dtype)
        return (result if self.strength == 1 else batch + self.strength * (result - batch)), len(bad)

    def _is_sound(self, tile: np.ndarray) -> bool:
        """All values finite, and none far out of range."""
        gross = GROSS * self.spec.value_range
        return bool(tile.min() >= -gross and tile.max() <= gross)  # both are false for NaN

    def _again_in_float32(self, tile: np.ndarray, dtype: torch.dtype) -> np.ndarray:
        if dtype != torch.float32:
            result = self._through(tile[None], torch.float32)[0]
            if self._is_sound(result):
                return result
        raise NetworkOutputError(
            f"{self.spec.network} gave values that are no pixels, in float32 too",
            hint="try another --model, or --tile with another size",
        )

    def _through(self, batch: np.ndarray, dtype: torch.dtype) -> np.ndarray:
        with torch.inference_mode():
            return to_array(self._any_channels(to_tensor(batch, self.device), dtype))

    def _any_channels(self, x: Tensor, dtype: torch.dtype) -> Tensor:
        """An image of any number of channels through a network that takes only its own."""
        image_channels, channels = x.shape[1], self.spec.channels
        if image_channels == channels:
            return self._run(x, dtype)
        if channels == 3:
            return self._run(x.repeat(1, 3, 1, 1), dtype).mean(1, keepdim=True)
        # Gray only: what changes in the luma changes in every colour alike, so that the chroma stays.
        base = x if self.spec.scale == 1 else self._enlarge(x)
        return base + (self._run(luma(x), dtype) - luma(base))

    def _run(self, x: Tensor, dtype: torch.dtype) -> Tensor:
        scale = self.spec.scale
        # Autocast leaves the input and what is added to it in float32; casting the network would not.
        with torch.autocast(self.device.type, dtype=dtype, enabled=dtype != torch.float32):
            y = self._eight_ways(x) if self.ensemble else self._steered(x)
        expected = (*x.shape[:2], x.shape[2] * scale, x.shape[3] * scale)
        if y.shape != expected:
            raise NetworkOutputError(
                f"{self.spec.network} gave {tuple(y.shape)} for {tuple(x.shape)}, not {expected}"
            )
        return y

    def _eight_ways(self, x: Tensor) -> Tensor:
        one_phase = bool(self.spec.params.get("mosaic"))  # it was trained on that one alone
        return ensemble8(self._steered, x, mosaic_multiple=self.spec.multiple_of if one_phase else None)

    def _steered(self, x: Tensor) -> Tensor:
        if self.spec.steerable and self.level is not None:
            return self.module(x, x.new_full((len(x),), self.level))
        return self.module(x)

    def _enlarge(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=self.spec.scale, mode="bicubic", align_corners=False)


def cut(pixels: np.ndarray, window: Window) -> np.ndarray:
    """A window of (H, W, C) pixels, not to be written to; what lies beyond the image is its reflection.

    The reflection does not repeat the edge, so that a Bayer mosaic goes on in phase.
    """
    height, width = pixels.shape[:2]
    bottom, right = window.top + window.height, window.left + window.width
    if bottom <= height and right <= width:
        return pixels[window.top : bottom, window.left : right]
    rows = _reflect(np.arange(window.top, bottom), height)
    columns = _reflect(np.arange(window.left, right), width)
    return pixels[rows[:, None], columns]


def _reflect(places: np.ndarray, length: int) -> np.ndarray:
    """Places beyond the last one mirrored back into 0 .. length - 1, however far they are out."""
    if length == 1:
        return np.zeros_like(places)
    period = 2 * (length - 1)
    places = places % period
    return np.minimum(places, period - places)


def to_float(tiles: Sequence[np.ndarray], value_range: float) -> np.ndarray:
    """Tiles of one shape and dtype to a float32 batch (B, h, w, C), white at `value_range`."""
    batch = np.empty((len(tiles), *tiles[0].shape), np.float32)
    divisor = white(tiles[0].dtype) / value_range
    for number, tile in enumerate(tiles):
        np.divide(tile, divisor, out=batch[number, ...], dtype=np.float32)
    return batch


def to_native(rows: np.ndarray, result: np.ndarray, value_range: float) -> None:
    """Finished float rows to native pixels: clamped, rounded once (halves to even). Overwrites `rows`."""
    top = white(result.dtype)
    step = max(1, _CHUNK // rows[0].size)
    for first in range(0, len(rows), step):
        part = rows[first : first + step]
        if top != value_range:
            np.multiply(part, top / value_range, out=part)
        np.clip(part, 0, top, out=part)
        if result.dtype != np.float32:
            np.rint(part, out=part)
        result[first : first + step] = part


def to_tensor(batch: np.ndarray, device: torch.device) -> Tensor:
    """(B, h, w, C) -> (B, C, h, w), the same memory where the device can use it."""
    return torch.from_numpy(batch).to(device).permute(0, 3, 1, 2)


def to_array(batch: Tensor) -> np.ndarray:
    """(B, C, h, w) -> (B, h, w, C) float32."""
    return batch.permute(0, 2, 3, 1).float().cpu().contiguous().numpy()


def luma(x: Tensor) -> Tensor:
    """(B, 3, h, w) -> (B, 1, h, w)."""
    return (x * x.new_tensor(LUMA_AND_CHROMA[0])[:, None, None]).sum(1, keepdim=True)
