"""sets.toml: every row can be read, is pinned and honest; a mistake in it is named."""

import re
from pathlib import Path

import pytest

from restorecli.bench.protocols import all_cards
from restorecli.bench.sets import catalogue, catalogue_file, find_set, read_catalogue
from restorecli.checked import CheckError
from restorecli.errors import UsageError
from restorecli.registry import entries

CARDS = {card.name: card for card in all_cards()}

COUNTS = {
    "set12": 12, "bsd68": 68, "cbsd68": 68, "kodak24": 24, "mcmaster18": 18, "urban100": 100, "classic5": 5,
    "live1": 29, "set5": 5, "set14": 14, "b100": 100, "rain100l": 100, "rain100h": 100, "cc15": 15,
    "polyu": 100,
}  # fmt: skip
ROW = """
[[sets]]
name = "toy"
title = "Toy"
tasks = ["denoise"]
images = 2
licence = "none"
[[sets.files]]
folder = "clean"
url = "https://example.org/{}.png"
[sets.pixels]
"01" = "0123456789ab"
"02" = "ba9876543210"
"""


def read(tmp_path: Path, text: str):
    path = tmp_path / "sets.toml"
    path.write_text(text)
    return read_catalogue(path)


def test_all_sets_are_there():
    assert {name: row.images for name, row in catalogue().sets.items()} == COUNTS


@pytest.mark.parametrize("row", catalogue().sets.values(), ids=lambda row: row.name)
def test_every_file_is_pinned(row):
    assert row.licence
    assert row.files or row.page.startswith("https://")
    for file in row.files:
        for remote in file.remotes(tuple(row.pixels)):
            if remote.url:
                assert re.search(r"/[0-9a-f]{40}/", remote.url)
                assert "{" not in remote.url
            else:
                assert re.fullmatch(r"[0-9a-f]{40}", remote.revision or "")
                assert remote.repo_type == "dataset"
    assert all(re.fullmatch(r"[0-9a-f]{12}", digits) for digits in row.pixels.values())
    assert len(set(row.pixels.values())) == len(row.pixels)


def test_what_nobody_fetched_says_so():
    text = catalogue_file().read_text()
    assert text.count("\nchecked = ") == len(COUNTS)
    assert all(not row.checked for row in catalogue().sets.values())


def test_a_set_without_files_says_where_it_is_and_may_know_some_of_its_pixels(tmp_path):
    start, files = ROW.index("[[sets.files]]"), ROW.index("[sets.pixels]")
    without = ROW[:start] + ROW[files:]
    with pytest.raises(CheckError, match="files, or a page where a copy can be got, is missing"):
        read(tmp_path, without)
    paged = without.replace("images = 2", 'page = "https://example.org"\nimages = 3')
    assert not read(tmp_path, paged).sets["toy"].knows_all
    assert read(tmp_path, paged.replace("images = 3", "images = 2")).sets["toy"].knows_all


def test_real_noise_is_there_and_says_what_may_be_done_with_it():
    for name, known in (("cc15", 15), ("polyu", 62)):
        row = find_set(name)
        assert (row.tasks, len(row.pixels)) == (("denoise",), known)
        assert "non-commercial" in row.licence
        assert row.page.startswith("https://github.com/csjunxu/")


def test_files_named_alike_are_one_each(tmp_path):
    row = read(tmp_path, ROW).sets["toy"]
    assert [remote.url for remote in row.files[0].remotes(tuple(row.pixels))] == [
        "https://example.org/01.png",
        "https://example.org/02.png",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("images = 2", "images = 3", "images: 3, but there are 2"),
        ("images = 2", 'images = "2"', "images: '2' is not a whole number"),
        ("images = 2", 'page = "https://example.org"\nimages = 1', "images: 1, but there are 2"),
        ("licence", "license", "unknown key 'license'"),
        ('["denoise"]', "[]", "tasks: one or more"),
        ('["denoise"]', '["sharpen"]', "tasks"),
        ('"toy"', '"mini"', "name: 'mini'"),
        ('"toy"', '"Toy"', "name: 'Toy'"),
        ('url = "https://example.org/{}.png"', "", "either url, or repo"),
        ('url = "https://example.org/{}.png"', 'repo = "a/b"\nfile = "c"', "revision: 40 hex digits"),
        ('{}.png"', '{}.png"\neach = ["1"]', "1 names for 2 images"),
        ("[[sets]]", "[[stes]]", "unknown key 'stes'"),
        ("[[sets]]", "[[sets]", "sets.toml"),
        ('"clean"', '"dirty"', "is not one of 'clean'"),
    ],
)
def test_a_mistake_is_named(tmp_path, old, new, message):
    assert old in ROW
    with pytest.raises(CheckError, match=re.escape(message)):
        read(tmp_path, ROW.replace(old, new))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('set = "moon"\nprotocol = "jpeg-gray"\nmethod = "X"\npsnr = [30.0]', "set: there is no 'moon'"),
        ('set = "toy"\nprotocol = "jpeg"\nmethod = "X"\npsnr = [30.0]', "protocol: there is no 'jpeg'"),
        (
            'set = "toy"\nprotocol = "jpeg-gray"\nmethod = "X"\npsnr = [30.0]\nlevels = [10, 20]',
            "1 figures for 2 levels",
        ),
    ],
)
def test_a_mistake_in_published_figures_is_named(tmp_path, row, message):
    with pytest.raises(CheckError, match=re.escape(message)):
        read(tmp_path, f"{ROW}\n[[published]]\n{row}\n")


def test_two_rows_of_one_name_are_refused(tmp_path):
    with pytest.raises(CheckError, match="another row has it already"):
        read(tmp_path, ROW + ROW)


def test_sets_are_found_however_they_are_written():
    assert find_set("CBSD68").title == "CBSD68"
    with pytest.raises(UsageError, match="no set 'cbsd86'") as error:
        find_set("cbsd86")
    assert error.value.hint == "--set cbsd68"


def test_published_figures_of_weights_name_a_card_of_their_task():
    """Otherwise they would never stand beside a figure of ours."""
    for entry in entries():
        for figure in entry.published:
            assert CARDS[figure.protocol].task == entry.task, entry.id


def test_published_figures_stand_under_cards_of_their_sets():
    for row in catalogue().published:
        assert CARDS[row.protocol].task in catalogue().sets[row.set].tasks
        assert all(20 < psnr < 50 for psnr in row.psnr)
        assert set(row.levels) <= set(CARDS[row.protocol].levels)
