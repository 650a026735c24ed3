"""restore weights mirror, end to end against a Hub on loopback."""

import hashlib
import tomllib
from collections.abc import Callable

import pytest
from command_result import Result
from huggingface_hub import ModelCard
from huggingface_hub.utils import close_session
from loopback_hub import TOKEN, Fault, LoopbackHub
from weights_shop import Shop

from restorecli import registry
from restorecli.hub.card import SEVERAL
from restorecli.read_rows import read_entries
from restorecli.weights import store

Restore = Callable[..., Result]


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
    kept = store.record(shop.on_hub)
    assert kept is not None
    assert content == kept.path.read_bytes()
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
