"""Restorer: an image goes in, a restored one comes out, by the weights that fit it.

Image -> the weights for it -> pixels as a network wants them -> tiles through the network -> Image
"""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Unpack, overload

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor, nn

from ..errors import UsageError
from ..images import Image, Source, read, shows_gray
from ..ops.noise import Noise
from ..read_rows import AUTO, IDENTITY
from ..registry import ListFile, entries, weights_path
from ..selection import Chosen, Selection, given, select
from ..settings import Options, Settings, SettingsOptions
from ..spec import Choice, ModelSpec, WeightsEntry
from ..tasks import TASKS, Value, find_level, find_task, part
from ..weights import licence
from .device import pick_device, pick_precision
from .loading import Loaded, check_options
from .model import Estimate, First, Found, Model, Progress
from .photo import (
    as_array,
    finished,
    noise_of,
    prepared,
    quality_of,
    through_array,
    through_pillow,
    through_tensor,
)
from .predict import Network, placed
from .report import Report, Restored, judged, levels_between, report_on
from .tiling import paper_windows, plan_tiling

__all__ = ["Estimate", "Report", "Restored", "Restorer", "restore"]


AnyPixels = Image | np.ndarray | Tensor | Pillow.Image


class Restorer:
    """Loads a network once and restores any number of images.

    `task` is a task's name; or a Selection, whose licences were checked. The level of the damage can be given
    as `level` or under the name it has for its task: sigma (denoise), quality (dejpeg), scale (upscale),
    pattern (demosaic). The other options are those of Settings: device, precision, tile, overlap, windows,
    batch, strength, ensemble, find_kernel. What makes no sense raises UsageError.

    Where weights are for gray or colour, for one kind of noise, or (of a network named by `model`) for one
    level each, every image gets those that fit it, by what is measured of it, and `before_loading` is told.
    `load=False` loads and fetches nothing before the first image: enough for `choices` and `estimate`.
    """

    def __init__(
        self,
        task: str | Selection,
        *,
        model: str = AUTO,
        level: Value = None,
        weights_file: ListFile = None,
        license: str | None = None,
        settings: Settings | None = None,
        before_loading: Callable[[WeightsEntry], None] | None = None,
        load: bool = True,
        network: nn.Module | None = None,
        **options: Unpack[SettingsOptions],
    ) -> None:
        values: dict[str, Any] = {**options}
        levels = {row.level.name for row in TASKS.values() if row.level is not None}
        named = {name: values.pop(name) for name in list(values) if name in levels}
        if "device" in values:
            values["device"] = str(values["device"])  # a torch.device says its name
        if (settings is not None and values) or (named and not isinstance(task, str)):
            raise TypeError(f"said twice: {', '.join((*values, *named))}")
        self.settings = settings or Settings(**values)
        self.device, _ = pick_device(self.settings.device)  # a missing one is said before anything is loaded
        if isinstance(task, str):
            known = find_task(task)
            self._selection = select(known, model, find_level(known, level, named), entries(weights_file))
            licence.check(self._selection.usable, licence.policy(license))
        else:
            self._selection = task
        self.task, self.level = self._selection.task, self._selection.level
        self._expected = self._selection.expected
        check_options(self.settings, self.task, self._expected.entry.model)
        pick_precision(self.settings.precision, self.device, self.entry.model)
        self._loaded = Loaded(self.task, self.settings, self.device, before_loading)
        self._firsts: dict[int, Model] = {}  # what mends a photo without weights, by channels
        if network is not None:
            self._loaded.put(self._expected, network)
        elif load and self._at_once:
            self._loaded.get(self._expected)

    @classmethod
    def from_network(
        cls,
        network: nn.Module,
        spec: ModelSpec,
        *,
        task: str = "denoise",
        level: Value = None,
        **options: Any,
    ) -> "Restorer":
        """A Restorer for a network that is not in the list of weights; `options` as for Restorer itself."""
        known = find_task(task)
        if known.enlarges and level is None:
            level = spec.scale
        entry = WeightsEntry(id=spec.network, task=known.name, model=spec, source="none")
        selection = given(known, entry, find_level(known, level, {}))
        return cls(selection, network=network, **options)

    @property
    def entry(self) -> WeightsEntry:
        """The weights; where they depend on the image, those for a colour image of unknown level."""
        return self._expected.entry

    @property
    def _at_once(self) -> bool:
        """Whether the expected weights need not wait for an image: it gets them, or they are here anyway."""
        here = bool(self._selection.foreseen) and weights_path(self.entry) is not None
        return here or not self._selection.by_photo

    @property
    def choices(self) -> tuple[Choice, Choice, Choice, Choice]:
        """Device, precision, tile and weights, each with its reason."""
        settings, spec = self.settings, self.entry.model
        if self._at_once:
            model = self._loaded.like(self._expected)
            precision, tiling = model.precision()[1], model.tiling
        else:
            _, precision = pick_precision(settings.precision, self.device, spec, exact=settings.exact)
            tiling = plan_tiling(settings, spec, paper_windows(settings, spec.network, self.task.name))
        return pick_device(settings.device)[1], precision, tiling.choice, self._weights_choice()

    def _weights_choice(self) -> Choice:
        foreseen = self._selection.foreseen
        if not foreseen:
            return Choice(self._selection.model, "its weights that fit best, for each image")
        first, *others = (row.id for row in foreseen)
        also = ", ".join(other.removeprefix(first) for other in others)
        name = f"{first} (by the photo also {also})" if also else first
        return Choice(name, self._expected.reason)

    # -------------------------------------------------------------------------------------- one image

    def restore_image(
        self,
        image: Image,
        *,
        progress: Progress | None = None,
        fit: tuple[Chosen, Noise | None] | None = None,
    ) -> Restored:
        """The image with restored pixels and everything else as it was; `progress(tiles done, all tiles)`.

        `fit` is what `chosen_for` gave for it, where that was asked already.
        """
        chosen, noise = fit or self.chosen_for(image)
        model = self._loaded.get(chosen)
        start = time.perf_counter()
        before = prepared(image, chosen.level if self.task.mosaic_input else None)
        found = self._look(chosen.entry, before.pixels, image.origin.quality)
        if found is not None:
            model = self._first(found)
        run = model(before.pixels, bits=image.bits, progress=progress)
        change = levels_between(before.pixels, run.pixels, image.alpha) if before.mosaic is None else None
        restored = finished(image, before, run.pixels)
        seconds = time.perf_counter() - start
        words = None if found is None else found.words
        report = report_on(run, model, self.task, chosen, found=words, seconds=seconds)
        report = replace(report, noise=noise, change=change)
        if self.entry.id != IDENTITY and self.settings.strength != 0:
            report = judged(report, self.task, image, lambda: noise_of(image))
            note = part(self.task.caution)(image.pixels) if self.task.caution and found is None else None
            report = replace(report, notes=(*report.notes, *filter(None, [note])))
        return Restored(restored, report)

    def chosen_for(self, image: Image) -> tuple[Chosen, Noise | None]:
        """The weights for this image: for its colours and its kind of noise, and nearest to its damage.

        And its noise, where that was measured for it.
        """
        selection = self._selection
        if not selection.by_photo:
            return self._expected, None
        channels = 1 if shows_gray(image.pixels, image.alpha) else image.channels
        noise = noise_of(image) if selection.by_noise else None
        white = None if noise is None else noise.white
        chosen = selection.for_photo(channels=channels, white_noise=white)
        if not selection.must_measure(chosen.entry):
            return chosen, noise
        assert self.task.level is not None
        if self.task.level.name == "quality":
            measured = float(quality_of(image, chosen.entry))
        else:
            noise = noise or noise_of(image)
            measured = noise.sigma
        return selection.for_photo(channels=channels, white_noise=white, measured=measured), noise

    # ------------------------------------------------------------------------- what needs no weights

    def _look(self, entry: WeightsEntry, pixels: np.ndarray, quality: int | None) -> Found | None:
        """What mends the photo by itself, where these weights are for photos without such a thing."""
        if not self._looks(entry):
            return None
        first: First = part(self.task.first)
        return first.look(pixels, quality)

    def _looks(self, entry: WeightsEntry) -> bool:
        return entry.model.finds_kernel and self.settings.find_kernel and bool(self.task.first)

    def _first(self, found: Found) -> Model:
        """Any photo's costs the same: what memory allows is measured once, not for each photo."""
        device = self.device if self.device.type == "cuda" else torch.device("cpu")  # others lack transforms
        network = Network(placed(found.module, device), found.spec, device, strength=self.settings.strength)
        channels = found.spec.channels
        if channels not in self._firsts:
            # It has a direction, so that turned photos are none of its.
            settings = replace(self.settings, ensemble=False, precision="fp32")
            self._firsts[channels] = Model(network, settings)
        return self._firsts[channels].with_network(network)

    def estimate(self, height: int, width: int) -> Estimate:
        """Tiles, time and memory for an 8-bit image; the network is measured when this is first asked.

        Of a photo in which something is looked for first: if it is found, which costs most.
        """
        if not self._looks(self.entry):
            return self._loaded.like(self._expected).estimate(height, width)
        first: First = part(self.task.first)
        cost = self._first(first.typical(self.entry.model.channels)).estimate(height, width)
        return replace(cost, seconds=cost.seconds + first.seconds())

    # ------------------------------------------------------------------------------------------- doors

    @overload
    def __call__(self, pixels: Image) -> Image: ...
    @overload
    def __call__(self, pixels: np.ndarray) -> np.ndarray: ...
    @overload
    def __call__(self, pixels: Tensor) -> Tensor: ...
    @overload
    def __call__(self, pixels: Pillow.Image) -> Pillow.Image: ...
    def __call__(self, pixels: AnyPixels) -> AnyPixels:
        """An Image, array, tensor or Pillow image in, the same kind, dtype and layout out.

        Arrays: (H, W) or (H, W, C) uint8, uint16 or float in [0, 1], the last of 2 or 4 channels being alpha.
        Tensors: (C, H, W) or (B, C, H, W) float in [0, 1], C 1 or 3. What comes in is not changed.
        """
        if isinstance(pixels, Image):
            return self._restored(pixels)
        if isinstance(pixels, Tensor):
            return through_tensor(self._restored, pixels)
        if isinstance(pixels, np.ndarray):
            return through_array(self._restored, pixels)
        if isinstance(pixels, Pillow.Image):
            return through_pillow(self._restored, pixels)
        raise UsageError(
            f"cannot restore {type(pixels).__name__}",
            hint="pass an Image, a numpy array, a torch tensor or a Pillow image",
        )

    def _restored(self, image: Image) -> Image:
        return self.restore_image(image).image


