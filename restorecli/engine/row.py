"""One row of weights, loaded: an image goes in, a restored one comes out.

Image -> pixels as the network wants them -> tiles through the network -> pixels -> Image
"""

import time
from copy import copy
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import nn

from ..errors import WeightsError
from ..images import Image, as_mosaic, grow_under_transparency, is_gray
from ..images.bayer import PATTERNS, Mosaic, Pattern
from ..ops.noise import Noise
from ..ops.pixels import white
from ..spec import Choice, Task
from .choosing import Chosen, LevelFrom, Value
from .deblurring import own_network, own_settings, own_spec, seconds_to_find, typical_network
from .device import pick_device, pick_precision
from .settings import Settings
from .tiled import Progress, Run, TiledNetwork


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
    level: Value
    seconds: float
    notes: tuple[str, ...] = ()
    windows: str = "ours"  # or paper: as the network's authors cut images
    level_from: LevelFrom = "blind"
    chosen: str = ""  # why these weights
    found: str | None = None  # in the image, and taken back without the weights
    noise: Noise | None = None  # of the image as it came, where the choice of weights asked for it
    change: float | None = None  # rms, in levels of 255; None where the result is of another size or kind
    unchanged: bool = False  # nobody would see the difference
    done: str | None = None  # what was taken out, or why nothing was, in words


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


@dataclass(frozen=True, slots=True)
class Way:
    """What an image goes through."""

    tiled: TiledNetwork
    dtype: torch.dtype
    precision: str
    found: str | None = None  # in the image, if that is why it goes this way


