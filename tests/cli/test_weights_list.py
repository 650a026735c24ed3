"""restore weights list, info, verify, remove; the user's own lists; licences."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from running import Run, make_picture
from safetensors.torch import save_file

from restorecli import registry
from restorecli.networks import NETWORKS
from restorecli.spec import ModelSpec, WeightsEntry
from restorecli.weights import store
from restorecli.weights.load import take

LIST = """
[[weights]]
id = "{id}"
task = "denoise"
source = "file"
file = "local.safetensors"
{keys}
[weights.model]
network = "local"
params = {{ width = 4 }}
halo = 16
"""


@pytest.fixture
def own_list(tmp_path: Path) -> Path:
    """A list of the user's, with one row "mine" whose file lies beside it."""
    folder = tmp_path / "lists"
    folder.mkdir()
    save_file(dict(NETWORKS["local"](width=4).state_dict()), folder / "local.safetensors")
    path = folder / "mine.toml"
    path.write_text(LIST.format(id="mine", keys=""))
    return path


def ids(restore: Run, *words: object) -> list[str]:
    result = restore("weights", "list", "--quiet", *words, identity=False)
    assert result.code == 0, result.stderr
    return result.lines


# ------------------------------------------------------------------------------------ list and info


def test_the_list_as_table_ids_and_json(restore: Run):
    result = restore("weights", "list", identity=False)
    headings = [line.split()[0] for line in result.lines if "  PROOF  " in line]
    assert headings == ["DENOISE", "DEJPEG", "DEMOSAIC", "UPSCALE", "DERAIN", "DEBLUR"]
    assert max(len(line) for line in result.lines) <= 150
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in result.lines if line}
    megabytes = registry.find("compact-denoise").size / 1e6
    assert rows["compact-denoise"] == f"any compact {megabytes:.1f} MB package sha256 yes, default MIT"
    assert rows["rnan-denoise-color-s50"] == "50 rnan ~36 MB web git blob - unknown"
    assert rows["panet-dejpeg-q10"] == "10 panet ~24 MB by hand keys and shapes - MIT"
    assert rows["dagl-dejpeg-github"] == "? dagl ~23 MB web git blob - unknown"
    everything = [entry.id for entry in registry.entries()]
    assert set(ids(restore)) == set(everything)
    data = restore("weights", "list", "--json", identity=False).json
    assert [row["id"] for row in data] == everything
    (rain,) = [row for row in data if row["id"] == "mhnet-derain"]
    assert (rain["available"], rain["proof"], rain["permissive"]) == (False, "keys and shapes", False)


def test_the_list_of_one_task(restore: Run):
    assert ids(restore, "--task", "derain") == ["compact-derain", "mhnet-derain"]
    result = restore("weights", "list", "--task", "denoize", identity=False)
    assert (result.code, "--task denoise" in result.stderr) == (2, True)


WITHOUT_SOCKETS = """
import socket, sys
def refuse(*_, **__):
    raise AssertionError("a socket was opened")
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
from restorecli.cli.app import main
code = main(sys.argv[1:])
heavy = [name for name in ("torch", "numpy", "cv2", "huggingface_hub", "safetensors") if name in sys.modules]
sys.exit(f"imported {heavy}" if heavy else code)
"""


