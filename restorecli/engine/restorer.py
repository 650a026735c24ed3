"""Restorer: an image goes in, a restored one comes out.

Image -> pixels as the network wants them -> tiles through the network -> pixels -> Image
"""

import os
import time
from dataclasses import dataclass
from typing import Any, overload

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from ..errors import UsageError, WeightsError
from ..images import Image, as_mosaic, grow_under_transparency, read
from ..images.bayer import Mosaic, Pattern
from ..images.names import Source
from ..registry import choose
from ..spec import Choice, ModelSpec, Task, WeightsEntry
from ..weights.load import load_network
from .arrays import as_array, through_array, through_tensor
from .device import pick_device, pick_precision
from .settings import Settings, find_level, find_task
from .tiled import Progress, Run, TiledNetwork

__all__ = ["Estimate", "Report", "Restored", "Restorer", "restore"]


@dataclass(frozen=True, slots=True)
class Report:
    """How one image was restored."""

    weights: str
    tiles: int
    tile: tuple[int, int]  # height, width
    overlap: int
    device: str
    precision: str
    retried_fp32: int
    level: float | str | None
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Restored:
    image: Image
    report: Report


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an image of a size would cost, from a measurement on this device."""

    tiles: int
    tile: tuple[int, int]  # height, width
    seconds: float
    bytes: int | None  # at the peak, without the loaded weights; None where that cannot be measured


class Restorer:
    """Loads a network once and restores any number of images.

    The level of the damage can be given as `level` or under the name it has for its task: sigma (denoise),
    quality (dejpeg), scale (upscale), pattern (demosaic). Options that make no sense raise UsageError.
    """

    def __init__(
        self,
        task: str,
        *,
        model: str = "auto",
        level: float | str | None = None,
        sigma: float | None = None,
        quality: int | None = None,
        scale: int | None = None,
        pattern: str | None = None,
        device: str | torch.device = "auto",
        precision: str = "auto",
        tile: int | str = "auto",
        overlap: int | None = None,
        batch: int | None = None,
        ensemble: bool = False,
        strength: float = 1.0,
    ) -> None:
        settings = Settings(str(device), precision, tile, overlap, batch, ensemble, strength)
        known = find_task(task)
        named = {"sigma": sigma, "quality": quality, "scale": scale, "pattern": pattern}
        level = find_level(known, level, named)
        pick_device(settings.device)  # a missing one is said before anything is loaded
        entry, reason = choose(known.name, model, level)
        self._set_up(known, entry, reason, load_network(entry), level, settings)

    @classmethod
    def from_network(
        cls,
        network: nn.Module,
        spec: ModelSpec,
        *,
        task: str = "denoise",
        level: float | str | None = None,
        **options: Any,
    ) -> "Restorer":
        """A Restorer for a network that is not in the list of weights; `options` as for Restorer itself."""
        self = cls.__new__(cls)
        known = find_task(task)
        entry = WeightsEntry(id=spec.network, task=known.name, model=spec, source="none")
        if known.name == "upscale" and level is None:
            level = spec.scale
        level = find_level(known, level, {})
        self._set_up(known, entry, "given as a network", network, level, Settings(**options))
        return self

    def _set_up(
        self,
        task: Task,
        entry: WeightsEntry,
        reason: str,
        network: nn.Module,
        level: float | str | None,
        settings: Settings,
    ) -> None:
        self.task, self.entry, self.settings, self.level = task, entry, settings, level
        spec = entry.model
        settings.check_for(task, spec)
        if task.name == "upscale" and level != spec.scale:
            raise WeightsError(
                f"{entry.id} enlarges {spec.scale} times, not {level}", hint=f"--scale {spec.scale}"
            )
        self.device, device_choice = pick_device(settings.device)
        self._dtype, precision_choice = pick_precision(settings.precision, self.device, spec)
        number = float(level) if isinstance(level, (int, float)) else None
        self._tiled = TiledNetwork(network, spec, self.device, settings, number)
        self.choices = (device_choice, precision_choice, self._tiled.tiling.choice, Choice(entry.id, reason))

    def restore_image(self, image: Image, *, progress: Progress | None = None) -> Restored:
        """The image with restored pixels and everything else as it was; `progress(tiles done, all tiles)`."""
        start = time.perf_counter()
        dtype, precision = pick_precision(self.settings.precision, self.device, self.entry.model, image.bits)
        pixels, mosaic = self._as_network_wants(image)
        run = self._tiled(pixels, dtype, progress)
        result = run.pixels if mosaic is None else np.ascontiguousarray(mosaic.crop(run.pixels))
        restored = self._with_alpha(image, result)
        seconds = time.perf_counter() - start
        return Restored(restored, self._report(image, run, precision.value, seconds))

    def _as_network_wants(self, image: Image) -> tuple[np.ndarray, Mosaic | None]:
        if self.task.mosaic_input:
            mosaic = as_mosaic(image, _pattern(self.level))
            return mosaic.pixels, mosaic
        return grow_under_transparency(image.pixels, image.alpha), None

    def _with_alpha(self, image: Image, result: np.ndarray) -> Image:
        alpha = image.alpha
        if alpha is not None and result.shape[:2] == alpha.shape:
            # What nobody sees stays as it was.
            np.copyto(result, image.pixels, where=(alpha == 0)[:, :, None])
        elif alpha is not None:
            height, width = result.shape[:2]
            alpha = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_CUBIC)
            if alpha.dtype == np.float32:
                alpha = alpha.clip(0, 1)
        return image.with_pixels(result, alpha)

    @property
    def _level_counts(self) -> bool:
        """Whether the level goes into the network, or decided which one it is or what it sees."""
        known, entry = self.task.level, self.entry
        return entry.model.steerable or entry.level is not None or (known is not None and bool(known.choices))

    def _report(self, image: Image, run: Run, precision: str, seconds: float) -> Report:
        notes = list(run.notes)
        if run.retried:
            notes.append(f"{run.retried} of {len(run.grid)} tiles were run again in float32")
        if self.entry.model.channels == 1 and image.channels == 3:
            notes.append("these weights are gray only: the luma was restored, the chroma passed through")
        if self.level is not None and not self._level_counts:
            assert self.task.level is not None
            notes.append(f"{self.task.level.name} has no effect: these weights find it by themselves")
        return Report(
            weights=self.entry.id,
            tiles=len(run.grid),
            tile=(run.grid.rows.size, run.grid.columns.size),
            overlap=run.overlap,
            device=str(self.device),
            precision=precision,
            retried_fp32=run.retried,
            level=self.entry.level if self.level is None else self.level,
            seconds=seconds,
            notes=tuple(notes),
        )

    @overload
    def __call__(self, pixels: np.ndarray) -> np.ndarray: ...
    @overload
    def __call__(self, pixels: Tensor) -> Tensor: ...
    def __call__(self, pixels: np.ndarray | Tensor) -> np.ndarray | Tensor:
        """An array or tensor in, the same kind, dtype and layout out.

        Arrays: (H, W) or (H, W, C) uint8, uint16 or float in [0, 1], the last of 2 or 4 channels being alpha.
        Tensors: (C, H, W) or (B, C, H, W) float in [0, 1], C 1 or 3. What comes in is not changed.
        """
        if isinstance(pixels, Tensor):
            return through_tensor(self._restored, pixels)
        if isinstance(pixels, np.ndarray):
            return through_array(self._restored, pixels)
        raise UsageError(
            f"cannot restore a {type(pixels).__name__}", hint="pass a numpy array or a torch tensor"
        )

    def _restored(self, image: Image) -> Image:
        return self.restore_image(image).image

    def estimate(self, height: int, width: int) -> Estimate:
        """Tiles, time and memory for an 8-bit image; the network is measured when this is first asked."""
        grid = self._tiled.windows(height, width)
        cost, spec = self._tiled.cost(self._dtype), self.entry.model
        tile = grid.rows.size * grid.columns.size
        memory = None
        if cost.memory is not None:
            band = 4 * grid.rows.size * grid.columns.end * spec.scale**2 * 3
            images = 3 * height * width * (1 + spec.scale**2)
            memory = int(cost.memory.at(tile) * self._tiled.batch) + band + images
        return Estimate(
            len(grid), (grid.rows.size, grid.columns.size), cost.seconds.at(tile) * len(grid), memory
        )


def _pattern(level: float | str | None) -> Pattern:
    return next(pattern for pattern in ("grbg", "rggb", "bggr", "gbrg") if pattern == level)


@overload
def restore(source: Image, task: str = "denoise", **options: Any) -> Image: ...
@overload
def restore(source: Tensor, task: str = "denoise", **options: Any) -> Tensor: ...
@overload
def restore(source: np.ndarray | Source, task: str = "denoise", **options: Any) -> np.ndarray: ...
def restore(
    source: Image | Tensor | np.ndarray | Source, task: str = "denoise", **options: Any
) -> Image | Tensor | np.ndarray:
    """Restores one image; `options` are those of Restorer.

    An Image, array or tensor comes back as what it was. A path (or bytes, or an open file) is read and comes
    back as an array (H, W, C) in the file's depth, with an alpha channel last; `restorecli.read`, `Restorer`
    and `restorecli.write` keep the metadata too.
    """
    restorer = Restorer(task, **options)
    if isinstance(source, Image):
        return restorer.restore_image(source).image
    if isinstance(source, (np.ndarray, Tensor)):
        return restorer(source)
    if not isinstance(source, (str, bytes, os.PathLike)) and not hasattr(source, "read"):
        raise UsageError(
            f"cannot restore a {type(source).__name__}", hint="pass a path, an Image, an array or a tensor"
        )
    return as_array(restorer.restore_image(read(source)).image)
