"""What the user has set for all that goes to the Hub."""

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants, get_token


@dataclass(frozen=True, slots=True)
class Settings:
    """As they were when huggingface_hub was imported; the token as it is now."""

    endpoint: str  # HF_ENDPOINT
    cache: Path  # HF_HOME, HF_HUB_CACHE
    is_offline: bool  # HF_HUB_OFFLINE
    has_token: bool  # HF_TOKEN, or stored by `hf auth login`


def settings() -> Settings:
    return Settings(
        constants.ENDPOINT, Path(constants.HF_HUB_CACHE), constants.HF_HUB_OFFLINE, bool(get_token())
    )