@overload
def restore(source: Image, task: str = "denoise", **options: Unpack[Options]) -> Image: ...
@overload
def restore(source: Tensor, task: str = "denoise", **options: Unpack[Options]) -> Tensor: ...
@overload
def restore(source: Pillow.Image, task: str = "denoise", **options: Unpack[Options]) -> Pillow.Image: ...
@overload
def restore(source: np.ndarray | Source, task: str = "denoise", **options: Unpack[Options]) -> np.ndarray: ...
def restore(source: AnyPixels | Source, task: str = "denoise", **options: Unpack[Options]) -> AnyPixels:
    """Restores one image; `options` are those of Restorer.

    An Image, array, tensor or Pillow image comes back as what it was. A path (or bytes, or an open file) is
    read and comes back as an array (H, W, C) in the file's depth, with an alpha channel last;
    `restorecli.read`, `Restorer` and `restorecli.write` keep the metadata too.
    """
    restorer = Restorer(task, **options)
    if isinstance(source, (Image, np.ndarray, Tensor, Pillow.Image)):
        return restorer(source)
    if not isinstance(source, (str, bytes, os.PathLike)) and not hasattr(source, "read"):
        raise UsageError(
            f"cannot restore {type(source).__name__}",
            hint="pass a path, an Image, an array, a tensor or a Pillow image",
        )
    return as_array(restorer.restore_image(read(source)).image)
