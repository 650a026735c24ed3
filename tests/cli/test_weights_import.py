"""restore weights import: every variant in every format; one clear line for every file that does not fit."""

import hashlib
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from parity_fill import image
from PIL import Image
from running import Result, Run, make_picture, pixels_of
from saving import FORMATS, formula_state, save
from torch import Tensor

from restorecli import registry
from restorecli.spec import WeightsEntry
from restorecli.weights import store
from restorecli.weights.load import load_network

# The published networks with fewer blocks: as rows of a user's own list.
SMALL = {
    "panet": '"panet"\nparams = { colors = 3, blocks = 4 }',
    "panet-gray": '"panet"\nparams = { colors = 1, blocks = 4 }\nchannels = 1',
    "rnan": '"rnan"\nparams = { colors = 3, groups = 3, features = 16 }\nvalue_range = 255\nmultiple_of = 2',
    "dagl": '"dagl"\nparams = { colors = 3, blocks = 4 }',
    "mhnet": '"mhnet"\nparams = { width = 8, group = 1, encoder = [1, 1, 1, 2] }\nmultiple_of = 16',
}
ROW = """
[[weights]]
id = "small-{name}"
task = "denoise"
source = "manual"
file = "{name}/model.pt"
page = "https://example.org/weights"
instructions = "Download it."

[weights.model]
network = {model}
"""
UPSCALER = """
[[weights]]
id = "small-paedsr"
task = "upscale"
level = 2
source = "manual"
page = "https://example.org/weights"
instructions = "Download it."
licence = "MIT"

[weights.model]
network = "paedsr"
params = { scale = 2, blocks = 4, features = 32 }
scale = 2
"""
PINNED = """
[[weights]]
id = "small-pinned"
task = "denoise"
source = "url"
url = "https://example.org/model.pt"
git_blob = "0123456789012345678901234567890123456789"

[weights.model]
network = "panet"
params = { colors = 3, blocks = 4 }
"""


@pytest.fixture(autouse=True)
def small_rows(own_folders: Path) -> None:
    """The user's own list, in the config folder."""
    (own_folders / "config").mkdir()
    rows = [ROW.format(name=name, model=model) for name, model in SMALL.items()]
    (own_folders / "config" / "weights.toml").write_text("".join((*rows, UPSCALER, PINNED)))


@pytest.fixture
def bring(restore: Run) -> Callable[..., Result]:
    """bring(id, file, ...) -> what `restore weights import` did."""
    return lambda *words: restore("weights", "import", *words, identity=False)


def state_of(name: str) -> dict[str, Tensor]:
    return dict(_state(name))


@cache
def _state(id: str) -> dict[str, Tensor]:
    return formula_state(registry.find(id).model)


def refused(result: Result, *words: str) -> str:
    """One clear line and exit 3; the line."""
    assert result.code == 3, result.stderr
    assert result.stdout == b""
    (line,) = result.errors
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in line
    return line


def nothing_kept(own_folders: Path) -> bool:
    return not [path for path in (own_folders / "cache").rglob("*") if path.is_file()]


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
def test_every_row_of_the_list_in_every_format(bring, tmp_path: Path):
    """All variants at their published depth: each network in three formats, each row once at least."""
    groups: dict[str, list[WeightsEntry]] = {}
    for entry in registry.entries():
        if entry.source in ("manual", "url") and not entry.id.startswith("small-"):
            groups.setdefault(f"{entry.model.network} {entry.model.params}", []).append(entry)
    assert len(groups) == 14
    for entries in groups.values():
        state = formula_state(entries[0].model)
        for how in FORMATS:
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


# --------------------------------------------------------------------------------------------- zips


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def contents(tmp_path: Path) -> dict[str, bytes]:
    """Three files as bytes: the right one, one of the same shape, one of another network."""
    right = state_of("small-panet")
    near = {key: tensor + 1e-3 if key == "head.0.bias" else tensor for key, tensor in right.items()}
    states = {"right": right, "near": near, "other": state_of("small-rnan")}
    return {
        name: save(state, tmp_path / f"{name}.pt", "before 1.6").read_bytes()
        for name, state in states.items()
    }


def bias() -> Tensor:
    return load_network(registry.find("small-panet")).state_dict()["head.bias"]


def test_of_a_zip_the_file_that_fits_is_taken(bring, tmp_path: Path, contents: dict[str, bytes]):
    files = {"a/rnan.pt": contents["other"], "b/some.pt": contents["right"], "README.txt": b"hello"}
    result = bring("small-panet", zipped(tmp_path / "all.zip", files))
    assert result.code == 0, result.stderr
    assert result.lines[0].startswith("small-panet: all.zip/b/some.pt, ")
    assert torch.equal(bias(), state_of("small-panet")["head.0.bias"])


def test_of_several_that_fit_the_name_decides(bring, tmp_path: Path, contents: dict[str, bytes]):
    files = {"x/near/model.pt": contents["near"], "x/panet/model.pt": contents["right"]}
    assert bring("small-panet", zipped(tmp_path / "all.zip", files)).code == 0
    assert torch.equal(bias(), state_of("small-panet")["head.0.bias"])


