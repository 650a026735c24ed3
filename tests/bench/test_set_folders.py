"""Folders: every layout is understood, and whatever is wrong with a set is named."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_sets import clean_folder, photo, save

from restorecli.bench import folders, sets
from restorecli.bench.folders import fingerprint, inspect, load, open_folder
from restorecli.bench.sets import BenchSet, Catalogue
from restorecli.errors import InputError, UsageError

CLEAN, RAINY = photo(1), photo(2)


@pytest.mark.parametrize(
    ("target", "given"),
    [
        ("target/1.png", "input/1.png"),
        ("clean/norain-005.png", "rainy/rain-005.png"),
        ("norain-7.png", "rain-7.png"),
        ("GT/a.png", "LQ/a.png"),
        ("sharp/x.png", "blur/x.jpg"),
        ("HR/woman.png", "input/woman.png"),
        ("d800_iso1600_1_clean.png", "d800_iso1600_1_noisy.png"),
        ("d800_iso1600_1_mean.png", "d800_iso1600_1_real.png"),
        ("Canon80D_8_8_800_GO_1_mean.JPG", "Canon80D_8_8_800_GO_1_Real.JPG"),
        ("target/x_mean.png", "input/x_real.png"),
    ],
)
def test_pairs_in_every_layout(tmp_path, target, given):
    save(tmp_path / target, CLEAN)
    save(tmp_path / given, RAINY)
    found = inspect(open_folder(tmp_path))
    assert not found.reasons
    assert found.is_pairs
    assert [(item.target, item.input) for item in found.items] == [(tmp_path / target, tmp_path / given)]


@pytest.mark.parametrize("name", ["LR_x2/birdx2.png", "LR_bicubic/X2/birdx2.png", "X2/bird.png"])
def test_large_and_small_images(tmp_path, name):
    save(tmp_path / "HR/bird.png", CLEAN)
    save(tmp_path / name, CLEAN[::2, ::2])
    (item,) = inspect(open_folder(tmp_path)).items
    assert item.small == {2: tmp_path / name}
    assert item.name == "bird"


def test_names_as_huangs_set14_has_them(tmp_path):
    save(tmp_path / "HR/img_001_SRF_2_HR.png", CLEAN)
    save(tmp_path / "LR_x3/img_001_SRF_3_LR.png", CLEAN[:13, :16])
    (item,) = inspect(open_folder(tmp_path)).items
    assert (item.name, *item.small) == ("img_001", 3)


def test_images_come_in_the_order_people_count(tmp_path):
    for name in ("10", "2", "1"):
        save(tmp_path / f"{name}.png", CLEAN)
    assert [item.name for item in open_folder(tmp_path).items] == ["1", "2", "10"]


def test_same_stem_in_two_formats_is_two_images(tmp_path):
    save(tmp_path / "a.png", CLEAN)
    save(tmp_path / "a.bmp", RAINY)
    assert [item.name for item in open_folder(tmp_path).items] == ["a.bmp", "a.png"]


def test_what_has_no_partner_is_named(tmp_path):
    for name in ("1", "2"):
        save(tmp_path / f"target/{name}.png", CLEAN)
    for name in ("2", "3"):
        save(tmp_path / f"input/{name}.png", RAINY)
    found = inspect(open_folder(tmp_path))
    assert found.reasons == ("1.png: there is no input for it", "3.png: there is no clean image for it")
    assert [item.name for item in found.items] == ["2"]


def test_one_pair_makes_a_folder_one_of_pairs_and_all_others_are_named(tmp_path):
    """Measured as clean images they would give figures of another kind, and nobody would see it."""
    for name in ("a_noisy", "a_clean", "b_noisy", "c_clean", "d"):
        save(tmp_path / f"{name}.png", CLEAN)
    found = inspect(open_folder(tmp_path))
    assert [item.name for item in found.items] == ["a"]
    assert sorted(found.reasons) == [
        "b_noisy.png: there is no clean image for it",
        "c_clean.png: there is no input for it",
        "d.png: there is no input for it",
    ]


def test_clean_images_may_be_called_clean(tmp_path):
    for name in ("a_clean", "b_clean", "c_real", "d_mean"):
        save(tmp_path / f"{name}.png", CLEAN)
    found = inspect(open_folder(tmp_path))
    assert not found.is_pairs
    assert [item.name for item in found.items] == ["a", "b", "c", "d"]


def test_pairs_of_different_sizes_and_unreadable_images_are_named(tmp_path):
    for name in ("1", "2", "3"):
        save(tmp_path / f"target/{name}.png", CLEAN)
        save(tmp_path / f"input/{name}.png", RAINY)
    save(tmp_path / "input/1.png", RAINY[:-1])
    (tmp_path / "target/2.png").write_bytes(b"not an image")
    found = inspect(open_folder(tmp_path))
    assert found.reasons[0] == "1.png: 48x39, but 1.png is 48x40"
    assert found.reasons[1].startswith("2.png: ")
    assert len(found.reasons) == 2
    assert [item.name for item in found.items] == ["3"]


def test_a_small_image_of_a_wrong_size_is_named(tmp_path):
    save(tmp_path / "HR/bird.png", CLEAN)
    save(tmp_path / "LR_x2/birdx2.png", CLEAN[:10, :10])
    assert inspect(open_folder(tmp_path)).reasons == ("birdx2.png: 10x10 is not bird.png (48x40) x2 smaller",)


def test_a_cut_off_image_is_named(tmp_path):
    clean_folder(tmp_path)
    whole = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(whole[: len(whole) // 2])
    (reason,) = inspect(open_folder(tmp_path)).reasons
    assert reason.startswith("1.png: ")


def test_folders_that_are_none(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        open_folder(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no images"):
        open_folder(tmp_path)


def test_gray_in_colour_is_gray(tmp_path):
    clean_folder(tmp_path, gray=True)
    assert inspect(open_folder(tmp_path)).gray
    save(tmp_path / "3.png", CLEAN)
    assert not inspect(open_folder(tmp_path)).gray


def test_a_limit_is_said(tmp_path):
    found = inspect(open_folder(clean_folder(tmp_path, 3)), limit=2)
    assert found.shortened == "the first 2 of 3"
    assert len(found.items) == 2


# ------------------------------------------------------------------------------------------ known sets


@pytest.fixture
def known(tmp_path, monkeypatch) -> BenchSet:
    """A set of three images that lies in tmp_path / "set"."""
    folder = clean_folder(tmp_path / "set", 3)
    pixels = {path.stem: fingerprint(load(path)) for path in sorted(folder.iterdir())}
    row = BenchSet("toy", "Toy3", ("denoise",), 3, "none", (), pixels=pixels)
    monkeypatch.setattr(folders, "catalogue", lambda: Catalogue({"toy": row}, ()))
    return row


def as_known(folder, row):
    return inspect(replace(open_folder(folder), row=row))


def test_a_copy_is_recognised_whatever_its_files_are_called(tmp_path, known):
    for path in list((tmp_path / "set").iterdir()):
        save(tmp_path / f"copy/image-{path.stem}.bmp", load(path))
    found = inspect(open_folder(tmp_path / "copy"))
    assert (found.title, found.row, found.reasons) == ("Toy3", known, ())


def test_a_folder_with_one_pixel_changed_is_not_that_set(tmp_path, known):
    changed = load(tmp_path / "set/2.png").copy()
    changed[3, 3, 0] ^= 1
    save(tmp_path / "set/2.png", changed)
    assert inspect(open_folder(tmp_path / "set")).row is None
    assert as_known(tmp_path / "set", known).reasons == (
        "2: its pixels are not those of Toy3 (the image of that name is another)",
    )


def test_missing_and_extra_images_of_a_known_set_are_named(tmp_path, known):
    (tmp_path / "set/3.png").unlink()
    save(tmp_path / "set/4.png", photo(17))
    assert as_known(tmp_path / "set", known).reasons == (
        "4: its pixels are not those of Toy3 (it does not belong to it)",
        "3: is missing from Toy3",
    )


def test_where_only_the_count_is_known_it_is_compared(tmp_path, known):
    row = replace(known, pixels={}, images=4)
    assert as_known(tmp_path / "set", row).reasons == ("Toy3 has 4 images, and there are 3",)


def test_where_some_are_known_those_are_compared_and_all_are_counted(tmp_path, known):
    """A copy of a part of a set that nobody here has whole."""
    row = replace(known, pixels={name: known.pixels[name] for name in ("1", "2")}, images=4)
    folder = tmp_path / "set"
    assert as_known(folder, row).reasons == ("Toy3 has 4 images, and there are 3",)
    save(folder / "4.png", photo(17))
    assert as_known(folder, row).reasons == ()
    save(folder / "2.png", photo(18))
    assert as_known(folder, row).reasons == (
        "2: its pixels are not those of Toy3 (the image of that name is another)",
    )
    assert inspect(replace(open_folder(folder), row=row), limit=1).reasons == ()


def test_a_folder_of_which_nothing_is_known_is_not_that_set(tmp_path, known):
    row = replace(known, pixels={"1": known.pixels["1"]}, images=3)
    for name in ("x", "y", "z"):
        save(tmp_path / f"other/{name}.png", photo(30 + ord(name)))
    for limit in (None, 2):
        found = inspect(replace(open_folder(tmp_path / "other"), row=row), limit=limit)
        assert found.reasons == ("none of these images is known to be one of Toy3",)


def test_of_pairs_both_images_are_compared(tmp_path, known, monkeypatch):
    folder = tmp_path / "pairs"
    for seed in range(2):
        save(folder / f"{seed}_clean.png", photo(seed))
        save(folder / f"{seed}_noisy.png", photo(seed + 9))
    pixels = {str(n): fingerprint(photo(n), photo(n + 9)) for n in range(2)}
    row = replace(known, pixels=pixels, images=2)
    assert as_known(folder, row).reasons == ()
    monkeypatch.setattr(folders, "catalogue", lambda: Catalogue({"toy": row}, ()))
    assert inspect(open_folder(folder)).row == row
    save(folder / "1_noisy.png", photo(11))
    assert as_known(folder, row).reasons == (
        "1: its pixels are not those of Toy3 (the image of that name is another)",
    )


def test_a_limit_does_not_make_the_rest_missing(tmp_path, known):
    found = inspect(replace(open_folder(tmp_path / "set"), row=known), limit=1)
    assert found.reasons == ()
    assert found.shortened


@given(st.integers(0, 39), st.integers(0, 47), st.integers(0, 2))
def test_a_fingerprint_shows_every_pixel(row, column, channel):
    changed = CLEAN.copy()
    changed[row, column, channel] ^= 1
    assert fingerprint(changed) != fingerprint(CLEAN)
    assert fingerprint(np.ascontiguousarray(CLEAN.transpose(1, 0, 2))) != fingerprint(CLEAN)


def test_the_images_that_ship_are_a_set():
    found = inspect(open_folder(sets.MINI_FOLDER))
    assert not found.reasons
    assert len(found.items) == 11
    assert not found.is_pairs
