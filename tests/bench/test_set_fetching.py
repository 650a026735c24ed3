"""Sets are fetched once, unpacked safely, and are there whole or not at all."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from small_sets import photo

from restorecli.bench import fetching
from restorecli.bench.fetching import fetch_set, unpack
from restorecli.bench.sets import BenchSet, SetFile
from restorecli.errors import InputError, WeightsError

PINNED = {"repo": "someone/toys", "revision": "0" * 40}


def png(seed: int = 0) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(photo(seed)).save(stream, "PNG")
    return stream.getvalue()


def tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


class Server:
    """Stands in for hub.fetch: files by the last part of their names."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder, []

    def __call__(self, remote, *, progress=None) -> Path:
        self.asked.append(remote.name)
        path = self.folder / remote.name
        if not path.exists():
            raise WeightsError(f"{remote.name}: cannot be reached", hint="check the network")
        if progress is not None:
            progress(1, 1)
        return path


@pytest.fixture
def server(tmp_path, monkeypatch) -> Server:
    folder = tmp_path / "server"
    folder.mkdir()
    found = Server(folder)
    monkeypatch.setattr(fetching, "fetch", found)
    return found


def row(*files: SetFile, images: int = 2, **more) -> BenchSet:
    return BenchSet("toy", "Toy", ("denoise",), images, "none", files, **more)


def names(paths) -> list[str]:
    return [path.name for path in paths]


def test_an_archive_is_fetched_and_unpacked_once(server):
    tar(server.folder / "toy.tar.gz", {"toy/0/1.png": png(1), "toy/0/2.png": png(2), "toy/readme.txt": b"x"})
    toy = row(SetFile("clean", **PINNED, file="data/toy.tar.gz"))
    told = []
    first = fetch_set(toy, progress=lambda *news: told.append(news))
    assert names(first["target"]) == ["1.png", "2.png"]
    assert fetch_set(toy) == first
    assert server.asked == ["toy.tar.gz"]
    assert told == [("toy.tar.gz", 1, 1)]


@pytest.mark.parametrize("pack", [tar, zipped])
def test_one_archive_can_hold_inputs_and_targets(server, pack):
    name = "toy.zip" if pack is zipped else "toy.tar.gz"
    members = {f"all/{folder}/{n}.png": png(n) for folder in ("input", "target") for n in (1, 2)}
    pack(server.folder / name, members)
    both = (SetFile(folder, **PINNED, file=name, inside=folder) for folder in ("input", "target"))
    groups = fetch_set(row(*both))
    assert {role: names(paths) for role, paths in groups.items()} == {
        "input": ["1.png", "2.png"],
        "target": ["1.png", "2.png"],
    }


def test_single_files(server):
    for number in (1, 2):
        (server.folder / f"{number}.png").write_bytes(png(number))
    toy = row(SetFile("clean", url="https://example.org/c/{}.png", each=("1", "2")))
    assert names(fetch_set(toy)["target"]) == ["1.png", "2.png"]


def test_only_the_scales_that_are_asked_for(server):
    for name in ("HR", "LR_x2", "LR_x3"):
        tar(server.folder / f"{name}.tar.gz", {f"{name}/1.png": png()})
    files = [SetFile("clean", **PINNED, file="HR.tar.gz")]
    files += [SetFile(f"LR_x{scale}", **PINNED, file=f"LR_x{scale}.tar.gz") for scale in (2, 3)]
    assert set(fetch_set(row(*files), (3,))) == {"target", "LR_x3"}
    assert server.asked == ["HR.tar.gz", "LR_x3.tar.gz"]


def test_what_cannot_be_fetched_says_what_else_there_is(server):
    with pytest.raises(InputError, match=r"Toy: gone.zip: cannot be reached"):
        fetch_set(row(SetFile("clean", **PINNED, file="gone.zip")))
    with pytest.raises(InputError, match="Toy is not fetched: a copy of it has to be got by hand") as error:
        fetch_set(row(page="https://example.org/toy"))
    assert error.value.hint == "from https://example.org/toy; then --set toy=FOLDER"


def test_nothing_is_left_of_a_set_that_did_not_come_whole(server, own_folders):
    (server.folder / "1.png").write_bytes(png())
    toy = row(SetFile("clean", url="https://example.org/{}.png", each=("1", "2")))
    with pytest.raises(InputError, match="cannot be reached"):
        fetch_set(toy)
    assert not [path for path in (own_folders / "cache").rglob("*") if path.is_file()]
    (server.folder / "2.png").write_bytes(png())
    assert names(fetch_set(toy)["target"]) == ["1.png", "2.png"]


@pytest.mark.parametrize("name", ["../../evil.png", "/tmp/evil.png", "a/../../../evil.png", "..\\evil.png"])
@pytest.mark.parametrize("pack", [tar, zipped])
def test_an_archive_does_not_say_where_files_go(tmp_path, pack, name):
    archive = pack(tmp_path / "a.bin", {name: png()})
    target = tmp_path / "deep/down/here"
    target.mkdir(parents=True)
    unpack(archive, target, is_zip=pack is zipped)
    assert [path for path in tmp_path.rglob("*.png") if path.is_file()] == [target / "evil.png"]


def test_links_and_hidden_files_are_not_images(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        hidden = tarfile.TarInfo("._1.png")
        archive.addfile(hidden, io.BytesIO())
    unpack(tmp_path / "a.tar", tmp_path, is_zip=False)
    assert not list(tmp_path.glob("*.png"))


def test_two_images_of_one_name_are_not_one(tmp_path):
    archive = tar(tmp_path / "a.tar.gz", {"x/1.png": png(1), "y/1.png": png(2)})
    with pytest.raises(InputError, match=r"two images named 1\.png"):
        unpack(archive, tmp_path, is_zip=False)


def test_an_archive_that_would_fill_the_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "MOST_BYTES", 1000)
    archive = zipped(tmp_path / "a.zip", {"1.png": b"0" * 2000})
    with pytest.raises(InputError, match="would be larger"):
        unpack(archive, tmp_path, is_zip=True)
    assert not (tmp_path / "1.png").exists()


@pytest.mark.parametrize("is_zip", [False, True])
def test_what_is_no_archive_is_said(tmp_path, is_zip):
    (tmp_path / "a").write_bytes(b"<html>")
    with pytest.raises(InputError, match="not an archive"):
        unpack(tmp_path / "a", tmp_path, is_zip=is_zip)


def test_a_cut_off_archive_is_said(server):
    whole = tar(server.folder / "toy.tar.gz", {"1.png": png(1), "2.png": png(2)}).read_bytes()
    (server.folder / "toy.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="not an archive"):
        fetch_set(row(SetFile("clean", **PINNED, file="toy.tar.gz")))
