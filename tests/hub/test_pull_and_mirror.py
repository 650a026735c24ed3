"""restore weights pull and mirror, end to end against a Hub on loopback."""

import hashlib
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from command_result import Result
from huggingface_hub import ModelCard
from huggingface_hub.utils import close_session
from loopback_hub import TOKEN, Fault, LoopbackHub, git_blob
from PIL import Image
from safetensors.torch import save

from restorecli import registry
from restorecli.hub import fetch
from restorecli.hub.card import SEVERAL
from restorecli.networks.compact import Compact
from restorecli.places import cache_folder
from restorecli.read_rows import read_entries
from restorecli.row_text import row_text
from restorecli.spec import ModelSpec, Published, Remote, WeightsEntry
from restorecli.weights import bring, store

Restore = Callable[..., Result]
PARAMS = {"width": 4, "encoder": [1], "middle": 1, "decoder": [1]}


def weights_bytes(seed: int = 0) -> bytes:
    torch.manual_seed(seed)
    return save({key: tensor.contiguous() for key, tensor in Compact(**PARAMS).state_dict().items()})


def tiny(id: str, source: str, **more) -> WeightsEntry:
    model = ModelSpec("compact", PARAMS, multiple_of=4, halo=24, tile=64)
    return WeightsEntry(id, "denoise", model, source, **more)  # pyright: ignore[reportArgumentType]


class Shop:
    """Three rows: one on the Hub, one at an address, one to get by hand; and the list that has them."""

    def __init__(self, hub: LoopbackHub, folder: Path) -> None:
        content = weights_bytes()
        revision = hub.add("lab/tiny", {"tiny.safetensors": content})
        hub.raw["tiny.pt"] = content
        sha256 = hashlib.sha256(content).hexdigest()
        self.on_hub = tiny(
            "tiny-denoise-s25", "hub", repo="lab/tiny", revision=revision, file="tiny.safetensors",
            sha256=sha256, size=len(content), licence="MIT", level=25.0, limits="Tiny.",
            published=(Published("Set12", 30.43, "gray, no border crop", 25.0), Published("BSD68", 29.0)),
        )  # fmt: skip
        self.at_url = tiny(
            "tiny-denoise-web", "url", url=f"{hub.endpoint}/raw/tiny.pt", git_blob=git_blob(content),
            page="https://github.com/lab/tiny", about_size=9000,
        )  # fmt: skip
        self.by_hand = tiny(
            "tiny-denoise-hand", "manual", page="https://drive.test/x", instructions="Get it."
        )
        self.file = folder / "config" / "weights.toml"
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.write(self.on_hub, self.at_url, self.by_hand)

    def write(self, *rows: WeightsEntry) -> None:
        self.file.write_text("\n".join(map(row_text, rows)), encoding="utf-8")
        registry._layered.cache_clear()


@pytest.fixture
def shop(hub: LoopbackHub, tmp_path: Path) -> Shop:
    return Shop(hub, tmp_path)


# ------------------------------------------------------------------------------------------- rows as text


def test_every_row_reads_back(tmp_path: Path, shop: Shop):
    rows = [*registry.entries(), replace(shop.on_hub, id="odd", provenance={"a b": {"c": ['"', "é\x7f"]}})]
    path = tmp_path / "rows.toml"
    path.write_text("\n".join(map(row_text, rows)), encoding="utf-8")
    back = read_entries(path)
    assert list(back) == [replace(row, file=_absolute(row, tmp_path)) for row in rows]


def _absolute(row: WeightsEntry, folder: Path) -> str | None:
    return str(folder / row.file) if row.source == "file" and row.file else row.file


# -------------------------------------------------------------------------------------------------- pull


def test_pull_proves_converts_and_keeps(hub: LoopbackHub, shop: Shop, restore: Restore):
    result = restore("weights", "pull", "tiny-denoise-s25", "tiny-denoise-web")
    assert result.code == 0, result.err
    first, second = result.out.splitlines()
    assert first.startswith("tiny-denoise-s25  0.0 MB, proved by sha256, kept in ")
    assert second.startswith("tiny-denoise-web  0.0 MB, proved by git blob, kept in ")
    assert result.err.splitlines()[0].startswith("2 files to fetch, about 0.0 MB; converted into ")
    assert "licence of tiny-denoise-web: unknown, from https://github.com/lab/tiny" in result.err
    assert result.err.splitlines()[-1] == "2 fetched"
    assert store.stored(shop.on_hub) is not None
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
        store.store(shop.at_url, path)
        path.unlink()
        return path

    monkeypatch.setattr(bring, "fetch", fetch_and_lose)
    remote = shop.at_url.remote
    assert remote is not None
    assert bring.bring(shop.at_url, remote) == store.record(shop.at_url)


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


