"""A network for pixels of any size: tile by tile, and with less at a time when memory runs out."""

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import nn

from ..errors import OutOfMemoryError
from ..ops.windows import QuadTree
from ..settings import Settings
from ..spec import Choice, ModelSpec, Window
from . import probe
from .blend import blend
from .device import available_memory, is_out_of_memory, pick_precision, release_memory
from .predict import Network, cut, to_float, to_native
from .tiling import Grid, plan_paper_windows, plan_tiling, plan_windows, smallest_tile, tiling_of

Progress = Callable[[int, int], None]  # (tiles done, all tiles)

GPU_BATCH = 4  # tiles of a small network do not fill a GPU one by one
SCARCE_MEMORY = 4 * 2**30  # with less, the tile is chosen by what it is measured to take


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Pixels that went through the network, and how."""

    pixels: np.ndarray
    grid: Grid
    overlap: int
    precision: str
    retried: int  # tiles that were run again in float32
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an image of a size would cost, from a measurement on this device."""

    tiles: int
    tile: tuple[int, int]  # height, width
    seconds: float
    bytes: int | None  # at the peak, without the loaded weights; None where that cannot be measured


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Something in a photo itself that mends it better than weights do."""

    module: nn.Module  # in place of the network
    spec: ModelSpec
    words: str


@dataclass(frozen=True, slots=True)
class First:
    """What a task looks for in a photo before it takes weights that are for the rest."""

    look: Callable[[np.ndarray, int | None], Found | None]  # (H, W, C) pixels, the JPEG quality if known
    typical: Callable[[int], Found]  # of so many channels: costs as much as any
    seconds: Callable[[], float]  # that looking takes


class Model:
    """(H, W, C) pixels -> (H * scale, W * scale, C) pixels of the same dtype."""

    def __init__(self, network: Network, settings: Settings, tree: QuadTree | None = None) -> None:
        self.network, self.settings = network, settings
        self.spec, self.device = network.spec, network.device
        self.batch = settings.batch or (1 if self.device.type == "cpu" else GPU_BATCH)
        self.tiling = plan_tiling(settings, self.spec, tree)
        self._costs: dict[torch.dtype, probe.Cost] = {}
        if settings.tile == "auto" and self.spec.halo is not None and tree is None:
            self._fit_tile_to_memory()

    def with_network(self, network: Network) -> "Model":
        """Another network that costs the same: what memory allows is not measured again."""
        other = copy(self)
        other.network = network
        return other

    def precision(self, bits: int = 8) -> tuple[torch.dtype, Choice]:
        """For pixels of so many bits, and why."""
        exact = self.settings.exact
        return pick_precision(self.settings.precision, self.device, self.spec, bits, exact=exact)

    def __call__(self, pixels: np.ndarray, *, bits: int = 8, progress: Progress | None = None) -> Run:
        dtype, precision = self.precision(bits)
        result = self._room_for(pixels)
        notes: list[str] = []
        while True:
            grid = self.windows(*pixels.shape[:2])
            # As asked for or given by the weights; of the paper's windows, what the image makes of it.
            overlap = self.tiling.overlap if self.tiling.tree is None else grid.overlap
            retried = self._fill(result, pixels, grid, dtype, self.batch, progress)
            if retried is not None:
                return Run(result, grid, overlap, precision.value, retried, tuple(notes))
            # From the start again: every pixel of the failed attempt is written over.
            notes.append(self._ask_for_less(grid, dtype))

    def windows(self, height: int, width: int) -> Grid:
        """What an image of this size is cut into: the one place that decides it."""
        if self.tiling.tree is not None:
            return plan_paper_windows(height, width, self.tiling.tree, self.spec.scale)
        return plan_windows(height, width, self.tiling.tile, self.tiling.overlap, self.spec.multiple_of)

    # ---------------------------------------------------------------------------------------- what it costs

    def estimate(self, height: int, width: int) -> Estimate:
        """Tiles, time and memory for an 8-bit image; the network is measured when this is first asked."""
        spec = self.spec
        grid, cost = self.windows(height, width), self.cost(self.precision()[0])
        tile = grid.rows.size * grid.columns.size
        memory = None
        if cost.memory is not None:
            band = 4 * grid.rows.size * grid.columns.end * spec.scale**2 * 3
            images = 3 * height * width * (1 + spec.scale**2)
            memory = int(cost.memory.at(tile) * self.batch) + band + images
        return Estimate(
            len(grid), (grid.rows.size, grid.columns.size), cost.seconds.at(tile) * len(grid), memory
        )

    def cost(self, dtype: torch.dtype) -> probe.Cost:
        """Of one tile, cutting and blending included; measured once, at about a quarter and half its side."""
        if dtype not in self._costs:
            tile, multiple = self.tiling.tile or self.spec.tile, self.spec.multiple_of
            small = -(-max(tile // 4, 32) // multiple) * multiple
            self._costs[dtype] = probe.measure(
                lambda side: self._run_blank(side, dtype),
                (small, 2 * small),
                self.device,
                local=self.spec.halo is not None,
            )
        return self._costs[dtype]

    def _run_blank(self, side: int, dtype: torch.dtype) -> bool:
        """One tile of nothing through everything; False where memory does not do."""
        pixels = np.zeros((side, side, self.spec.channels), np.uint8)
        grid = plan_windows(side, side, 0, 0, self.spec.multiple_of)
        return self._fill(self._room_for(pixels), pixels, grid, dtype, 1) is not None

    def _fit_tile_to_memory(self) -> None:
        """Where memory is scarce: halves the tile until it takes, as measured, at most half of that."""
        available = available_memory(self.device)
        if available is None or available >= SCARCE_MEMORY:
            return
        memory = self.cost(torch.float32).memory  # what the others take at most
        while memory is not None and memory.at(self.tiling.tile**2) > available / 2:
            half = self.tiling.tile // 2
            if half < smallest_tile(self.spec):
                return
            reason = f"only {available // 2**20} MB of memory are free"
            self.tiling = tiling_of(half, reason, self.settings, self.spec)

    # ------------------------------------------------------------------------------------------- the way

    def _room_for(self, pixels: np.ndarray) -> np.ndarray:
        height, width, channels = pixels.shape
        scale = self.spec.scale
        try:
            return np.empty((height * scale, width * scale, channels), pixels.dtype)
        except MemoryError as error:
            size = f"{width * scale} x {height * scale}"
            raise OutOfMemoryError(f"not enough memory for a result of {size} pixels") from error

    def _fill(
        self,
        result: np.ndarray,
        pixels: np.ndarray,
        grid: Grid,
        dtype: torch.dtype,
        batch: int,
        progress: Progress | None = None,
    ) -> int | None:
        """Fills `result` from top to bottom; how many tiles were run again, None where memory ran out."""
        scale, halo = self.spec.scale, self.spec.halo or 0
        retried = 0

        def tiles() -> Iterator[tuple[Window, np.ndarray]]:
            """Each window, in order, with its result; reported when it has been pasted."""
            nonlocal retried
            windows, done = iter(grid), 0
            if progress is not None:
                progress(0, len(grid))  # what is worked on is known before its first tile is done
            while group := list(islice(windows, batch)):
                inputs = to_float([cut(pixels, window) for window in group], self.spec.value_range)
                outputs, again = self.network(inputs, dtype)
                retried += again
                for pair in zip(group, outputs, strict=True):
                    yield pair
                    done += 1
                    if progress is not None:
                        progress(done, len(grid))

        try:
            for top, rows in blend(grid, tiles(), channels=pixels.shape[2], scale=scale, halo=halo):
                to_native(rows, result[top : top + len(rows)], self.spec.value_range)
            return retried
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
        # Here, not above: while the error is being handled its traceback holds on to the tensors.
        release_memory(self.device)
        return None

    def _ask_for_less(self, grid: Grid, dtype: torch.dtype) -> str:
        """Fewer tiles at a time, then smaller ones; says what, or raises OutOfMemoryError."""
        if self.batch > 1:
            self.batch = 1
            return "not enough memory for several tiles at a time: one by one"
        tile = max(grid.rows.size, grid.columns.size)
        if self.spec.halo is None or self.tiling.tree is not None:
            raise OutOfMemoryError(
                f"not enough memory for a tile of {tile}; another size would give another result",
                hint=self._fitting_tile(tile, dtype),
            )
        if tile // 2 < smallest_tile(self.spec):
            raise OutOfMemoryError(
                f"not enough memory, even for tiles of {tile}", hint="close other programs, or --device cpu"
            )
        self.tiling = tiling_of(
            tile // 2, f"there was not enough memory for {tile}", self.settings, self.spec
        )
        return f"not enough memory for tiles of {tile}: went on with {self.tiling.tile}"

    def _fitting_tile(self, tile: int, dtype: torch.dtype) -> str:
        """The next thing to type: the first half, quarter ... of what was asked for that runs."""
        smaller = self.tiling.tile or tile
        while (smaller := smaller // 2) >= smallest_tile(self.spec):
            if smaller < tile and self._run_blank(smaller, dtype):
                ours = "--windows ours " if self.tiling.tree is not None else ""
                return f"{ours}--tile {smaller} fits (tried)"
        return "no smaller tile fits either: close other programs, or --device cpu"
