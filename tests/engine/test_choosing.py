"""Which weights an image gets where a network has several: by its colours, and by its own damage."""

from pathlib import Path

import numpy as np
import pytest
from level_rows import noisy, write_rows
from PIL import Image as Pillow

import restorecli
from restorecli import registry
from restorecli.engine import loading
from restorecli.engine.restorer import Restorer
from restorecli.errors import InputError
from restorecli.images import Image, read
from restorecli.spec import WeightsEntry


@pytest.fixture(autouse=True)
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(registry.FILE_VARIABLE, str(write_rows(tmp_path)))


@pytest.mark.parametrize(("sigma", "level"), [(8, 10), (24, 30), (37, 30), (47, 50), (75, 70)])
def test_the_row_nearest_to_the_measured_noise(sigma: float, level: int):
    image = Image.from_array(noisy(sigma))
    report = Restorer("denoise", model="local").restore_image(image).report
    assert report.weights == f"local-color-s{level}"
    assert report.level_from == "measured"
    assert report.level == pytest.approx(sigma, rel=0.05)
    assert report.chosen == f"sigma {report.level:.3g} measured; nearest: {level}"
    assert not report.notes


def test_gray_images_get_gray_weights_and_colour_ones_colour_weights():
    restorer = Restorer("denoise", model="local", sigma=30)
    weights = [restorer.restore_image(Image.from_array(noisy(30, channels))).report for channels in (1, 3, 1)]
    assert [it.weights for it in weights] == ["local-gray-s30", "local-color-s30", "local-gray-s30"]
    assert {(it.level, it.level_from) for it in weights} == {(30, "asked")}


def test_a_level_that_is_given_is_not_measured(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("restorecli.engine.photo.measure_noise", None)
    report = Restorer("denoise", model="local", sigma=45).restore_image(Image.from_array(noisy(10))).report
    assert (report.weights, report.level, report.level_from) == ("local-color-s50", 45, "asked")


def test_weights_by_their_id_are_not_exchanged():
    report = Restorer("denoise", model="local-color-s70").restore_image(Image.from_array(noisy(10))).report
    assert (report.weights, report.level, report.level_from) == ("local-color-s70", 70, "weights")


def test_the_default_stays_blind_and_goes_by_the_kind_of_noise():
    restorer = Restorer("denoise", device="cpu")
    for smoothed, weights in ((False, "compact-denoise-white"), (True, "compact-denoise")):
        report = restorer.restore_image(Image.from_array(noisy(20, smoothed=smoothed))).report
        assert (report.weights, report.level, report.level_from) == (weights, None, "blind")
        assert report.noise is not None
        assert report.noise.white is not smoothed
    assert report.chosen == "the default for denoise, as the noise is not white"


def test_a_level_goes_to_the_weights_for_the_noise_too():
    report = Restorer("denoise", device="cpu", sigma=10).restore_image(Image.from_array(noisy(20))).report
    assert (report.weights, report.level, report.level_from) == ("compact-denoise-white", 10, "asked")
    assert report.chosen == "the default for denoise, as the noise is white"


def test_every_door_takes_the_same_weights():
    array = noisy(27)
    image = Restorer("denoise", model="local").restore_image(Image.from_array(array)).image
    by_id = restorecli.restore(array, "denoise", model="local-color-s30")
    np.testing.assert_array_equal(restorecli.restore(array, "denoise", model="local"), by_id)
    np.testing.assert_array_equal(image.pixels, by_id)


def test_what_is_measured_does_not_depend_on_tiles():
    image = Image.from_array(noisy(27))
    whole, tiled = (
        Restorer("denoise", model="local", tile=tile, batch=batch).restore_image(image)
        for tile, batch in ((0, 1), (32, 3))
    )
    assert whole.report.level == tiled.report.level
    assert len({whole.report.weights, tiled.report.weights}) == 1


def test_two_networks_are_kept_and_each_is_loaded_when_it_is_needed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loading, "LOADED", 2)
    told: list[str] = []
    restorer = Restorer("denoise", model="local", before_loading=lambda entry: told.append(entry.id))
    assert not told
    for sigma in (10, 30, 10, 30, 50, 30, 10):
        restorer.restore_image(Image.from_array(noisy(sigma, size=60)))
    assert told == [f"local-color-s{level}" for level in (10, 30, 50, 10)]


def test_an_estimate_needs_no_weights(monkeypatch: pytest.MonkeyPatch):
    def refuse(entry: WeightsEntry) -> None:
        raise AssertionError(f"{entry.id} was loaded")

    monkeypatch.setattr(loading, "load_network", refuse)
    restorer = Restorer("denoise", model="local")
    assert restorer.estimate(100, 150).seconds > 0
    assert [choice.value for choice in restorer.choices][3] == "local"


def test_a_photo_much_better_than_the_weights_are_for_is_said():
    report = Restorer("denoise", model="local").restore_image(Image.from_array(noisy(2))).report
    assert report.weights == "local-color-s10"
    (note,) = report.notes
    assert "measured, but the nearest weights are for 10: detail may go too" in note


# ----------------------------------------------------------------------------------------------- dejpeg


@pytest.mark.parametrize(("quality", "level"), [(7, 10), (26, 30), (38, 40)])
def test_the_quality_stands_in_the_file(tmp_path: Path, quality: int, level: int):
    path = tmp_path / "photo.jpg"
    Pillow.fromarray(noisy(5)[:, :, 0]).save(path, quality=quality)
    report = Restorer("dejpeg", model="local").restore_image(read(path)).report
    assert report.weights == f"local-q{level}"
    assert report.chosen == f"quality {quality} measured; nearest: {level}"
    assert (report.level, report.level_from) == (quality, "measured")


def test_a_good_jpeg_is_said(tmp_path: Path):
    path = tmp_path / "photo.jpg"
    Pillow.fromarray(noisy(5)[:, :, 0]).save(path, quality=90)
    (note,) = Restorer("dejpeg", model="local").restore_image(read(path)).report.notes
    assert "quality 90 measured, but the nearest weights are for 40" in note


def test_what_is_no_jpeg_says_what_to_type(tmp_path: Path):
    path = tmp_path / "photo.png"
    Pillow.fromarray(noisy(5)).save(path)
    restorer = Restorer("dejpeg", model="local")
    with pytest.raises(InputError, match="a PNG file does not tell") as caught:
        restorer.restore_image(read(path))
    assert caught.value.hint is not None
    assert "--quality 20" in caught.value.hint
    with pytest.raises(InputError, match="an array does not tell"):
        restorer(noisy(5))
    assert Restorer("dejpeg", model="local", quality=20)(noisy(5)).shape == (120, 120, 3)