def test_progress_is_drawn_on_a_terminal_only(shop: Shop, restore: Restore):
    seen = restore("weights", "pull", "tiny-denoise-s25", watched=True)
    unseen = restore("weights", "pull", "tiny-denoise-web")
    assert "\x1b[" in seen.err
    assert "tiny-denoise-s25" in seen.err
    assert "\x1b[" not in unseen.err


# ------------------------------------------------------------------------------------------------ mirror


def mirror(restore: Restore, *words: str) -> Result:
    return restore("weights", "mirror", *words, "--repo", "me/weights")


@pytest.fixture
def logged_in(hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)


@pytest.mark.usefixtures("logged_in")
def test_mirror_then_pull_from_the_mirror(hub: LoopbackHub, shop: Shop, restore: Restore):
    assert restore("weights", "pull", "tiny-denoise-s25").code == 0
    result = mirror(restore, "tiny-denoise-s25")
    assert result.code == 0, result.err
    (row,) = tomllib.loads(result.out)["weights"]
    there = hub.repositories["me/weights"]
    content = there.commits[row["revision"]]["tiny-denoise-s25.safetensors"]
    assert (row["source"], row["repo"], row["revision"]) == ("hub", "me/weights", there.head)
    assert (row["sha256"], row["size"]) == (hashlib.sha256(content).hexdigest(), len(content))
    kept = store.stored(shop.on_hub)
    assert kept is not None
    assert content == kept.read_bytes()
    assert not there.private

    assert restore("weights", "remove", "tiny-denoise-s25").code == 0
    shop.file.write_text(result.out)
    registry._layered.cache_clear()
    hub.seen.clear()
    pulled = restore("weights", "pull", "tiny-denoise-s25")
    assert pulled.code == 0, pulled.err
    assert "proved by sha256" in pulled.out
    assert {"me"} == {seen.path.split("/")[1] for seen in hub.seen if "/resolve/" in seen.path}


@pytest.mark.usefixtures("logged_in")
def test_the_card_tells_licence_origin_and_figures(hub: LoopbackHub, shop: Shop, restore: Restore):
    restore("weights", "pull", "tiny-denoise-s25", "tiny-denoise-web")
    assert mirror(restore, "tiny-denoise-s25").code == 0
    card = ModelCard(_readme(hub))
    assert card.data.to_dict() == {
        "library_name": "restorecli", "license": "mit", "pipeline_tag": "image-to-image",
        "tags": ["image-restoration", "restorecli", "denoise"],
    }  # fmt: skip
    for words in (
        "## tiny-denoise-s25", "Licence of the weights: MIT.", "from hf://lab/tiny@", "proved by sha256.",
        "| Set12 | 25 | 30.43 | gray, no border crop |", "Limits: Tiny.",
    ):  # fmt: skip
        assert words in card.text, words

    assert mirror(restore, "tiny-denoise-web", "--i-hold-the-rights").code == 0
    card = ModelCard(_readme(hub))
    assert (card.data.license, card.data.license_name) == ("other", SEVERAL)
    assert card.text.count("## tiny-denoise-s25\n") == card.text.count("## tiny-denoise-web\n") == 1
    again = mirror(restore, "tiny-denoise-s25", "--quiet")  # its section is replaced
    head = hub.repositories["me/weights"].head
    assert again.out == f"hf://me/weights@{head}/tiny-denoise-s25.safetensors\n"
    assert ModelCard(_readme(hub)).text.count("## tiny-denoise-s25\n") == 1
    assert len(hub.repositories["me/weights"].commits[hub.repositories["me/weights"].head]) == 4


def _readme(hub: LoopbackHub) -> str:
    there = hub.repositories["me/weights"]
    return there.commits[there.head]["README.md"].decode()


