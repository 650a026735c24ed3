"""Ctrl-C, SIGTERM and a closed terminal: the first signal ends the work tidily, the second at once."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))


class Stopped(KeyboardInterrupt):
    """The user, or the system, asked the command to end."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


@contextmanager
def tidy_stop() -> Iterator[None]:
    """While this lasts, the first signal raises Stopped; one more ends the process where it stands.

    Ending at once leaves nothing broken behind: results get their names only when they are whole, and the
    next run sweeps what was not. Signals that the caller had ignored (nohup) stay so.
    """
    heard = [each for each in _SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]

    def first(number: int, _: FrameType | None) -> None:
        for each in heard:
            signal.signal(each, second)
        raise Stopped(number)

    def second(number: int, _: FrameType | None) -> None:
        os._exit(128 + number)

    before = {each: signal.signal(each, first) for each in heard}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
