"""restore weights import: every variant in every format; one clear line for every file that does not fit."""

import hashlib
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from imported import SMALL, nothing_kept, refused, state_of
from running import Run, make_picture
from saving import FORMATS, formula_state, save
from torch import Tensor

from restorecli import registry
from restorecli.spec import WeightsEntry
from restorecli.weights import store
from restorecli.weights.load import load_network

# ------------------------------------------------------------------------------------- what is taken


@pytest.mark.parametrize("how", FORMATS)
@pytest.mark.parametrize("id", [*(f"small-{name}" for name in SMALL), "small-paedsr"])
def test_every_network_in_every_format(bring, tmp_path: Path, id: str, how: str):
    path = save(state_of(id), tmp_path / id.removeprefix("small-") / "model.pt", how)
    result = bring(id, path)
    assert result.code == 0, result.stderr
    assert result.lines == [
        f"{id}: {path.name}, {path.stat().st_size / 1e6:.1f} MB, "
        "proved by keys and shapes only: its authors give no hash"
    ]
    assert result.errors == []
    loaded = load_network(registry.find(id)).state_dict()
    assert all(torch.isfinite(tensor).all() for tensor in loaded.values())


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_row_of_the_list(bring, tmp_path: Path):
    """All variants at their published depth: each row once, the first of each network in every format."""
    groups: dict[str, list[WeightsEntry]] = {}
    for entry in registry.entries():
        if entry.source in ("manual", "url") and not entry.id.startswith("small-"):
            groups.setdefault(f"{entry.model.network} {entry.model.params}", []).append(entry)
    assert len(groups) == 14
    networks: set[str] = set()
    for entries in groups.values():
        network = entries[0].model.network
        formats = ("zip",) if network in networks else FORMATS
        networks.add(network)
        state = formula_state(entries[0].model)
        for how in formats:
            path = save(state, tmp_path / "model.pt", how)
            for entry in entries if how == "zip" else entries[:1]:
                pinned = ("--unproved",) if entry.git_blob else ()
                result = bring(entry.id, path, *pinned)
                assert result.code == 0, (entry.id, how, result.stderr)
            path.unlink()
        for entry in entries:
            network = load_network(entry)
            assert sum(p.numel() for p in network.parameters()) > 5_000_000
            assert store.remove(entry) > 20_000_000


def test_a_file_of_ours_comes_back(bring, tmp_path: Path, own_folders: Path):
    """What is kept is a weights file like any other: it can be carried to another machine."""
    assert bring("small-rnan", save(state_of("small-rnan"), tmp_path / "rnan" / "model.pt", "zip")).code == 0
    (kept,) = (own_folders / "cache" / "weights").glob("*.safetensors")
    before = kept.read_bytes()
    carried = tmp_path / "carried.safetensors"
    carried.write_bytes(before)
    assert bring("small-rnan", carried).code == 0
    (again,) = (own_folders / "cache" / "weights").glob("*.safetensors")
    assert again.read_bytes() == before


def test_what_was_not_asked_for_by_that_name_is_warned_of(bring, tmp_path: Path):
    path = save(state_of("small-panet"), tmp_path / "other.pt", "zip")
    result = bring("small-panet", path)
    assert result.code == 0
    assert "warning: other.pt is not named panet/model.pt: is it the right one?" in result.stderr
    right = save(state_of("small-panet"), tmp_path / "panet" / "model.pt", "zip")
    assert "warning" not in bring("small-panet", right).stderr


# ------------------------------------------------------------------------------------- what is refused


def changed(**changes: Tensor | None) -> dict[str, Tensor]:
    state = state_of("small-panet") | {key.replace("__", "."): value for key, value in changes.items()}
    return {key: value for key, value in state.items() if value is not None}


