"""For all tests: one thread, no folder of the user's own, and properties as large as the run has time for."""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Before torch is imported, and for the processes that tests start. Pictures of tests are tiny: threads that
# wait for each other cost many times what they save, and most where other processes want the cores too.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# A shell starts what it puts into the background (`pytest &`) with SIGINT ignored, and so would be the
# commands that tests start and interrupt.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How many examples a property is tried on, unless it says why it takes another number. No deadlines: a busy
# machine fails no test.
settings.register_profile("default", deadline=None, max_examples=20)
settings.register_profile("thorough", deadline=None, max_examples=150)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

OURS = ("RESTORE_CACHE", "RESTORE_CONFIG", "RESTORE_WEIGHTS_FILE", "RESTORE_LICENSE")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """How many processes share the tests; a single file is done sooner than a second process has started."""
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    if named and not any(Path(argument).is_dir() for argument in config.args):
        return 0
    return None  # xdist counts the cores


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """How many threads a test lets torch use is its own matter, and not that of those that follow."""
    yield
    torch = sys.modules.get("torch")  # heavy, and many tests do without
    if torch and torch.get_num_threads() != 1:
        torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache and a config folder that do not exist yet, for this test and the processes it starts."""
    folder = tmp_path_factory.mktemp("own")
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RESTORE_CACHE", str(folder / "cache"))
    monkeypatch.setenv("RESTORE_CONFIG", str(folder / "config"))
    return folder


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of this machine may enter. Those of tmp_path lie where only the owner may."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
