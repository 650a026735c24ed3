"""Files of the Hub and of other addresses: fetched, and then kept, with the real client on loopback."""

from dataclasses import replace
from pathlib import Path

import pytest
from hub_places import BOTH, CONTENT, NAME, put
from loopback_hub import TOKEN, LoopbackHub, git_blob

from restorecli.hub import fetching as restore_hub
from restorecli.places import cache_folder
from restorecli.spec import Remote

# -------------------------------------------------------------------------------------------- it works


@BOTH
def test_first_from_the_server_then_from_the_cache_with_the_server_down(hub: LoopbackHub, kind: str):
    remote = put(hub, kind)
    assert restore_hub.cached(remote) is None
    path = restore_hub.fetch(remote)
    assert path.read_bytes() == CONTENT
    asked = len(hub.seen)
    assert restore_hub.fetch(remote) == restore_hub.cached(remote) == path
    assert len(hub.seen) == asked
    hub.stop()
    assert restore_hub.fetch(remote) == path


@BOTH
def test_progress_ends_with_the_size(hub: LoopbackHub, kind: str):
    told: list[tuple[int, int | None]] = []
    restore_hub.fetch(put(hub, kind), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@BOTH
def test_size_and_hash_may_be_unknown(hub: LoopbackHub, kind: str):
    remote = replace(put(hub, kind), sha256=None, git_blob=None, size=None)
    assert restore_hub.fetch(remote).read_bytes() == CONTENT


def test_small_files_and_data_sets_of_the_hub(hub: LoopbackHub):
    revision = hub.add("datasets/user/set", {"data/list.txt": b"a\nb\n"})
    remote = Remote("user/set", revision, "data/list.txt", "dataset", git_blob=git_blob(b"a\nb\n"))
    assert restore_hub.fetch(remote).read_bytes() == b"a\nb\n"
    assert remote.name == "list.txt"


def test_forgetting_deletes_downloads_of_our_own_only(hub: LoopbackHub):
    ours, theirs = put(hub, "url"), put(hub, "hub")
    paths = [restore_hub.fetch(remote) for remote in (ours, theirs)]
    for remote in (ours, theirs):
        restore_hub.forget(remote)
    assert [path.exists() for path in paths] == [False, True]


def test_a_token_goes_to_the_hub_and_nowhere_else(hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    for kind in ("hub", "url"):
        restore_hub.fetch(put(hub, kind))
    sent = {seen.path.split("/")[1]: seen.headers.get("Authorization") for seen in hub.seen}
    assert sent == {"user": f"Bearer {TOKEN}", "cdn": None, "raw": None}


def test_downloads_lie_in_our_cache(hub: LoopbackHub, tmp_path: Path):
    path = restore_hub.fetch(put(hub, "url"))
    assert path.parent == cache_folder() / "downloads" == tmp_path / "cache" / "downloads"
    assert path.name.endswith(f"-{NAME}")
