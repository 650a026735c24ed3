"""restore weights pull, end to end against a Hub on loopback; rows as text."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_result import Result
from loopback_hub import Fault, LoopbackHub
from PIL import Image
from weights_shop import PARAMS, Shop, tiny

from restorecli import registry
from restorecli.hub import fetching
from restorecli.hub.fetching import fetch
from restorecli.places import cache_folder
from restorecli.proof import problem
from restorecli.read_rows import read_entries
from restorecli.row_text import row_text
from restorecli.spec import Remote, WeightsEntry
from restorecli.weights import store
from restorecli.weights.load import bring, take

Restore = Callable[..., Result]


def test_every_row_reads_back(tmp_path: Path, shop: Shop):
    rows = [*registry.entries(), replace(shop.on_hub, id="odd", provenance={"a b": {"c": ['"', "é\x7f"]}})]
    path = tmp_path / "rows.toml"
    path.write_text("\n".join(map(row_text, rows)), encoding="utf-8")
    back = read_entries(path)
    assert list(back) == [replace(row, file=_absolute(row, tmp_path)) for row in rows]


def _absolute(row: WeightsEntry, folder: Path) -> str | None:
    return str(folder / row.file) if row.source == "file" and row.file else row.file


def test_pull_proves_converts_and_keeps(hub: LoopbackHub, shop: Shop, restore: Restore):
    result = restore("weights", "pull", "tiny-denoise-s25", "tiny-denoise-web")
    assert result.code == 0, result.err
    first, second = result.out.splitlines()
    assert first.startswith("tiny-denoise-s25  0.0 MB, proved by sha256, kept in ")
    assert second.startswith("tiny-denoise-web  0.0 MB, proved by git blob, kept in ")
    assert result.err.splitlines()[0].startswith("2 files to fetch, about 0.0 MB; converted into ")
    assert "licence of tiny-denoise-web: unknown, from https://github.com/lab/tiny" in result.err
    assert result.err.splitlines()[-1] == "2 fetched"
    assert store.is_here(shop.on_hub)
    assert not [path for path in (cache_folder() / "downloads").iterdir() if path.is_file()]

    hub.stop()
    again = restore("weights", "pull", "tiny-denoise-s25")
    assert (again.code, again.out, again.err) == (0, "tiny-denoise-s25  is here already\n", "")


def test_restoring_fetches_what_is_not_here(shop: Shop, restore: Restore, tmp_path: Path):
    photo = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)).save(photo)
    result = restore("denoise", photo, "--model", "tiny-denoise-web", "--device", "cpu")
    assert result.code == 0, result.err
    assert "fetching tiny-denoise-web from http://127.0.0.1" in result.err
    assert (tmp_path / "photo.denoise.png").exists()


def test_another_process_was_faster_and_tidied_up(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    def fetch_and_lose(remote: Remote, **more: Any) -> Path:
        path = fetch(remote, **more)
        take(shop.at_url, path)
        path.unlink()
        return path

    monkeypatch.setattr(fetching, "fetch", fetch_and_lose)
    remote = shop.at_url.remote
    assert remote is not None
    assert bring(shop.at_url, remote) == store.record(shop.at_url)


def test_another_process_tidied_up_while_we_looked(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    def tidied_up(path: Path, remote: Remote) -> str | None:
        take(shop.at_url, path)
        path.unlink()
        return problem(path, remote)

    remote = shop.at_url.remote
    assert remote is not None
    fetch(remote)
    monkeypatch.setattr(fetching, "problem", tidied_up)
    assert bring(shop.at_url, remote) == store.record(shop.at_url)


def test_a_dry_run_of_restoring_fetches_nothing(
    hub: LoopbackHub, shop: Shop, restore: Restore, tmp_path: Path
):
    photo = tmp_path / "photo.png"
    Image.fromarray(np.zeros((20, 24, 3), np.uint8)).save(photo)
    words = ("--device", "cpu", "--dry-run")
    result = restore("denoise", photo, "--model", "tiny-denoise-web", *words)
    assert result.code == 0, result.err
    assert "tiny-denoise-web would be fetched, about 0 MB, from http://127.0.0.1" in result.err
    by_hand = restore("denoise", photo, "--model", "tiny-denoise-hand", *words)
    assert (by_hand.code, by_hand.out.startswith(f"{photo} -> ")) == (0, True)
    assert "tiny-denoise-hand is not here: restore weights info tiny-denoise-hand" in by_hand.err
    assert "licence of" not in result.err + by_hand.err
    assert hub.seen == []
    assert restore("weights", "pull", "tiny-denoise-web").code == 0
    assert "would be" not in restore("denoise", photo, "--model", "tiny-denoise-web", *words).err


def test_a_file_of_the_users_that_is_missing_is_not_here(shop: Shop, restore: Restore):
    shop.write(tiny("mine", "file", file="gone.safetensors"))
    result = restore("weights", "pull", "mine")
    assert (result.code, result.out) == (3, "")
    assert f"error: mine: {shop.file.parent / 'gone.safetensors'} is missing" in result.err
    assert "hint: restore weights info mine" in result.err


def test_dry_run_fetches_nothing(hub: LoopbackHub, shop: Shop, restore: Restore):
    result = restore("weights", "pull", "--task", "denoise", "--dry-run")
    assert result.code == 0
    assert "tiny-denoise-web  about 0 MB, licence unknown, from http://127.0.0.1" in result.out
    assert "by hand, from https://drive.test/x: tiny-denoise-hand" in result.err
    assert "then restore weights import ID FILE" in result.err
    assert hub.seen == []


def test_one_failure_does_not_stop_the_others(hub: LoopbackHub, shop: Shop, restore: Restore):
    hub.faults.append(Fault("GET", "/raw", status=404))
    result = restore("weights", "pull", "tiny-denoise-web", "tiny-denoise-hand", "tiny-denoise-s25", "--json")
    assert result.code == 1
    statuses = [(row["id"], row["status"]) for row in result.json["weights"]]
    assert statuses == [
        ("tiny-denoise-web", "failed"), ("tiny-denoise-hand", "failed"), ("tiny-denoise-s25", "pulled")
    ]  # fmt: skip
    assert result.json["exit_code"] == 1
    assert "hint: get it there, then restore weights import tiny-denoise-hand FILE" in result.err


def test_nothing_to_be_had_is_3(hub: LoopbackHub, shop: Shop, restore: Restore):
    hub.faults.append(Fault("GET", "/raw", flip=100))
    result = restore("weights", "pull", "tiny-denoise-web")
    assert result.code == 3
    assert result.out == ""
    _, error, hint = result.err.splitlines()
    assert error.startswith("error: tiny-denoise-web: tiny.pt: what http://127.0.0.1")
    assert hint.startswith("hint: try again; ")
    assert restore("weights", "pull", "tiny-denoise-hand").code == 3


def test_weights_that_do_not_fit_their_row(hub: LoopbackHub, shop: Shop, restore: Restore):
    shop.write(replace(shop.on_hub, model=replace(shop.on_hub.model, params={**PARAMS, "width": 6})))
    result = restore("weights", "pull", "tiny-denoise-s25")
    assert result.code == 3
    assert "does not fit its network" in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name the weights to pull"),
        (["tiny-denoise-s25", "--all"], "name the weights to pull"),
        (["--task", "denoice"], "unknown task 'denoice'"),
        (["tiny-denoise-s52"], "no weights named 'tiny-denoise-s52'"),
    ],
)
def test_what_cannot_be_meant(shop: Shop, restore: Restore, words: list[str], message: str):
    result = restore("weights", "pull", *words)
    assert result.code in (2, 3)
    assert result.err.splitlines()[0] == f"error: {message}"


def test_only_permissive_licences(hub: LoopbackHub, shop: Shop, restore: Restore):
    result = restore(
        "weights", "pull", "tiny-denoise-web", "tiny-denoise-s25", "--license", "permissive", "-q"
    )
    assert (result.code, result.out) == (1, "tiny-denoise-s25\n")
    assert "its licence is unknown, and only permissive ones are wanted" in result.err
    assert restore("weights", "remove", "tiny-denoise-s25").code == 0
    ids = ("tiny-denoise-web", "tiny-denoise-s25")
    planned = restore("weights", "pull", *ids, "--license", "permissive", "--dry-run")
    assert planned.err.startswith("1 file to fetch, "), "what is refused is not counted"


def test_progress_is_drawn_on_a_terminal_only(shop: Shop, restore: Restore):
    seen = restore("weights", "pull", "tiny-denoise-s25", watched=True)
    unseen = restore("weights", "pull", "tiny-denoise-web")
    assert "\x1b[" in seen.err
    assert "tiny-denoise-s25" in seen.err
    assert "\x1b[" not in unseen.err
