"""restore compare: a photo through several weights, onto a page."""

import base64
import io
import re
import webbrowser
from collections.abc import Callable
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import torch
from answering import choose
from PIL import Image, ImageCms
from running import Run, make_picture, pixels_of, tree

from restorecli import registry
from restorecli.compare import page as compare_page
from restorecli.engine import loading as loading_module
from restorecli.errors import OutOfMemoryError, WeightsError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pictures_on(page: Path) -> list[tuple[str, np.ndarray]]:
    """What stands under each picture, and its pixels."""
    found = re.findall(r'<img alt="([^"]*)"[^>]*src="data:image/\w+;base64,([^"]+)"', page.read_text("utf-8"))
    pictures = []
    for alt, data in found:
        with Image.open(io.BytesIO(base64.b64decode(data))) as image:
            pictures.append((unescape(alt).rpartition(": ")[2], np.array(image.convert("RGB"))))
    return pictures


class Darker(torch.nn.Module):
    """Stands in for a network that takes seconds."""

    def forward(self, x: torch.Tensor, level: torch.Tensor | None = None) -> torch.Tensor:
        return x * 0.5


def loading(monkeypatch: pytest.MonkeyPatch, load: Callable[[], torch.nn.Module]) -> None:
    """What happens when the embedded weights are loaded."""
    real = loading_module.load_network
    monkeypatch.setattr(
        loading_module,
        "load_network",
        lambda entry: load() if entry.id.startswith("compact-") else real(entry),
    )


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    loading(monkeypatch, Darker)


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail() -> torch.nn.Module:
        raise error

    loading(monkeypatch, fail)


def test_the_page_stands_beside_the_photo_with_its_true_pixels(here: Path, restore: Run):
    photo = make_picture(here / "photo.png", size=(16, 32))
    result = restore("compare", photo, "--model", "auto,identity", "--precision", "fp32")
    assert result.code == 0
    assert result.lines[0].startswith(f"{photo} -> {here / 'photo.compare.html'}   compact-denoise ")
    assert tree(here) == ["photo.compare.html", "photo.png"]
    pictures = pictures_on(here / "photo.compare.html")
    assert [label for label, _ in pictures] == ["input", "compact-denoise", "identity"] * 2
    whole = dict(pictures[:3])
    np.testing.assert_array_equal(whole["input"], pixels_of(photo))
    np.testing.assert_array_equal(whole["identity"], pixels_of(photo))
    assert restore("denoise", photo, "-o", "same.png", "--precision", "fp32", identity=False).code == 0
    np.testing.assert_array_equal(whole["compact-denoise"], pixels_of(here / "same.png"))


def test_a_page_is_never_replaced_unasked(here: Path, restore: Run):
    make_picture(here / "photo.png")
    (here / "photo.compare.html").write_text("mine")
    refused = restore("compare", "photo.png")
    assert refused.code == 1
    assert refused.stderr == ("error: photo.compare.html is there already\nhint: --overwrite replaces it\n")
    assert (here / "photo.compare.html").read_text() == "mine"
    assert restore("compare", "photo.png", "--overwrite").code == 0
    assert (here / "photo.compare.html").read_text().startswith("<!doctype html>")


def test_where_the_page_goes(here: Path, restore: Run):
    make_picture(here / "photo.png")
    (here / "pages").mkdir()
    assert restore("compare", "photo.png", "-o", "mine.html").code == 0
    assert restore("compare", "photo.png", "-o", "pages").code == 0
    assert restore("compare", "photo.png", "-o", "pages/", "-q").stderr.count("error: ") == 1
    assert tree(here) == ["mine.html", "pages/photo.compare.html", "photo.png"]
    for output, hint in (("photo.png", "-o photo.html"), ("none/", "mkdir -p none/")):
        refused = restore("compare", "photo.png", "-o", output, "-f")
        assert refused.code in (1, 2)
        assert f"hint: {hint}" in refused.stderr
    assert len(tree(here)) == 3


