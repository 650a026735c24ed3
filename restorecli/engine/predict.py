"""Tiles in, checked tiles out: the only place that calls a network."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import NetworkOutputError
from ..ops.ensemble import ensemble8
from ..spec import ModelSpec, Window
from .bridge import cut, luma, to_array, to_float, to_tensor

# An output this many times the range of the pixels is a blow-up of the network, not a restored image.
GROSS = 4.0


@dataclass(slots=True)
class Predictor:
    """A network with all that decides how one image goes through it. `retried` counts, so: one per image."""

    network: nn.Module
    spec: ModelSpec
    device: torch.device
    dtype: torch.dtype = torch.float32
    level: float | None = None
    ensemble: bool = False
    strength: float = 1.0
    batch: int = 1
    retried: int = 0

    def tiles(self, pixels: np.ndarray, windows: Iterable[Window]) -> Iterator[tuple[Window, np.ndarray]]:
        """Each window of (H, W, C) pixels, in order, with its result (h * scale, w * scale, C)."""
        windows = iter(windows)
        while group := list(islice(windows, self.batch)):
            batch = to_float([cut(pixels, window) for window in group], self.spec.value_range)
            yield from zip(group, self.predict(batch), strict=True)

    def predict(self, batch: np.ndarray) -> np.ndarray:
        """(B, h, w, C) in the network's range -> (B, h * scale, w * scale, C), float32, every tile sound."""
        result = self._through(batch, self.dtype)
        bad = [place for place, tile in enumerate(result) if not self._is_sound(tile)]
        if bad:
            result = result.copy()  # it may be the batch itself
        for place in bad:
            result[place] = self._again_in_float32(batch[place])
        return result if self.strength == 1 else batch + self.strength * (result - batch)

    def _is_sound(self, tile: np.ndarray) -> bool:
        """All values finite, and none far out of range."""
        gross = GROSS * self.spec.value_range
        return bool(tile.min() >= -gross and tile.max() <= gross)  # both are false for NaN

    def _again_in_float32(self, tile: np.ndarray) -> np.ndarray:
        if self.dtype != torch.float32:
            self.retried += 1
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
            return self._call(x, dtype)
        if channels == 3:
            return self._call(x.repeat(1, 3, 1, 1), dtype).mean(1, keepdim=True)
        # Gray only: what changes in the luma changes in every colour alike, so that the chroma stays.
        base = x if self.spec.scale == 1 else self._enlarge(x)
        return base + (self._call(luma(x), dtype) - luma(base))

    def _call(self, x: Tensor, dtype: torch.dtype) -> Tensor:
        scale = self.spec.scale
        # Autocast leaves the input and what is added to it in float32; casting the network would not.
        with torch.autocast(self.device.type, dtype=dtype, enabled=dtype != torch.float32):
            y = self._ensemble(x) if self.ensemble else self._network(x)
        expected = (*x.shape[:2], x.shape[2] * scale, x.shape[3] * scale)
        if y.shape != expected:
            raise NetworkOutputError(
                f"{self.spec.network} gave {tuple(y.shape)} for {tuple(x.shape)}, not {expected}"
            )
        return y

    def _ensemble(self, x: Tensor) -> Tensor:
        one_phase = bool(self.spec.params.get("mosaic"))  # it was trained on that one alone
        return ensemble8(self._network, x, mosaic_multiple=self.spec.multiple_of if one_phase else None)

    def _network(self, x: Tensor) -> Tensor:
        if self.spec.steerable and self.level is not None:
            return self.network(x, x.new_full((len(x),), self.level))
        return self.network(x)

    def _enlarge(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=self.spec.scale, mode="bicubic", align_corners=False)
