"""The Hub's client: what the user has set for it, and how it is kept quiet."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants, get_token
from huggingface_hub.utils import logging

Progress = Callable[[int, int | None], None]  # bytes that are here, bytes in all where that is known


@dataclass(frozen=True, slots=True)
class Settings:
    """As they were when huggingface_hub was imported; the token as it is now."""

    endpoint: str  # HF_ENDPOINT
    cache: Path  # HF_HOME, HF_HUB_CACHE
    is_offline: bool  # HF_HUB_OFFLINE: the user has forbidden the network
    has_token: bool  # HF_TOKEN, or stored by `hf auth login`


def settings() -> Settings:
    return Settings(
        constants.ENDPOINT, Path(constants.HF_HUB_CACHE), constants.HF_HUB_OFFLINE, bool(get_token())
    )


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