@pytest.mark.parametrize("how", FORMATS)
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: state_of("small-panet-gray"), ("misshapen: head.0.weight 64x1x3x3 for 64x3x3x3",)),
        (lambda: state_of("small-rnan"), ("model", "does not fit its network", "missing: ", "unexpected: ")),
        (lambda: deeper("small-panet"), ("missing: body.2.", "unexpected: body.2.")),
        (lambda: changed(tail__0__bias=None), ("missing: tail.0.bias",)),
        (lambda: changed(extra__weight=torch.zeros(2)), ("unexpected: extra.weight",)),
        (lambda: changed(head__0__bias=torch.full((64,), torch.nan)), ("head.0.bias", "not finite")),
        (lambda: changed(head__0__bias=torch.zeros(3)), ("misshapen: head.0.bias 3 for 64",)),
    ],
    ids=["wrong variant", "wrong network", "wrong depth", "missing", "extra", "NaN", "wrong shape"],
)
def test_weights_that_do_not_fit(bring, tmp_path: Path, own_folders: Path, make, words, how: str):
    refused(bring("small-panet", save(make(), tmp_path / "model.pt", how)), *words)
    assert nothing_kept(own_folders)


def deeper(id: str) -> dict[str, Tensor]:
    model = registry.find(id).model
    return formula_state(replace(model, params={**model.params, "blocks": 6}))


class Harmful:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("harm"),)


@pytest.mark.parametrize("how", ["pickle", "before 1.6", "zip"])
def test_a_malicious_pickle_runs_nothing(
    bring, tmp_path: Path, own_folders: Path, monkeypatch: pytest.MonkeyPatch, how: str
):
    monkeypatch.chdir(tmp_path)
    content = {**state_of("small-panet"), "zzz": Harmful()}
    if how == "pickle":
        Path("model.pt").write_bytes(pickle.dumps({"zzz": Harmful()}))
    else:
        torch.save(content, "model.pt", _use_new_zipfile_serialization=how == "zip")
    refused(bring("small-panet", "model.pt"), "model.pt is not a weights file that is safe to read")
    assert not Path("harm").exists()
    assert nothing_kept(own_folders)


@pytest.mark.parametrize("how", FORMATS)
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_file_that_was_cut_off(bring, tmp_path: Path, own_folders: Path, how: str, share: float):
    path = save(state_of("small-panet"), tmp_path / "model.pt", how)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    refused(bring("small-panet", path), path.name, "is not a")
    assert nothing_kept(own_folders)


@pytest.mark.parametrize("name", ["model.pt", "model.safetensors", "all.zip"])
def test_a_web_page(bring, tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(
        b"\n<!DOCTYPE html><html><title>Google Drive - Quota exceeded</title></html>"
    )
    result = bring("small-panet", tmp_path / name)
    refused(result, f"{name} is a web page, not a weights file")
    assert "open the page in a browser" in result.stderr


def test_other_things_that_are_no_weights(bring, tmp_path: Path):
    refused(bring("small-panet", tmp_path / "absent.pt"), "absent.pt: no such file")
    refused(bring("small-panet", tmp_path), "this is a folder")
    refused(bring("small-panet", make_picture(tmp_path / "a.png")), "a.png")
    refused(bring("panet-denoise-color-s11", tmp_path), "no weights named 'panet-denoise-color-s11'")
    own = bring("compact-denoise", make_picture(tmp_path / "a.png"))
    assert (own.code, own.errors[0].startswith("error: compact-denoise has its file already")) == (2, True)


def test_a_file_whose_hash_is_another(bring, restore: Run, tmp_path: Path, own_folders: Path):
    path = save(state_of("small-panet"), tmp_path / "model.pt", "before 1.6")
    result = bring("small-pinned", path)
    refused(result, "fits the network, but is not the file that the list means: its git blob differs")
    assert "--unproved takes it all the same" in result.stderr
    assert nothing_kept(own_folders)
    taken = bring("small-pinned", path, "--unproved")
    assert "proved by keys and shapes only: its hash is another" in taken.lines[0]
    (row,) = [
        row
        for row in restore("weights", "list", "--json", identity=False).json
        if row["id"] == "small-pinned"
    ]
    assert (row["available"], row["proof"]) == (True, "keys and shapes")


def test_a_file_with_the_right_hash_is_proved_by_it(bring, tmp_path: Path, own_folders: Path):
    path = save(state_of("small-panet"), tmp_path / "model.pt", "before 1.6")
    data = path.read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    own = own_folders / "config" / "weights.toml"
    own.write_text(own.read_text().replace("0123456789012345678901234567890123456789", blob))
    registry._layered.cache_clear()
    result = bring("small-pinned", path, "--json")
    assert result.json["proof"] == "git blob"
    assert result.json["source"] == {
        "sha256": hashlib.sha256(data).hexdigest(),
        "git_blob": blob,
        "size": len(data),
    }