def test_of_several_that_fit_without_a_name_the_user_decides(
    bring, tmp_path: Path, contents: dict[str, bytes]
):
    path = zipped(tmp_path / "all.zip", {"one.pt": contents["near"], "two.pt": contents["right"]})
    result = bring("small-panet", path)
    refused(result, "2 of the files in it fit small-panet: one.pt, two.pt")
    assert "--member 'one.pt' takes that one" in result.stderr
    assert bring("small-panet", path, "--member", "two.pt").code == 0
    assert torch.equal(bias(), state_of("small-panet")["head.0.bias"])
    refused(bring("small-panet", path, "--member", "three.pt"), "no file 'three.pt' in it")


def test_zips_that_hold_nothing_fitting(bring, tmp_path: Path, own_folders: Path, contents: dict[str, bytes]):
    files = {"a.pt": contents["other"], "b.pt": contents["other"]}
    refused(
        bring("small-panet", zipped(tmp_path / "a.zip", files)), "none of the 2 weights files", "missing: "
    )
    refused(bring("small-panet", zipped(tmp_path / "b.zip", {"notes.txt": b""})), "only notes.txt")
    path = zipped(tmp_path / "c.zip", {"a.pt": contents["right"]})
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    refused(bring("small-panet", path), "cannot be unpacked")
    huge = zipped(tmp_path / "d.zip", {"bomb.pt": bytes(200_000_000)})
    assert huge.stat().st_size < 1_000_000
    refused(bring("small-panet", huge), "bomb.pt is too large")
    assert nothing_kept(own_folders)


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


# ----------------------------------------------------------------------------------- a photo through it

FULL = {
    "panet": "panet-denoise-color-s30",
    "rnan": "rnan-denoise-color-s30",
    "dagl": "dagl-denoise-real",
    "mhnet": "mhnet-derain",
}


@pytest.mark.parametrize("name", FULL)
def test_a_photo_through_imported_weights(bring, restore: Run, tmp_path: Path, name: str):
    check_a_photo(bring, restore, tmp_path, f"small-{name}")


@pytest.mark.slow
@pytest.mark.parametrize("name", FULL)
def test_a_photo_through_imported_weights_at_full_depth(bring, restore: Run, tmp_path: Path, name: str):
    check_a_photo(bring, restore, tmp_path, FULL[name], "--unproved")


def check_a_photo(bring, restore: Run, tmp_path: Path, id: str, *options: str) -> None:
    """Whole and in tiles, where no other tile has a say, the command gives what the network gives."""
    assert bring(id, save(visible(state_of(id)), tmp_path / "model.pt", "before 1.6"), *options).code == 0
    entry = registry.find(id)
    pixels = image(1, 3, 32, 48)[0].mul(255).round().byte().permute(1, 2, 0).numpy()
    photo = tmp_path / "photo.png"
    Image.fromarray(pixels).save(photo)

    whole = tmp_path / "whole.png"
    done = restore(entry.task, photo, "-o", whole, "--model", id, "--tile", "0", "--precision", "fp32")
    assert done.code == 0, done.stderr
    expected = direct(entry, pixels)
    assert np.std(expected.clip(0, 255)) > 10
    assert_rounded(pixels_of(whole), expected)

    tiled = tmp_path / "tiled.png"
    words = ("--tile", "32", "--overlap", "16", "--precision", "fp32", "--json")
    done = restore(entry.task, photo, "-o", tiled, "--model", id, *words)
    assert done.code == 0, done.stderr
    report = done.json["files"][0]["report"]
    assert (report["tiles"], report["tile"]) == (2, [32, 32])
    # 48 = 32 + 32 - 16: columns 0 to 15 are the first tile's alone, 32 to 47 the second's.
    found = pixels_of(tiled)
    assert_rounded(found[:, :16], direct(entry, pixels[:, :32])[:, :16])
    assert_rounded(found[:, 32:], direct(entry, pixels[:, 16:])[:, 16:])


def visible(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The formulas make networks' results comparable, not pixels: here most of them are between 0 and 1."""
    if "ending.weight" in state:  # MHNet
        return state | {"ending.weight": state["ending.weight"] * 0.02}
    if any("conv_match" in key for key in state):  # PANet, which does not add its input
        gain = 0.5 if "body.81.weight" in state else 4  # all its blocks, or few
        return state | {"tail.0.weight": state["tail.0.weight"] * gain, "tail.0.bias": torch.full((3,), 0.5)}
    return state


def direct(entry: WeightsEntry, pixels: np.ndarray) -> np.ndarray:
    """The network called on an array, without any of the engine: values on the 0-255 scale."""
    scale = entry.model.value_range
    network = load_network(entry)
    x = torch.from_numpy(pixels).permute(2, 0, 1)[None].float().div(255).mul(scale)
    with torch.inference_mode():
        return network(x)[0].div(scale).mul(255).permute(1, 2, 0).numpy()


def assert_rounded(found: np.ndarray, expected: np.ndarray) -> None:
    """Clamped and rounded once; float32 has some 1e-3 of a gray level to spare."""
    assert np.abs(found - expected.clip(0, 255)).max() <= 0.5 + 2e-3
