"""The Hub's client without its voice."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub.utils import logging


@contextmanager
def quiet() -> Iterator[None]:
    """The client tells of retries, symlinks and room on the disk; what matters of it we say ourselves."""
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)