@pytest.mark.usefixtures("logged_in")
def test_what_its_licence_does_not_allow_is_not_made_public(hub: LoopbackHub, shop: Shop, restore: Restore):
    restore("weights", "pull", "tiny-denoise-web")
    refused = mirror(restore, "tiny-denoise-web")
    assert refused.code == 2
    assert (
        "not to be made public by others than who holds the rights: tiny-denoise-web (unknown)" in refused.err
    )
    assert "--private keeps it to you; --i-hold-the-rights if you do" in refused.err
    assert "me/weights" not in hub.repositories

    assert mirror(restore, "tiny-denoise-web", "--private").code == 0
    assert hub.repositories["me/weights"].private
    assert ModelCard(_readme(hub)).data.license == "unknown"
    assert (
        restore("weights", "mirror", "tiny-denoise-web", "--repo", "me/open", "--i-hold-the-rights").code == 0
    )
    assert not hub.repositories["me/open"].private


@pytest.mark.usefixtures("logged_in")
def test_private_is_not_taken_for_granted(hub: LoopbackHub, shop: Shop, restore: Restore):
    """A repository that is there keeps its openness, whatever is asked for when it is `made`."""
    restore("weights", "pull", "tiny-denoise-web")
    hub.add("me/weights", {"README.md": b"# Mine"})
    result = mirror(restore, "tiny-denoise-web", "--private")
    assert result.code == 3
    assert "me/weights is there already, and everybody sees it" in result.err
    assert list(hub.repositories["me/weights"].commits[hub.repositories["me/weights"].head]) == ["README.md"]


@pytest.mark.usefixtures("logged_in")
def test_the_weights_of_the_package_can_be_mirrored(hub: LoopbackHub, shop: Shop, restore: Restore):
    result = restore("weights", "mirror", "compact-denoise", "--repo", "me/weights", "--json")
    assert result.code == 0, result.err
    (row,) = result.json["weights"]
    embedded = registry.weights_path(next(e for e in read_entries(registry.list_file()) if e.id == row["id"]))
    assert embedded is not None
    assert row["sha256"] == hashlib.sha256(embedded.read_bytes()).hexdigest()


def test_mirror_without_a_token(hub: LoopbackHub, shop: Shop, restore: Restore):
    restore("weights", "pull", "tiny-denoise-s25")
    result = mirror(restore, "tiny-denoise-s25")
    assert result.code == 3
    assert f"me/weights: {hub.endpoint} does not let you write to it (401)" in result.err
    assert "hint: hf auth login, or set HF_TOKEN: with a token that may write" in result.err


@pytest.mark.usefixtures("logged_in")
@pytest.mark.parametrize("path", ["/api/repos", "/preupload", ".git/info/lfs", "/lfs/", "/commit/"])
def test_mirror_while_the_hub_fails(
    hub: LoopbackHub, shop: Shop, restore: Restore, pauses: list[float], path: str
):
    restore("weights", "pull", "tiny-denoise-s25")
    hub.faults += [Fault("POST", path, status=500, times=99), Fault("PUT", path, status=500, times=99)]
    result = mirror(restore, "tiny-denoise-s25")
    assert result.code == 3
    assert "is out of order (500)" in result.err
    assert result.err.count("\n") == 2  # what is to be done, and the error
    assert "me/weights" not in hub.repositories or len(hub.repositories["me/weights"].commits) == 1


def test_mirror_of_what_is_not_here_or_nowhere(
    hub: LoopbackHub, shop: Shop, restore: Restore, monkeypatch: pytest.MonkeyPatch
):
    missing = mirror(restore, "tiny-denoise-s25")
    assert (missing.code, missing.err.splitlines()[0]) == (3, "error: tiny-denoise-s25 is not here")
    assert "hint: restore weights pull tiny-denoise-s25" in missing.err
    by_hand = mirror(restore, "tiny-denoise-hand", "--private")
    assert "hint: restore weights import tiny-denoise-hand FILE" in by_hand.err
    assert restore("weights", "mirror", "tiny-denoise-s25").code == 2
    restore("weights", "pull", "tiny-denoise-s25")
    assert restore("weights", "mirror", "tiny-denoise-s25", "--repo", "not/a/name").code == 2
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE forbids to reach it" in mirror(restore, "tiny-denoise-s25").err
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    hub.stop()
    close_session()
    gone = mirror(restore, "tiny-denoise-s25")
    assert (gone.code, "cannot be reached" in gone.err) == (3, True)
