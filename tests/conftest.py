"""For all tests: nothing of the user's own counts, and nothing is left in the user's folders."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Before torch is imported, and for the processes that tests start: threads that wait for each other in a busy
# loop take a core from what they wait for, and on two busy cores a test of one second then takes a minute.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
settings.register_profile("without deadline", deadline=None)  # a busy machine fails no test
settings.load_profile("without deadline")

OURS = ("RESTORE_CACHE", "RESTORE_CONFIG", "RESTORE_WEIGHTS_FILE", "RESTORE_LICENSE")


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Small work is faster without waiting for other threads, above all on a busy machine."""
    import torch  # heavy, and most tests do without

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache and a config folder that do not exist yet, for this test and the processes it starts."""
    folder = tmp_path_factory.mktemp("own")
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RESTORE_CACHE", str(folder / "cache"))
    monkeypatch.setenv("RESTORE_CONFIG", str(folder / "config"))
    return folder
