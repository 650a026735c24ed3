"""The real client of the Hub, turned to a Hub on loopback; all that it keeps goes into the test's folder."""

import io
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_result import Result, Terminal
from huggingface_hub import constants
from loopback_hub import LoopbackHub, running
from weights_shop import Shop

from restorecli.cli.app import main

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    with running() as server:
        turn_to(server.endpoint, tmp_path, monkeypatch)
        yield server


def turn_to(endpoint: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What HF_ENDPOINT, HF_HOME and the like would do, had they been set before the client was imported.

    The client's session is kept from test to test, as its TLS takes a tenth of a second to set up.
    """
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder / "hf" / "hub"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(folder / "hf" / "token"))
    monkeypatch.setattr(constants, "AGENT_HARNESSES_PATH", str(folder / "hf" / "harnesses"), raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)  # what came before a break is kept by chunks
    monkeypatch.setenv("RESTORE_CACHE", str(folder / "cache"))
    monkeypatch.setenv("RESTORE_CONFIG", str(folder / "config"))
    for name in ("HF_TOKEN", *PROXIES):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited for before another try; without the waiting."""
    waited: list[float] = []
    sleep = time.sleep

    def note(seconds: float) -> None:
        waited.append(seconds)
        sleep(0.001)

    monkeypatch.setattr(time, "sleep", note)
    return waited


@pytest.fixture
def restore(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """restore("weights", "pull", ...) -> Result, in this process: importing torch takes seconds."""

    def run(*words: object, watched: bool = False) -> Result:
        content = io.BytesIO()
        out = io.TextIOWrapper(content, encoding="utf-8")
        err = Terminal() if watched else io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = main([str(word) for word in words])
            out.flush()
        return Result(code, content.getvalue().decode(), err.getvalue())

    return run


@pytest.fixture
def shop(hub: LoopbackHub, tmp_path: Path) -> Shop:
    return Shop(hub, tmp_path)