def test_quiet_gives_the_path_and_json_the_figures(here: Path, restore: Run):
    make_picture(here / "photo.png")
    assert restore("compare", "photo.png", "-q").stdout == b"photo.compare.html\n"
    document = restore("compare", "photo.png", "-o", "b.html", "--json").json
    assert (document["task"], document["width"], document["height"]) == ("denoise", 30, 20)
    (model,) = document["models"]
    assert (model["status"], model["weights"], model["tiles"]) == ("restored", "identity", 1)
    assert model["seconds"] > 0
    failed = restore("compare", "no.png", "--json")
    assert failed.json["error"]["message"] == "no.png: there is no such file"
    assert failed.code == 1


@pytest.mark.parametrize("photo", ["", ".", "..", "/", "album", "album/"])
def test_what_names_no_photo_is_refused_in_one_line(here: Path, restore: Run, photo: str):
    (here / "album").mkdir()
    result = restore("compare", photo)
    assert result.code in (1, 2), result.stderr
    message = f"{photo}: this is a folder, not an image" if photo else "the name of the photo is empty"
    assert result.stderr == f"error: {message}\nhint: restore compare photo.jpg\n"
    assert tree(here) == []


def test_weights_that_are_not_here_are_named_once(here: Path, restore: Run):
    make_picture(here / "photo.png")
    away = next(row.id for row in registry.entries() if row.id.startswith("panet-denoise"))
    result = restore("compare", "photo.png", "--model", f"identity,{away}")
    (line,) = (line for line in result.stderr.splitlines() if line.startswith("warning: "))
    assert line.startswith(f"warning: {away}: these weights are not here")


@pytest.mark.parametrize(
    ("words", "task"),
    [
        ([], "denoise"),
        (["--task", "dejpeg"], "dejpeg"),
        (["--quality", "40"], "dejpeg"),
        (["--sigma", "20"], "denoise"),
        (["--pattern", "rggb"], "demosaic"),
        (["--model", "compact-dejpeg,identity"], "dejpeg"),
    ],
)
@pytest.mark.usefixtures("quick")
def test_the_task_follows_from_what_is_asked(here: Path, restore: Run, words: list[str], task: str):
    Image.fromarray(np.full((32, 32), 90, np.uint8)).save("photo.png")
    result = restore("compare", "photo.png", "--json", *words)
    assert result.code == 0, result.stderr
    assert result.json["task"] == task


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--model", "compact-denoise,compact-dejpeg"], 2, "these weights are for denoise and dejpeg"),
        (["--model", "identity,,auto"], 2, "--model identity,,auto: a name is missing"),
        (["--model", "compact-denois"], 3, "no weights named 'compact-denois' for denoise"),
        (
            ["--model", "compact-denoise", "--task", "dejpeg"],
            3,
            "compact-denoise is for denoise, not for dejpeg",
        ),
        (["--task", "paint"], 2, "unknown task 'paint'"),
        (["--task", "dejpeg", "--sigma", "3"], 2, "sigma has no meaning for dejpeg"),
        (["--sigma", "300"], 2, "sigma 300.0 is not 0 to 100"),
        (["--tile", "many"], 2, "--tile many: not a size"),
    ],
)
def test_what_makes_no_sense_is_one_clear_line(
    here: Path, restore: Run, words: list[str], code: int, message: str
):
    make_picture(here / "photo.png")
    result = restore("compare", "photo.png", *words)
    assert result.code == code
    assert result.errors == [f"error: {message}"]
    assert "hint: " in result.stderr
    assert tree(here) == ["photo.png"]


@pytest.mark.usefixtures("quick")
def test_one_set_of_weights_twice_is_said(here: Path, restore: Run):
    make_picture(here / "photo.png")
    result = restore("compare", "photo.png", "--model", "auto,compact-denoise")
    assert "compact-denoise is compact-denoise, which is compared already" in result.stderr
    assert [label for label, _ in pictures_on(here / "photo.compare.html")] == [
        "input",
        "compact-denoise",
    ] * 2


def test_weights_that_fail_do_not_stop_the_others(here: Path, restore: Run, monkeypatch: pytest.MonkeyPatch):
    make_picture(here / "photo.png")
    failing(monkeypatch, OutOfMemoryError("not enough memory, even with tiles of 32", hint="--device cpu"))
    result = restore("compare", "photo.png", "--model", "identity,auto")
    assert result.code == 1
    assert (
        "warning: compact-denoise: not enough memory, even with tiles of 32 (--device cpu)" in result.stderr
    )
    assert result.errors == []
    assert "failed: not enough memory, even with tiles of 32" in (here / "photo.compare.html").read_text()
    assert [label for label, _ in pictures_on(here / "photo.compare.html")] == ["input", "identity"]


