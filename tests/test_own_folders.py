"""Where the cache and the settings lie, on every system."""

import sys
from pathlib import Path

import pytest

from restorecli import places

USUAL = ("~/.cache/restorecli", "~/.config/restorecli")


@pytest.mark.parametrize(
    ("system", "variables", "expected"),
    [
        ("linux", {}, USUAL),
        ("linux", {"XDG_CACHE_HOME": "/c", "XDG_CONFIG_HOME": "/d"}, ("/c/restorecli", "/d/restorecli")),
        ("linux", {"XDG_CACHE_HOME": "relative", "XDG_CONFIG_HOME": ""}, USUAL),
        ("linux", {"RESTORE_CACHE": "/mine", "RESTORE_CONFIG": "~/own"}, ("/mine", "~/own")),
        ("darwin", {}, ("~/Library/Caches/restorecli", "~/Library/Application Support/restorecli")),
        ("win32", {"LOCALAPPDATA": "/l", "APPDATA": "/r"}, ("/l/restorecli/Cache", "/r/restorecli")),
        ("win32", {}, ("~/AppData/Local/restorecli/Cache", "~/AppData/Roaming/restorecli")),
    ],
)
def test_folders(monkeypatch: pytest.MonkeyPatch, system: str, variables: dict[str, str], expected):
    for variable in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.delenv(variable, raising=False)
    for variable in (places.CACHE_VARIABLE, places.CONFIG_VARIABLE):
        monkeypatch.delenv(variable)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(places, "WINDOWS", system == "win32")
    assert (places.cache_folder(), places.config_folder()) == tuple(
        Path(name).expanduser() for name in expected
    )


def test_a_relative_folder_stays_where_it_was_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RESTORE_CACHE", "here")
    assert places.cache_folder() == tmp_path / "here"


def test_without_a_home_what_is_named_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nobody)
    monkeypatch.setenv("RESTORE_CACHE", str(tmp_path))
    assert places.cache_folder() == tmp_path
    monkeypatch.delenv("RESTORE_CONFIG")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert places.config_folder().is_absolute()