class RowRestorer:
    """A network with all that decides how images go through it."""

    def __init__(self, task: Task, chosen: Chosen, network: nn.Module, settings: Settings) -> None:
        self.task, self.chosen, self.settings = task, chosen, settings
        self.entry, spec = chosen.entry, chosen.entry.model
        check_scale(task, chosen)
        self.device, device_choice = pick_device(settings.device)
        self._dtype, precision_choice = pick_precision(
            settings.precision, self.device, spec, exact=settings.exact
        )
        number = chosen.level if chosen.level_from in ("asked", "default") else None
        number = float(number) if isinstance(number, (int, float)) else None
        tree = settings.paper_windows(task, spec)
        self._tiled = TiledNetwork(network, spec, self.device, settings, number, tree)
        self._tiled_kernels: dict[int, TiledNetwork] = {}  # by channels
        weights = Choice(chosen.entry.id, chosen.reason)
        self.choices = (device_choice, precision_choice, self._tiled.tiling.choice, weights)

    def restore_image(
        self, image: Image, *, progress: Progress | None = None, chosen: Chosen | None = None
    ) -> Restored:
        """The image with restored pixels; `chosen` is why this image came here, where that is its own."""
        start = time.perf_counter()
        pixels, mosaic = self._as_network_wants(image)
        way = self._own_way(pixels, image.origin.quality) or self._way(image.bits)
        run = way.tiled(pixels, way.dtype, progress)
        result = run.pixels if mosaic is None else np.ascontiguousarray(mosaic.crop(run.pixels))
        if result.shape[2] < image.channels and mosaic is None:
            result = np.repeat(result, image.channels, axis=2)
        change = None if mosaic is not None else levels_between(pixels, run.pixels, image.alpha)
        restored = self._with_alpha(image, result)
        seconds = time.perf_counter() - start
        return Restored(restored, self._report(run, way, seconds, chosen or self.chosen, change))

    def _way(self, bits: int) -> Way:
        model, settings = self.entry.model, self.settings
        dtype, precision = pick_precision(settings.precision, self.device, model, bits, exact=settings.exact)
        return Way(self._tiled, dtype, precision.value)

    @property
    def _finds_kernel(self) -> bool:
        return self.entry.model.finds_kernel and self.settings.find_kernel

    def _own_way(self, pixels: np.ndarray, jpeg_quality: int | None) -> Way | None:
        """The photo's own kernel, where these weights are for photos without one, and it has one."""
        if not self._finds_kernel:
            return None
        own = own_network(pixels, jpeg_quality)
        if own is None:
            return None
        tiled = copy(self._for_kernels(pixels.shape[2]))
        tiled.network = own
        return Way(tiled, torch.float32, "fp32", own.words)

    def _for_kernels(self, channels: int) -> TiledNetwork:
        """Any photo's kernel costs the same: what memory allows is measured once, not for each photo."""
        if channels not in self._tiled_kernels:
            cuda = self.device.type == "cuda"  # others lack transforms
            device = self.device if cuda else torch.device("cpu")
            spec, settings = own_spec(channels), own_settings(self.settings)
            self._tiled_kernels[channels] = TiledNetwork(typical_network(), spec, device, settings)
        return self._tiled_kernels[channels]

    def _as_network_wants(self, image: Image) -> tuple[np.ndarray, Mosaic | None]:
        if self.task.mosaic_input:
            mosaic = as_mosaic(image, _pattern(self.chosen.level))
            return mosaic.pixels, mosaic
        pixels = grow_under_transparency(image.pixels, image.alpha)
        # A gray photo saved as colour stays gray, and is what the same photo saved as gray would be.
        return pixels[:, :, :1] if is_gray(pixels) else pixels, None

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

    def _report(self, run: Run, way: Way, seconds: float, chosen: Chosen, change: float | None) -> Report:
        notes = list(run.notes)
        if chosen.note is not None:
            notes.append(chosen.note)
        if run.retried:
            notes.append(f"{run.retried} of {len(run.grid)} tiles were run again in float32")
        if self.entry.model.channels < run.pixels.shape[2]:
            notes.append("these weights are gray only: the luma was restored, the chroma passed through")
        if chosen.level is not None and not self._level_counts:
            assert self.task.level is not None
            notes.append(f"{self.task.level.name} has no effect: these weights find it by themselves")
        return Report(
            weights=self.entry.id,
            tiles=len(run.grid),
            tile=(run.grid.rows.size, run.grid.columns.size),
            overlap=run.overlap,
            device=str(way.tiled.device),
            precision=way.precision,
            retried_fp32=run.retried,
            level=chosen.level,
            level_from=chosen.level_from,
            chosen=chosen.reason,
            seconds=seconds,
            notes=tuple(notes),
            windows=self.settings.windows,
            found=way.found,
            noise=chosen.noise,
            change=change,
        )

    def estimate(self, height: int, width: int) -> Estimate:
        """Tiles, time and memory for an 8-bit image; the network is measured when this is first asked.

        Of a photo whose own blur is looked for: if one is found, which costs most.
        """
        spec = self.entry.model
        tiled, dtype = self._tiled, self._dtype
        if self._finds_kernel:
            tiled, dtype = self._for_kernels(spec.channels), torch.float32
        grid, cost = tiled.windows(height, width), tiled.cost(dtype)
        tile = grid.rows.size * grid.columns.size
        memory = None
        if cost.memory is not None:
            band = 4 * grid.rows.size * grid.columns.end * spec.scale**2 * 3
            images = 3 * height * width * (1 + spec.scale**2)
            memory = int(cost.memory.at(tile) * tiled.batch) + band + images
        seconds = cost.seconds.at(tile) * len(grid) + (seconds_to_find() if self._finds_kernel else 0)
        return Estimate(len(grid), (grid.rows.size, grid.columns.size), seconds, memory)


def levels_between(before: np.ndarray, after: np.ndarray, alpha: np.ndarray | None = None) -> float | None:
    """How far two images are apart: rms over what is seen of all channels, in levels of 255."""
    if before.shape != after.shape:
        return None
    if alpha is not None and not alpha.all():
        before, after = before[alpha != 0], after[alpha != 0]
    if before.dtype.kind == "f":  # a result is clipped; that alone is no change
        before = before.clip(0, 1)
    return 255 / white(before.dtype) * float(cv2.norm(before, after)) / max(before.size, 1) ** 0.5


def _pattern(level: Value) -> Pattern:
    return next(pattern for pattern in PATTERNS if pattern == level)


def check_scale(task: Task, chosen: Chosen) -> None:
    """WeightsError where weights do not enlarge as much as was asked for."""
    scale = chosen.entry.model.scale
    if task.name == "upscale" and chosen.level != scale:
        raise WeightsError(
            f"{chosen.entry.id} enlarges {scale} times, not {chosen.level}", hint=f"--scale {scale}"
        )