def test_weights_that_fail_alone_decide_the_exit_code(
    here: Path, restore: Run, monkeypatch: pytest.MonkeyPatch
):
    make_picture(here / "photo.png")
    failing(
        monkeypatch, WeightsError("compact-denoise is not here", hint="restore weights pull compact-denoise")
    )
    result = restore("compare", "photo.png", "--model", "auto")
    assert (result.code, result.errors) == (3, ["error: compact-denoise is not here"])
    assert "hint: restore weights pull compact-denoise" in result.stderr
    assert tree(here) == ["photo.png"]


@pytest.mark.usefixtures("quick")
def test_large_photos_are_shown_smaller_and_parts_as_they_are(
    here: Path, restore: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(compare_page, "LONGEST", 100)
    monkeypatch.setattr(compare_page, "PART_HEIGHT", 70)
    monkeypatch.setattr(compare_page, "PART_WIDTH", 80)
    photo = make_picture(here / "photo.png", size=(160, 250))
    assert restore("compare", photo, "--model", "auto").code == 0
    text = (here / "photo.compare.html").read_text()
    assert "Made smaller, to 40%" in text
    sizes = [pixels.shape[:2] for _, pixels in pictures_on(here / "photo.compare.html")]
    assert sizes[:2] == [(64, 100)] * 2
    parts = re.findall(r"80 × 70 pixels at (\d+), (\d+), as they are", text)
    assert 2 <= len(parts) <= 3
    for place, (left, top) in enumerate(parts):
        label, pixels = pictures_on(here / "photo.compare.html")[2 + 4 * place]
        assert label == "input"
        part = pixels_of(photo)[int(top) : int(top) + 70, int(left) : int(left) + 80]
        np.testing.assert_array_equal(pixels, part)


def test_equal_results_have_no_spot_to_look_at(here: Path, restore: Run):
    make_picture(here / "photo.png")
    assert restore("compare", "photo.png").code == 0
    assert "All results are the same." in (here / "photo.compare.html").read_text()
    assert len(pictures_on(here / "photo.compare.html")) == 2


def test_the_colour_profile_goes_with_the_pictures(here: Path, restore: Run):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(np.full((20, 30, 3), 90, np.uint8)).save("photo.png", icc_profile=icc)
    assert restore("compare", "photo.png").code == 0
    assert len(icc) < (here / "photo.compare.html").stat().st_size
    (data, *_) = re.findall(r"base64,([^\"]+)", (here / "photo.compare.html").read_text())
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert image.info["icc_profile"] == icc


def test_results_of_another_size_stand_beside_the_input_repeated():
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    larger = compare_page.enlarged(pixels, (6, 4, 3))
    np.testing.assert_array_equal(larger, pixels.repeat(3, axis=0).repeat(2, axis=1))


def test_the_page_is_opened_when_asked_for(here: Path, restore: Run, monkeypatch: pytest.MonkeyPatch):
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or len(opened) == 1)
    make_picture(here / "photo.png")
    result = restore("compare", "photo.png", "--open")
    assert opened == [(here / "photo.compare.html").as_uri()]
    assert "no browser" not in result.stderr
    result = restore("compare", "photo.png", "--open", "-f")
    assert "warning: no browser was found: open photo.compare.html yourself" in result.stderr
    assert result.code == 0


def test_hostile_names_stay_names(here: Path, restore: Run):
    name = "<script>alert(1)</script>.png".replace("/", "∕")
    make_picture(here / "photo.png").rename(here / name)
    assert restore("compare", name).code == 0
    text = (here / name.replace(".png", ".compare.html")).read_text()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;∕script&gt;.png" in text


@pytest.mark.usefixtures("quick")
def test_the_limits_of_the_weights_stand_on_the_page(here: Path, restore: Run):
    make_picture(here / "photo.png")
    assert restore("compare", "photo.png", "--model", "auto").code == 0
    entry, _ = choose("denoise")
    assert entry.limits
    assert entry.limits in unescape((here / "photo.compare.html").read_text())
