"""What a network costs in time and memory, measured at two sizes and fitted: its parameters do not tell.

And the C library's heap, which hides some of it: what becomes of freed memory. Only glibc can be told;
elsewhere nothing happens.
"""

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .device import wait_for

_RUNS = 5
_ENOUGH_SECONDS = 0.3
_MEMORY_RUNS = 3
_PROCESS = Path("/proc/self")

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
_LARGEST_KEPT = 128 << 20
_NEVER_TRIM = (1 << 31) - 1
_FILLING = (1 << 20, 1 << 16)  # sizes of the blocks that fill the heap, the larger first
_MOST_BLOCKS = 8192


@dataclass(frozen=True, slots=True)
class Curve:
    """first * pixels**power + second * pixels**(power + 1), neither below zero."""

    first: float
    second: float
    power: int  # 0: a fixed cost and one per pixel; 1: one per pixel and one per pair of pixels

    def at(self, pixels: int) -> float:
        return self.first * pixels**self.power + self.second * pixels ** (self.power + 1)


def fit(small: tuple[int, float], large: tuple[int, float], *, local: bool) -> Curve:
    """The curve through two measurements (pixels, cost); where it would fall, the line through the larger."""
    power = 0 if local else 1
    (few, low), (many, high) = ((pixels, cost / pixels**power) for pixels, cost in (small, large))
    second = (high - low) / (many - few)
    first = low - second * few
    if second < 0:
        return Curve(high, 0.0, power)
    if first < 0:
        return Curve(0.0, high / many, power)
    return Curve(first, second, power)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one tile, by its pixels."""

    seconds: Curve
    memory: Curve | None  # bytes above what is there before and after; None where that cannot be measured


def measure(
    run: Callable[[int], object], sides: tuple[int, int], device: torch.device, *, local: bool
) -> Cost:
    """Runs squares of two sides (after one that does not count) and fits."""
    run(sides[0])
    few, many = (side**2 for side in sides)
    quick, slow = (_least_seconds(lambda side=side: run(side), device) for side in sides)
    low, high = (_most_memory(lambda side=side: run(side), device) for side in sides)
    memory = None if low is None or high is None else fit((few, low), (many, high), local=local)
    return Cost(fit((few, quick), (many, slow), local=local), memory)


def _least_seconds(run: Callable[[], object], device: torch.device) -> float:
    """The least of some runs, since others may be using the machine; of one where it takes long."""
    times: list[float] = []
    while len(times) < _RUNS and sum(times) < _ENOUGH_SECONDS:
        start = time.perf_counter()
        run()
        wait_for(device)
        times.append(time.perf_counter() - start)
    return min(times)


def _most_memory(run: Callable[[], object], device: torch.device) -> int | None:
    """The most of a few runs: what others free meanwhile, in this process, hides some of what one takes."""
    peaks = [peak_memory(run, device) for _ in range(_MEMORY_RUNS)]
    return max((peak for peak in peaks if peak is not None), default=None)


def peak_memory(run: Callable[[], object], device: torch.device) -> int | None:
    """Bytes that `run` takes at its peak above what is taken before it."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        run()
        wait_for(device)
        return torch.cuda.max_memory_allocated(device) - before
    give_back_freed_memory()
    filling = fill_free_memory()  # what is resident already would hide as much of what `run` takes
    try:
        (_PROCESS / "clear_refs").write_text("5", encoding="ascii")  # the peak starts from here
        before = _resident("VmRSS:")
    except OSError:  # not Linux
        before = None
    run()
    wait_for(device)
    del filling
    return None if before is None else max(_resident("VmHWM:") - before, 0)


def _resident(key: str) -> int:
    for line in (_PROCESS / "status").read_text(encoding="utf-8").splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    raise OSError(f"{_PROCESS}/status has no {key}")


def keep_freed_memory() -> None:
    """Freed blocks stay with the process: a network asks for the same ones again, layer after layer.

    Giving them back costs a page fault for every page that comes again: on two cores a megapixel through the
    default network took 0.37 s instead of 0.94 s in float32. It changes the whole process, so that only
    commands do it, never the library.
    """
    mallopt = _function("mallopt")
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT)
        mallopt(_TRIM_THRESHOLD, _NEVER_TRIM)


def give_back_freed_memory() -> None:
    """Freed blocks go back to the system."""
    trim = _function("malloc_trim")
    if trim is not None:
        trim(0)


def fill_free_memory() -> list[np.ndarray]:
    """Blocks that lie in whatever the heap has free: while they are held, new ones are fresh from the system.

    Trimming is not enough: the heaps of threads keep the pages at their end, and a failed allocation moves
    the main thread to such a heap for good. Nothing is written to the blocks, so that they take no memory.
    """
    blocks: list[np.ndarray] = []
    for size in _FILLING:
        taken = _taken_from_system()
        while taken is not None and taken == _taken_from_system() and len(blocks) < _MOST_BLOCKS:
            blocks.append(np.empty(size, np.uint8))
    return blocks


class _HeapState(ctypes.Structure):
    """What mallinfo2 tells: ten counts, of which two matter here."""

    _fields_ = (
        ("in_heaps", ctypes.c_size_t),
        ("_1_to_3", ctypes.c_size_t * 3),
        ("beside_heaps", ctypes.c_size_t),
        ("_5_to_9", ctypes.c_size_t * 5),
    )


def _taken_from_system() -> int | None:
    """Bytes in all heaps, free or not, and beside them; None where the library does not tell."""
    mallinfo2 = _function("mallinfo2")
    if mallinfo2 is None:
        return None
    mallinfo2.restype = _HeapState
    state = mallinfo2()
    return state.in_heaps + state.beside_heaps


def _function(name: str) -> Any:
    """A function of the C library, or None."""
    try:
        return getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):  # not the GNU C library
        return None
