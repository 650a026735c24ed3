"""What is kept in the cache: proved, whole or not at all, and only for the row that means it."""

import errno
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from restorecli import proof
from restorecli.atomic import TEMPORARY_SUFFIX
from restorecli.errors import WeightsError
from restorecli.networks import NETWORKS
from restorecli.spec import ModelSpec, WeightsEntry
from restorecli.weights import store
from restorecli.weights.load import load_network, take

ENTRY = WeightsEntry(
    id="x", task="denoise", model=ModelSpec(network="local", params={"width": 4}), source="manual",
    page="https://example.org", instructions="Look.",
)  # fmt: skip


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    path = tmp_path / "raw.safetensors"
    save_file(dict(NETWORKS["local"](width=4).state_dict()), path)
    return path


def pinned(raw: Path, **changes: str) -> WeightsEntry:
    return replace(ENTRY, source="url", url="https://example.org/raw.safetensors", **changes)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_store_then_load(raw: Path):
    assert not store.is_here(ENTRY)
    kept = take(ENTRY, raw)
    assert (kept.proof, kept.origin) == ("keys and shapes", "https://example.org")
    assert store.located(ENTRY) == (kept.path, kept.sha256)
    assert store.record(ENTRY) == kept
    assert kept.sha256 == sha256(kept.path)
    assert kept.source == proof.Digest(sha256(raw), proof.digest(raw).git_blob, raw.stat().st_size)
    expected = load_file(raw)
    for key, tensor in load_network(ENTRY).state_dict().items():
        assert torch.equal(tensor, expected[key])


@pytest.mark.parametrize("key", ["sha256", "git_blob"])
def test_a_pinned_file_is_proved_by_its_hash(raw: Path, key: str):
    right = pinned(raw, **{key: getattr(proof.digest(raw), key)})
    assert take(right, raw).proof == key.replace("_", " ")
    wrong = replace(pinned(raw, **{key: "0" * len(getattr(right, key) or "")}), id="y")
    with pytest.raises(
        WeightsError, match=f"is not the file that the list means: its {key.replace('_', ' ')}"
    ):
        take(wrong, raw)
    assert store.record(wrong) is None
    assert take(wrong, raw, unproved=True).proof == "keys and shapes"
    assert store.is_here(wrong)


def test_a_hash_that_the_list_learns_later_is_minded(raw: Path):
    take(ENTRY, raw)
    assert store.record(replace(ENTRY, sha256="0" * 64)) is None
    found = store.record(replace(ENTRY, sha256=sha256(raw)))
    assert found is not None
    assert found.proof == "sha256"


def test_what_another_row_of_that_id_means_is_not_taken(raw: Path):
    take(ENTRY, raw)
    assert not store.is_here(replace(ENTRY, model=replace(ENTRY.model, params={"width": 8})))
    assert store.is_here(replace(ENTRY, model=replace(ENTRY.model, tile=64)))
    assert not store.is_here(replace(ENTRY, id="x-2"))


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"file": "../../etc/passwd"}', None])
def test_a_record_that_is_damaged_counts_as_none(raw: Path, content: bytes | None):
    kept = take(ENTRY, raw)
    if content is None:
        kept.path.write_bytes(kept.path.read_bytes()[:-1])  # cut off
    else:
        (store.folder() / "x.json").write_bytes(content)
    assert store.record(ENTRY) is None
    assert take(ENTRY, raw).path == kept.path
    assert store.record(ENTRY) is not None


def test_a_record_of_another_converter_counts_as_none(raw: Path):
    take(ENTRY, raw)
    path = store.folder() / "x.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"converter": store.CONVERTER + 1}))
    assert store.record(ENTRY) is None


def test_what_is_replaced_leaves_nothing(raw: Path, tmp_path: Path):
    first = take(ENTRY, raw)
    other = tmp_path / "other.safetensors"
    save_file({key: tensor + 1 for key, tensor in load_file(raw).items()}, other)
    near = replace(ENTRY, id="x-50")  # its files' names start alike
    take(near, raw)
    second = take(ENTRY, other)
    assert first.path != second.path
    assert {path.name for path in store.folder().iterdir()} == {
        "x.json", "x-50.json", second.path.name, first.path.name.replace("x-", "x-50-"),
    }  # fmt: skip
    assert store.remove(ENTRY) > 0
    assert store.remove(ENTRY) == 0
    assert store.is_here(near)


@pytest.mark.parametrize("fails", ["x-", "x.json"])
def test_a_full_disk_leaves_nothing(raw: Path, monkeypatch: pytest.MonkeyPatch, fails: str):
    def full(self: Path, target: Path) -> Path:
        if target.name.startswith(fails):
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(self, target)

    original = Path.replace
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(WeightsError, match=r"x: cannot be kept in .*: no space left on device") as caught:
        take(ENTRY, raw)
    assert caught.value.hint == "RESTORE_CACHE=FOLDER names another folder"
    assert store.record(ENTRY) is None
    assert not [path for path in store.folder().iterdir() if path.suffix == TEMPORARY_SUFFIX]


def test_a_cache_that_is_no_folder(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RESTORE_CACHE", str(raw))
    assert store.record(ENTRY) is None
    with pytest.raises(WeightsError, match=r"x: cannot be kept in .*: "):
        take(ENTRY, raw)


def test_two_that_store_the_same_at_once(raw: Path):
    def often(_: int) -> None:
        for _ in range(10):
            take(ENTRY, raw)
            assert store.record(ENTRY) is not None

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(often, range(2)))
    load_network(ENTRY)
    assert len(list(store.folder().iterdir())) == 2
