"""A network that takes pixels of any size: tiles, and fewer or smaller ones when memory runs out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ..errors import OutOfMemoryError
from ..ops.windows import QuadTree
from ..spec import ModelSpec, Window
from . import probe
from .blend import blend
from .bridge import to_native
from .device import available_memory, is_out_of_memory, release_memory
from .predict import Predictor
from .settings import Settings, plan_tiling, smallest_tile, tiling_of
from .tiling import Grid, plan_paper_windows, plan_windows

Progress = Callable[[int, int], None]  # (tiles done, all tiles)

GPU_BATCH = 4  # tiles of a small network do not fill a GPU one by one
SCARCE_MEMORY = 4 * 2**30  # with less, the tile is chosen by what it is measured to take


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Pixels that went through the network, and how."""

    pixels: np.ndarray
    grid: Grid
    overlap: int
    retried: int
    notes: tuple[str, ...] = ()


class TiledNetwork:
    """(H, W, C) pixels -> (H * scale, W * scale, C) pixels of the same dtype."""

    def __init__(
        self,
        network: nn.Module,
        spec: ModelSpec,
        device: torch.device,
        settings: Settings,
        level: float | None = None,
        tree: QuadTree | None = None,
    ) -> None:
        self.network = network.eval().to(device)
        self.network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] - not in torch's stub
        self.spec, self.device, self.settings, self.level = spec, device, settings, level
        self.batch = settings.batch or (1 if device.type == "cpu" else GPU_BATCH)
        self.tiling = plan_tiling(settings, spec, tree)
        self._costs: dict[torch.dtype, probe.Cost] = {}
        if settings.tile == "auto" and spec.halo is not None and tree is None:
            self._fit_tile_to_memory()

    def __call__(self, pixels: np.ndarray, dtype: torch.dtype, progress: Progress | None = None) -> Run:
        result = self._room_for(pixels)
        notes: list[str] = []
        while True:
            grid = self.windows(*pixels.shape[:2])
            overlap = self._overlap(grid)
            predictor = self._predictor(dtype, self.batch)
            if self._fill(result, pixels, grid, predictor, progress):
                return Run(result, grid, overlap, predictor.retried, tuple(notes))
            # From the start again: every pixel of the failed attempt is written over.
            notes.append(self._ask_for_less(grid, dtype))

    def windows(self, height: int, width: int) -> Grid:
        """What an image of this size is cut into: the one place that decides it."""
        if self.tiling.tree is not None:
            return plan_paper_windows(height, width, self.tiling.tree, self.spec.scale)
        return plan_windows(height, width, self.tiling.tile, self.tiling.overlap, self.spec.multiple_of)

    def _overlap(self, grid: Grid) -> int:
        """As asked for or given by the weights; of the paper's windows, what the image makes of it."""
        return self.tiling.overlap if self.tiling.tree is None else grid.overlap

    def cost(self, dtype: torch.dtype) -> probe.Cost:
        """Of one tile, cutting and blending included; measured once, at about a quarter and half its side."""
        if dtype not in self._costs:
            self._costs[dtype] = self._measured_cost(dtype)
        return self._costs[dtype]

    def _measured_cost(self, dtype: torch.dtype) -> probe.Cost:
        tile, multiple = self.tiling.tile or self.spec.tile, self.spec.multiple_of
        small = -(-max(tile // 4, 32) // multiple) * multiple
        return probe.measure(
            lambda side: self._run_blank(side, dtype),
            (small, 2 * small),
            self.device,
            local=self.spec.halo is not None,
        )

    def _run_blank(self, side: int, dtype: torch.dtype) -> bool:
        """One tile of nothing through everything; False where memory does not do."""
        pixels = np.zeros((side, side, self.spec.channels), np.uint8)
        grid = plan_windows(side, side, 0, 0, self.spec.multiple_of)
        return self._fill(self._room_for(pixels), pixels, grid, self._predictor(dtype, 1))

    def _predictor(self, dtype: torch.dtype, batch: int) -> Predictor:
        tree, strength = self.tiling.tree, self.settings.strength
        ensemble = self.settings.ensemble or (tree is not None and tree.ensemble)
        return Predictor(self.network, self.spec, self.device, dtype, self.level, ensemble, strength, batch)

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
        predictor: Predictor,
        progress: Progress | None = None,
    ) -> bool:
        """Fills `result` from top to bottom; False where memory ran out on the way."""
        scale, halo = self.spec.scale, self.spec.halo or 0
        try:
            tiles = _counted(predictor.tiles(pixels, grid), len(grid), progress)
            for top, rows in blend(grid, tiles, channels=pixels.shape[2], scale=scale, halo=halo):
                to_native(rows, result[top : top + len(rows)], self.spec.value_range)
            return True
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
        # Here, not above: while the error is being handled its traceback holds on to the tensors.
        release_memory(self.device)
        return False

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


def _counted(
    tiles: Iterable[tuple[Window, np.ndarray]], total: int, progress: Progress | None
) -> Iterator[tuple[Window, np.ndarray]]:
    """The same tiles; each is reported when the next is asked for, which is when it has been pasted."""
    for done, tile in enumerate(tiles, start=1):
        yield tile
        if progress is not None:
            progress(done, total)
