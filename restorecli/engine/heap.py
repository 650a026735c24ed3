"""The C library's heap: what becomes of freed memory. Only glibc can be told; elsewhere nothing happens."""

import ctypes
from typing import Any

import numpy as np

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
_LARGEST_KEPT = 128 << 20
_NEVER_TRIM = (1 << 31) - 1
_FILLING = (1 << 20, 1 << 16)  # sizes of the blocks that fill the heap, the larger first
_MOST_BLOCKS = 8192


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
