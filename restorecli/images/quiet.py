"""Pillow without its warnings."""

import threading
import warnings


class _QuietPillow:
    """Pillow warns about odd metadata on stderr. What matters here becomes an error or a note instead.

    Filters are global, and several threads may read: the first one in sets the filter, the last one out
    takes it back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers = 0
        self._context = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            self._readers += 1
            if self._readers == 1:
                self._context = warnings.catch_warnings()
                self._context.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._readers -= 1
            if self._readers == 0:
                self._context.__exit__(None, None, None)


quiet_pillow = _QuietPillow()
