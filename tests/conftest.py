"""For all tests: nothing of the user's own counts, and nothing is left in the user's folders."""

from pathlib import Path

import pytest

OURS = ("RESTORE_CACHE", "RESTORE_CONFIG", "RESTORE_WEIGHTS_FILE", "RESTORE_LICENSE")


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache and a config folder that do not exist yet, for this test and the processes it starts."""
    folder = tmp_path_factory.mktemp("own")
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RESTORE_CACHE", str(folder / "cache"))
    monkeypatch.setenv("RESTORE_CONFIG", str(folder / "config"))
    return folder
