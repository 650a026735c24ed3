"""Where restorecli keeps files of its own: a cache that may be deleted, and the user's settings."""

import os
import sys
from pathlib import Path

CACHE_VARIABLE = "RESTORE_CACHE"
CONFIG_VARIABLE = "RESTORE_CONFIG"
NAME = "restorecli"
STANDARD_STREAM = "-"  # in place of a file's name: standard input or output
WINDOWS = os.name == "nt"


def cache_folder() -> Path:
    """Converted weights and downloads. It need not exist yet; whoever writes into it makes it."""
    if sys.platform == "darwin":
        usual = _home() / "Library" / "Caches" / NAME
    elif WINDOWS:
        usual = _given("LOCALAPPDATA", _home() / "AppData" / "Local") / NAME / "Cache"
    else:
        usual = _given("XDG_CACHE_HOME", _home() / ".cache") / NAME
    return _given(CACHE_VARIABLE, usual)


def config_folder() -> Path:
    """The user's own weights.toml. It need not exist."""
    if sys.platform == "darwin":
        usual = _home() / "Library" / "Application Support" / NAME
    elif WINDOWS:
        usual = _given("APPDATA", _home() / "AppData" / "Roaming") / NAME
    else:
        usual = _given("XDG_CONFIG_HOME", _home() / ".config") / NAME
    return _given(CONFIG_VARIABLE, usual)


def _home() -> Path:
    """The user's home; the root where there is none, as containers have it: what cannot be written there
    says so, and which variable names another folder."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/").absolute()


def _given(variable: str, usual: Path) -> Path:
    """The folder that a variable names. A relative XDG folder is to be ignored; ours are taken as typed."""
    value = os.environ.get(variable, "")
    if not value or (variable.startswith("XDG_") and not Path(value).is_absolute()):
        return usual
    return Path(value).expanduser().absolute()
