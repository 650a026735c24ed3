"""Restorer: an image goes in, a restored one comes out, by the weights that fit it.

choosing.py says which weights, row.py sends the image through them.
"""

import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import UsageError, WeightsError
from ..images import Image, Source, read
from ..registry import IDENTITY, foreseen, weights_path
from ..spec import Choice, ModelSpec, WeightsEntry
from ..weights.load import build_network, load_network
from .arrays import as_array, through_array, through_tensor
from .caution import cautions
from .choosing import Chosen, choose_for, choose_weights, describe
from .device import pick_device, pick_precision
from .judging import judged
from .row import Estimate, Report, Restored, RowRestorer
from .settings import Settings, find_level, find_task, plan_tiling
from .tiled import Progress

__all__ = ["Estimate", "Report", "Restored", "Restorer", "restore"]

LOADED = 4  # networks kept at a time: a batch may hold gray and colour images, with white and real noise
_LOADING = Lock()  # of all Restorers: one of its own could not be pickled with it


class Restorer:
    """Loads a network once and restores any number of images.

    The level of the damage can be given as `level` or under the name it has for its task: sigma (denoise),
    quality (dejpeg), scale (upscale), pattern (demosaic). Options that make no sense raise UsageError.

    Where weights are for gray or colour, for one kind of noise, or (of a network named by `model`) for one
    level each, every image gets those that fit it, by what is measured of it, and `before_loading` is told.
    `load=False` loads and fetches nothing before the first image: enough for `choices` and `estimate`.
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
        windows: str = "ours",
        find_kernel: bool = True,
        before_loading: Callable[[WeightsEntry], None] | None = None,
        load: bool = True,
    ) -> None:
        settings = Settings(
            str(device), precision, tile, overlap, batch, ensemble, strength, windows, find_kernel
        )
        self.task, self.settings, self._model = find_task(task), settings, model
        named = {"sigma": sigma, "quality": quality, "scale": scale, "pattern": pattern}
        self.level = find_level(self.task, level, named)
        self.device, _ = pick_device(settings.device)  # a missing one is said before anything is loaded
        self._before_loading = before_loading
        self._rows: OrderedDict[str, RowRestorer] = OrderedDict()
        self._failed: dict[str, WeightsError] = {}
        self._blank: RowRestorer | None = None
        self._expected = choose_weights(self.task, model, self.level)
        settings.check_for(self.task, self._expected.entry.model)
        self._foreseen = foreseen(self.task.name, model, self.level)
        if load and self._at_once:
            self._row(self._expected)

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
        self.task, self.settings, self._model = find_task(task), Settings(**options), spec.network
        entry = WeightsEntry(id=spec.network, task=self.task.name, model=spec, source="none")
        if self.task.name == "upscale" and level is None:
            level = spec.scale
        self.level = find_level(self.task, level, {})
        self.settings.check_for(self.task, spec)
        self._expected = describe(self.task, entry, "given as a network", self.level)
        self._foreseen, self._before_loading, self._blank = (entry,), None, None
        self._failed = {}
        row = RowRestorer(self.task, self._expected, network, self.settings)
        self._rows, self.device = OrderedDict({entry.id: row}), row.device
        return self

    @property
    def entry(self) -> WeightsEntry:
        """The weights; where they depend on the image, those for a colour image of unknown level."""
        return self._expected.entry

    @property
    def _by_image(self) -> bool:
        return len(self._foreseen) != 1

    @property
    def _at_once(self) -> bool:
        """Whether the expected weights need not wait for an image: it gets them, or they are here anyway."""
        return not self._by_image or (bool(self._foreseen) and weights_path(self.entry) is not None)

    @property
    def choices(self) -> tuple[Choice, Choice, Choice, Choice]:
        """Device, precision, tile and weights, each with its reason."""
        if self._at_once:
            device, precision, tile, weights = self._measured().choices
            return device, precision, tile, self._weights_choice(weights.reason)
        spec, settings = self.entry.model, self.settings
        tiling = plan_tiling(settings, spec, settings.paper_windows(self.task, spec))
        _, device = pick_device(settings.device)
        _, precision = pick_precision(settings.precision, self.device, spec, exact=settings.exact)
        return device, precision, tiling.choice, self._weights_choice(self._expected.reason)

    def _weights_choice(self, reason: str) -> Choice:
        if not self._foreseen:
            return Choice(self._model, "its weights that fit best, for each image")
        first, *others = (row.id for row in self._foreseen)
        also = ", ".join(other.removeprefix(first) for other in others)
        return Choice(f"{first} (by the photo also {also})" if also else first, reason)

    def restore_image(self, image: Image, *, progress: Progress | None = None) -> Restored:
        """The image with restored pixels and everything else as it was; `progress(tiles done, all tiles)`."""
        chosen = self._expected
        if self._by_image:
            chosen = choose_for(self.task, self._model, self.level, image)
        restored = self._row(chosen).restore_image(image, progress=progress, chosen=chosen)
        if self.entry.id == IDENTITY or self.settings.strength == 0:
            return restored
        report = judged(self.task, image, restored.report)
        if report.found is None:
            report = replace(report, notes=report.notes + cautions(self.task.name, image))
        return replace(restored, report=report)

    def _row(self, chosen: Chosen) -> RowRestorer:
        """Its network, loaded; the one that was not used for longest makes room."""
        entry = chosen.entry
        with _LOADING:
            if (failed := self._failed.get(entry.id)) is not None:
                # Without the way it took before, on which every photo so far would be kept.
                raise failed.with_traceback(None)
            if entry.id not in self._rows:
                if self._before_loading is not None:
                    self._before_loading(entry)
                while len(self._rows) >= LOADED:
                    self._rows.popitem(last=False)
                try:
                    network = load_network(entry)
                except WeightsError as error:
                    self._failed[entry.id] = error  # not tried anew ten thousand times; a new Restorer does
                    raise
                self._rows[entry.id] = RowRestorer(self.task, chosen, network, self.settings)
            self._rows.move_to_end(entry.id)
            return self._rows[entry.id]

    @overload
    def __call__(self, pixels: Image) -> Image: ...
    @overload
    def __call__(self, pixels: np.ndarray) -> np.ndarray: ...
    @overload
    def __call__(self, pixels: Tensor) -> Tensor: ...
    def __call__(self, pixels: Image | np.ndarray | Tensor) -> Image | np.ndarray | Tensor:
        """An Image, array or tensor in, the same kind, dtype and layout out.

        Arrays: (H, W) or (H, W, C) uint8, uint16 or float in [0, 1], the last of 2 or 4 channels being alpha.
        Tensors: (C, H, W) or (B, C, H, W) float in [0, 1], C 1 or 3. What comes in is not changed.
        """
        if isinstance(pixels, Image):
            return self._restored(pixels)
        if isinstance(pixels, Tensor):
            return through_tensor(self._restored, pixels)
        if isinstance(pixels, np.ndarray):
            return through_array(self._restored, pixels)
        raise UsageError(
            f"cannot restore {type(pixels).__name__}", hint="pass an Image, a numpy array or a torch tensor"
        )

    def _restored(self, image: Image) -> Image:
        return self.restore_image(image).image

    def estimate(self, height: int, width: int) -> Estimate:
        """Tiles, time and memory for an 8-bit image; the network is measured when this is first asked."""
        return self._measured().estimate(height, width)

    def _measured(self) -> RowRestorer:
        """The expected weights if they are loaded; otherwise their network without: it costs the same."""
        if self.entry.id in self._rows:
            return self._rows[self.entry.id]
        if self._blank is None:
            network = build_network(self.entry).eval().requires_grad_(False)
            self._blank = RowRestorer(self.task, self._expected, network, self.settings)
        return self._blank


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
    if isinstance(source, (Image, np.ndarray, Tensor)):
        return restorer(source)
    if not isinstance(source, (str, bytes, os.PathLike)) and not hasattr(source, "read"):
        raise UsageError(
            f"cannot restore {type(source).__name__}", hint="pass a path, an Image, an array or a tensor"
        )
    return as_array(restorer.restore_image(read(source)).image)
