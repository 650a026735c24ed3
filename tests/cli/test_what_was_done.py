"""The line of a result says what was taken out; a photo that came out as it went in is told as such."""

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from running import Run, pixels_of

from restorecli.engine.report import levels_between
from restorecli.images import read
from restorecli.registry import PACKAGE

CLEAN = PACKAGE / "data" / "images" / "dog.png"


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    """A photo with noise that its neighbours share, of sigma 12."""
    noise = np.random.default_rng(1).standard_normal((160, 160, 3))
    noise = sum(np.roll(noise, shift, (0, 1)) for shift in ((0, 0), (0, 1), (1, 0), (1, 1))) / 2
    pixels = read(CLEAN).pixels[60:220, 60:220] + 12 * noise
    path = tmp_path / "noisy.png"
    Image.fromarray(np.rint(pixels.clip(0, 255)).astype(np.uint8)).save(path)
    return path


def test_what_was_taken_out_is_what_the_file_lost(noisy: Path, restore: Run):
    result = restore("denoise", noisy, "--model", "auto")
    assert result.code == 0, result.stderr
    (line,) = result.lines
    said = float(line.rpartition("; took noise of about sigma ")[2].removesuffix(" out"))
    change = levels_between(pixels_of(noisy), pixels_of(noisy.with_name("noisy.denoise.png")))
    assert said == pytest.approx(change, rel=0.05)
    assert 6 < said < 14


def test_a_clean_photo_is_said_to_have_come_out_as_it_went_in(noisy: Path, tmp_path: Path, restore: Run):
    flat = tmp_path / "flat.png"
    Image.new("RGB", (96, 64), (90, 120, 150)).save(flat)
    (line,) = restore("denoise", flat, "--model", "auto").lines
    assert line.endswith("; came out as it went in: there is hardly any noise (sigma 0.0 measured)")
    found = restore("denoise", flat, noisy, "--model", "auto", "-o", f"{tmp_path}/out/", "--json")
    assert [file["report"]["unchanged"] for file in found.json["files"]] == [True, False]
    assert found.json["summary"]["unchanged"] == 1
    both = restore("denoise", flat, noisy, "--model", "auto", "-o", f"{tmp_path}/out/", "--overwrite")
    assert "2 restored (1 unchanged)" in both.stderr


def test_noise_that_a_level_leaves_is_said_with_the_level_that_takes_it(noisy: Path, restore: Run):
    (line,) = restore("denoise", noisy, "--model", "auto", "--sigma", 0, "--overwrite").lines
    found, _, hint = line.partition("; came out as it went in: noise of sigma ")[2].partition(
        " was measured; "
    )
    assert 6 < float(found) < 16
    assert hint == f"--sigma {math.ceil(float(found))} takes it"


def test_other_tasks_say_it_too_and_what_was_asked_for_is_not_news(noisy: Path, tmp_path: Path, restore: Run):
    flat = tmp_path / "flat.png"
    Image.new("RGB", (96, 64), (90, 120, 150)).save(flat)
    (line,) = restore("dejpeg", flat, "--model", "auto").lines
    assert line.endswith("; came out as it went in: no JPEG blocks to mend")
    for words in (("--strength", 0), ("--model", "identity")):
        (line,) = restore("denoise", noisy, *words, "--overwrite").lines
        assert "came out" not in line


def test_what_nobody_sees_is_neither_measured_nor_counted(tmp_path: Path, restore: Run):
    """A clean cut-out with noise under what is transparent, which stays as it was."""
    pixels = np.full((96, 96, 4), (90, 120, 150, 255), np.uint8)
    pixels[:, :48, :3] = np.random.default_rng(0).integers(0, 256, (96, 48, 3), np.uint8)
    pixels[:, :48, 3] = 0
    path = tmp_path / "cut.png"
    Image.fromarray(pixels).save(path)
    (line,) = restore("denoise", path, "--model", "auto").lines
    assert line.endswith("; came out as it went in: there is hardly any noise (sigma 0.0 measured)")


def test_a_photo_too_small_to_measure_is_told_as_such(tmp_path: Path, restore: Run):
    path = tmp_path / "tiny.png"
    Image.new("RGB", (5, 5)).save(path)
    (line,) = restore("denoise", path, "--model", "auto").lines
    assert line.endswith("; came out as it went in: it is too small to measure its noise")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_the_change_is_counted_in_levels_of_255_whatever_the_depth(dtype: type):
    top = 1.0 if dtype is np.float32 else np.iinfo(dtype).max
    before = np.full((8, 9, 3), 0.25 * top, dtype)
    after = (before + np.array(top / 51, dtype)).astype(dtype)
    assert levels_between(before, after) == pytest.approx(5, rel=0.03)
    assert levels_between(before, after[:4]) is None
