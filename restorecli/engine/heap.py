"""The C library's heap: what becomes of freed memory. Only glibc can be told; elsewhere nothing happens."""

import ctypes
from collections.abc import Callable

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
_LARGEST_KEPT = 128 << 20
_NEVER_TRIM = (1 << 31) - 1


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


def _function(name: str) -> Callable[..., int] | None:
    try:
        return getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):  # not the GNU C library
        return None