@pytest.mark.parametrize(
    "words", [["list"], ["list", "--json"], ["info", "rnan-demosaic"], ["verify"], ["--help"]], ids=" ".join
)
def test_listing_needs_neither_torch_nor_a_network(words: list[str]):
    command = [sys.executable, "-c", WITHOUT_SOCKETS, "weights", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_info_says_all_and_what_to_type(restore: Run):
    result = restore("weights", "info", "dagl-denoise-gray-s25", identity=False)
    text = result.stdout.decode()
    for words in (
        "sigma      25",
        "gray; of a colour photo the luma",
        "Set12 at sigma 25: 30.93 dB",
        "unknown",
    ):
        assert words in text
    assert "restore weights import dagl-denoise-gray-s25 FILE" in result.stderr
    assert (
        "restore weights pull rnan-demosaic"
        in restore("weights", "info", "rnan-demosaic", identity=False).stderr
    )
    embedded = restore("weights", "info", "compact-denoise", identity=False)
    assert "restore denoise photo.png --model compact-denoise" in embedded.stderr
    wrong = restore("weights", "info", "compact-denoize", identity=False)
    assert (wrong.code, "did you mean compact-denoise" in wrong.stderr) == (3, True)


# ---------------------------------------------------------------------------------- the user's rows


def test_a_list_given_on_the_command_line(restore: Run, own_list: Path, tmp_path: Path):
    assert "mine" not in ids(restore)
    assert "mine" in ids(restore, "--weights-file", own_list)
    assert "mine" not in ids(restore), "it counts for one command only"
    photo = make_picture(tmp_path / "a.png")
    words = ("denoise", photo, "--model", "mine", "--json")
    done = restore(*words, "--weights-file", own_list)
    assert done.code == 0, done.stderr
    assert done.json["files"][0]["report"]["weights"] == "mine"
    assert restore(*words, "-f").code == 3


def test_a_list_given_by_the_environment(restore: Run, own_list: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RESTORE_WEIGHTS_FILE", str(own_list))
    assert "mine" in ids(restore)


def test_later_lists_win(restore: Run, own_list: Path, own_folders: Path):
    config = own_folders / "config"
    config.mkdir()
    (config / "weights.toml").write_text(LIST.format(id="mine", keys='licence = "MIT"\ndefault = true'))
    rows = {row["id"]: row for row in restore("weights", "list", "--json", identity=False).json}
    assert (rows["mine"]["licence"], rows["mine"]["file"]) == ("MIT", str(config / "local.safetensors"))
    assert (rows["mine"]["default"], rows["compact-denoise"]["default"]) == (True, False)
    assert rows["compact-dejpeg"]["default"]
    words = ("weights", "list", "--json", "--weights-file", own_list)
    (mine,) = [row for row in restore(*words, identity=False).json if row["id"] == "mine"]
    assert (mine["licence"], mine["file"]) == ("unknown", str(own_list.parent / "local.safetensors"))


def test_a_row_of_the_users_replaces_one_of_ours(restore: Run, own_list: Path, tmp_path: Path):
    own_list.write_text(LIST.format(id="compact-denoise", keys="default = true"))
    done = restore(
        "denoise", make_picture(tmp_path / "a.png"), "--model", "auto", "--weights-file", own_list, "--json"
    )
    assert done.code == 0, done.stderr
    assert done.json["files"][0]["report"]["weights"] == "compact-denoise"
    words = ("weights", "info", "compact-denoise", "--weights-file", own_list, "--json")
    assert restore(*words, identity=False).json["model"]["network"] == "local"


def test_a_list_that_is_wrong_or_missing(restore: Run, own_list: Path, tmp_path: Path):
    missing = restore("weights", "list", "--weights-file", tmp_path / "no.toml", identity=False)
    assert (missing.code, missing.errors) == (
        3,
        [f"error: {tmp_path / 'no.toml'}: no such file or directory"],
    )
    own_list.write_text(LIST.format(id="mine", keys="colour = 1"))
    wrong = restore("weights", "list", "--weights-file", own_list, identity=False)
    assert (wrong.code, wrong.errors) == (2, [f"error: {own_list}: row 'mine': unknown key 'colour'"])


# ----------------------------------------------------------------------------------------- licences


def test_only_permissive_licences(
    restore: Run, own_list: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    photo = make_picture(tmp_path / "a.png")
    words = ("denoise", photo, "--model", "mine", "--weights-file", own_list, "--tile", "0")
    refused = restore(*words, "--license", "permissive")
    assert refused.code == 3
    assert refused.errors == ["error: mine: its licence is unknown, and only permissive ones are wanted"]
    assert not (tmp_path / "a.denoise.png").exists()
    monkeypatch.setenv("RESTORE_LICENSE", "permissive")
    assert restore(*words).code == 3
    assert restore(*words, "--license", "any").code == 0, "the option goes before the environment"
    own_list.write_text(LIST.format(id="mine", keys='licence = "Apache-2.0"'))
    registry._layered.cache_clear()
    assert restore(*words, "-f").code == 0
    assert restore("denoise", photo, "--model", "auto", "-f").code == 0
    assert restore("weights", "import", "mhnet-derain", photo, identity=False).code == 3
    monkeypatch.setenv("RESTORE_LICENSE", "gpl")
    wrong = restore("denoise", photo, "--model", "auto", "-f")
    assert (wrong.code, "RESTORE_LICENSE any or permissive" in wrong.stderr) == (2, True)


def test_a_licence_is_told_once(restore: Run, own_list: Path, tmp_path: Path, own_folders: Path):
    photo = make_picture(tmp_path / "a.png")
    words = ("denoise", photo, "--model", "mine", "--weights-file", own_list, "-f", "--tile", "0")
    line = "licence of mine: unknown; said once"
    assert line not in restore(*words, "--json").stderr
    assert line in restore(*words).stderr
    assert line not in restore(*words).stderr
    own_list.write_text(LIST.format(id="mine", keys='licence = "GPL-3.0"'))
    registry._layered.cache_clear()
    assert "licence of mine: GPL-3.0" in restore(*words).stderr
    assert "licence of" not in restore("denoise", photo, "--model", "auto", "-f").stderr
    away = restore("derain", photo, "--model", "mhnet")
    assert (away.code, "licence of" in away.stderr) == (3, False), "they could not be used"


# -------------------------------------------------------------------------------- verify and remove


@pytest.fixture
def kept(own_folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WeightsEntry:
    """A row whose weights were brought."""
    config = own_folders / "config"
    config.mkdir()
    row = LIST.format(id="brought", keys='page = "https://example.org"\ninstructions = "Look."')
    (config / "weights.toml").write_text(row.replace('"file"', '"manual"', 1))
    raw = tmp_path / "local.safetensors"
    save_file(dict(NETWORKS["local"](width=4).state_dict()), raw)
    entry = registry.find("brought")
    assert entry.model == ModelSpec("local", {"width": 4}, halo=16)
    take(entry, raw, origin=raw.name)
    return entry


def test_verify_reads_all_that_is_here(restore: Run, kept: WeightsEntry):
    result = restore("weights", "verify", identity=False)
    assert result.code == 0
    embedded = [entry.id for entry in registry.entries() if entry.source == "embedded"]
    assert [line.split()[:2] for line in result.lines] == [["ok", id] for id in (*embedded, "brought")]
    assert restore("weights", "verify", "brought", "-q", identity=False).lines == ["brought"]
    away = restore("weights", "verify", "mhnet-derain", identity=False)
    assert (away.code, away.errors) == (3, ["error: mhnet-derain is not here"])


def test_a_damaged_file_is_found_refused_and_removed(restore: Run, kept: WeightsEntry, tmp_path: Path):
    (path, _) = store.located(kept) or pytest.fail("nothing is kept")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    result = restore("weights", "verify", "--json", identity=False)
    assert result.code == 3
    assert [row["id"] for row in result.json if row["problem"]] == ["brought"]
    assert "restore weights remove brought" in result.stderr
    used = restore("denoise", make_picture(tmp_path / "a.png"), "--model", "brought")
    assert (used.code, "sha256 differs" in used.errors[0]) == (3, True)
    removed = restore("weights", "remove", "brought", identity=False)
    assert (removed.code, removed.lines) == (0, [f"brought: {(len(data) + RECORD) / 1e6:.1f} MB freed"])
    assert not store.is_here(kept)
    assert list(store.folder().iterdir()) == []
    assert restore("weights", "remove", "brought", identity=False).lines == ["brought: was not here"]


def test_damage_to_what_is_no_copy_says_what_mends_it(
    restore: Run, kept: WeightsEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (path, _) = store.located(kept) or pytest.fail("nothing is kept")
    path.write_bytes(bytes(path.stat().st_size))
    whole = registry.list_file()
    monkeypatch.setattr(registry, "list_file", lambda: whole)
    monkeypatch.setattr(registry, "PACKAGE", tmp_path)  # where nothing is
    result = restore("weights", "verify", "compact-denoise", "brought", identity=False)
    assert (result.code, result.errors) == (3, ["error: not what they should be: compact-denoise, brought"])
    assert (
        "hint: restore weights remove brought, and bring them again; pip install --force-reinstall restorecli"
        in result.stderr
    )


RECORD = 600  # bytes, about: too few to be seen in MB


def test_what_is_not_a_copy_is_not_removed(restore: Run, own_list: Path):
    ours = restore("weights", "remove", "compact-denoise", identity=False)
    assert (ours.code, "restorecli's own" in ours.errors[0]) == (2, True)
    mine = restore("weights", "remove", "mine", "--weights-file", own_list, identity=False)
    assert (mine.code, (own_list.parent / "local.safetensors").exists()) == (2, True)
