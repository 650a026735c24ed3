"""restore weights import of a zip: the right file in it, and nothing that it should not do."""

import zipfile
from pathlib import Path

import pytest
import torch
from imported import nothing_kept, refused, state_of
from saving import save
from torch import Tensor

from restorecli import registry
from restorecli.weights.load import load_network


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


@pytest.mark.parametrize("packing", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("share", [0.4, None], ids=["content", "directory"])
def test_damaged_zips(
    bring, tmp_path: Path, own_folders: Path, contents: dict[str, bytes], packing: int, share: float | None
):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", packing) as archive:
        archive.writestr("a.pt", contents["right"])
    data = bytearray(path.read_bytes())
    place = data.rfind(b"PK\x01\x02") if share is None else int(len(data) * share)
    data[place : place + 40] = b"\xff" * 40
    path.write_bytes(data)
    refused(bring("small-panet", path), "all.zip cannot be unpacked: ")
    assert nothing_kept(own_folders)


@pytest.mark.parametrize("name", ["../../../out.pt", "C:\\out.pt", "/out.pt", f"{'long' * 80}.pt"])
def test_names_in_a_zip_lead_nowhere(
    bring, tmp_path: Path, own_folders: Path, contents: dict[str, bytes], name: str
):
    path = zipped(tmp_path / "all.zip", {name: contents["right"]})
    before = sorted(tmp_path.rglob("*"))
    result = bring("small-panet", path)
    assert result.code == 0, result.stderr
    assert result.lines[0].startswith(f"small-panet: all.zip/{name}, ")
    assert sorted(tmp_path.rglob("*")) == before
    kept = {file.suffix for file in own_folders.rglob("*") if file.is_file() and "config" not in file.parts}
    assert kept == {".json", ".safetensors"}
    other = zipped(tmp_path / "other.zip", {name: b"no weights"})
    assert ".unpacked-" not in refused(bring("small-rnan", other), name)


def test_a_name_that_is_said_to_be_utf8_and_is_not(bring, tmp_path: Path, contents: dict[str, bytes]):
    path = zipped(tmp_path / "all.zip", {"\u00e9\u00e9.pt": contents["right"]})
    path.write_bytes(path.read_bytes().replace("\u00e9".encode(), b"\xff\xfe"))
    refused(bring("small-panet", path), "all.zip cannot be unpacked: ")
