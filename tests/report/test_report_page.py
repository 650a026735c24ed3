"""A page as text: whole, alone, nothing of it interpreted that was meant to be read."""

import base64
import hashlib
import io
import re
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import Taken, bytes_of, make_page, noise, pixels_of
from PIL import Image, ImageCms

from restorecli import images
from restorecli.errors import OutputError
from restorecli.report import (
    Comparison,
    Page,
    Point,
    Table,
    cut,
    profile,
    reduced,
    render,
    shown,
    write_report,
)
from restorecli.report.pictures import data_uri
from restorecli.spec import Window
from restorecli.wording import printable

NASTY = "<script>alert('1')</script> \"&amp;\" {{script}} {{title}} </style> <!-- ${x}"


def test_everything_on_the_page_is_there_and_well_formed():
    taken = Taken(make_page())
    text = " ".join(taken.texts)
    for words in (
        "Page of flowers.png", "What was measured.", "Scores", "31.02", "A caption.", "A note.",
        "The footer.", "64 × 64 pixels at 10, 86",
    ):  # fmt: skip
        assert words in text
    assert len(taken.all("script")) == len(taken.all("style")) == len(taken.all("main")) == 1
    assert [image["alt"] for image in taken.all("img")] == [
        f"flowers.png: {label}" for label in ("input", "compact", "median", "truth") * 2
    ]


def test_nothing_is_loaded_and_only_its_own_script_may_run():
    taken = Taken(make_page())
    assert "http:" not in taken.source
    assert "https:" not in taken.source
    assert re.search(r"@import|url\(|\bsrcset=|\bstyle=|\bon\w+=", taken.source) is None
    assert not taken.all("link")
    assert not taken.all("iframe")
    for tag, attributes in taken.tags:
        for name in ("src", "href", "action", "data"):
            assert name not in attributes or (tag == "img" and attributes[name].startswith("data:image/"))
    policy = next(meta["content"] for meta in taken.all("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'; img-src data:;")
    for kind in ("style", "script"):
        found = re.search(f"<{kind}>(.*?)</{kind}>", taken.source, re.DOTALL)
        assert found is not None
        digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


TEXTS = st.text(max_size=40) | st.just(NASTY) | st.text("<>&\"'/{} scriptle=x", max_size=40)


@given(st.lists(TEXTS, min_size=11, max_size=11))
def test_any_text_is_shown_and_never_run(texts: list[str]):
    title, subtitle, head, cell, label, group, name, caption, spot, note, footer = texts
    picture = noise(8, 8)
    page = Page(
        title,
        subtitle,
        (Table((head,), ((cell,),), name),),
        (Point(label, 1.0, 30.0, group),),
        (Comparison(name, ((label, picture), (head, picture)), caption, Window(0, 0, 8, 8), spot),),
        (note,),
        footer,
    )
    taken, plain = Taken(page), Taken(_harmless(page))
    assert "".join(taken.source).encode()  # lone surrogates of file names too
    assert [tag for tag, _ in taken.tags] == [tag for tag, _ in plain.tags]
    together = "".join(taken.texts)
    for text in (cell, head, caption, note, footer):
        assert printable(text) in together


def _harmless(page: Page) -> Page:
    """The same page with a harmless letter wherever there is a text."""

    def letter(text: str) -> str:
        return "x" if text else ""

    table, point, comparison = page.tables[0], page.points[0], page.comparisons[0]
    return Page(
        "x",
        letter(page.subtitle),
        (Table(("x",), (("x",),), letter(table.title)),),
        (replace(point, label="x", group=letter(point.group)),),
        (replace(comparison, name="x", caption=letter(comparison.caption), worst_title="x"),),
        ("x",),
        letter(page.footer),
    )


def test_names_that_are_not_utf8_can_be_written(tmp_path: Path):
    write_report(make_page("caf\udce9\n<b>.png"), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "caf\\xe9\\n&lt;b&gt;.png" in text


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["noise", "flat", "ramp"]),
)
def test_pictures_come_back_exactly(height: int, width: int, seed: int, kind: str):
    pixels = noise(height, width, seed)
    if kind == "flat":
        pixels[:] = pixels[0, 0]
    elif kind == "ramp":
        pixels[:] = np.arange(width, dtype=np.uint8)[None, :, None]
    np.testing.assert_array_equal(pixels_of(data_uri(pixels)), pixels)


def test_the_spot_is_the_same_pixels_of_every_picture():
    page = make_page()
    comparison = page.comparisons[0]
    assert comparison.worst is not None
    expected = [pixels for _, pixels in comparison.pictures]
    expected += [cut(pixels, comparison.worst) for pixels in expected]
    for found, wanted in zip(Taken(page).pictures(), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_a_picture_too_long_for_webp_is_a_png():
    uri = data_uri(noise(1, 17000))
    assert uri.startswith("data:image/png")
    np.testing.assert_array_equal(pixels_of(uri), noise(1, 17000))


@pytest.mark.parametrize("width", [30, 17000])
def test_the_colour_profile_travels_with_the_pixels(width: int):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    with Image.open(io.BytesIO(bytes_of(data_uri(noise(1, width), icc)))) as image:
        assert image.info["icc_profile"] == icc


def test_a_profile_of_other_channels_is_left_out():
    gray = images.Image.from_array(np.zeros((4, 4), np.uint8))
    colour = images.Image.from_array(noise(4, 4))
    icc = bytes(16) + b"RGB " + bytes(108)
    assert profile(_with_icc(colour, icc)) == icc
    assert profile(_with_icc(gray, icc)) is None
    assert profile(_with_icc(colour, icc.replace(b"RGB ", b"GRAY"))) is None
    assert profile(colour) is None


def _with_icc(image: images.Image, icc: bytes) -> images.Image:
    return replace(image, metadata=replace(image.metadata, icc=icc))


def test_images_of_any_kind_are_shown_as_eight_bit_colours():
    eight = noise(5, 6)
    for pixels in (eight, eight.astype(np.uint16) * 257, eight.astype(np.float32) / 255):
        np.testing.assert_array_equal(shown(images.Image.from_array(pixels)), eight)
    gray = shown(images.Image.from_array(eight[:, :, 0]))
    np.testing.assert_array_equal(gray, np.repeat(eight[:, :, :1], 3, axis=2))
    clear = np.dstack([eight, np.zeros((5, 6), np.uint8)])
    assert (shown(images.Image.from_array(clear)) == 255).all()


def test_large_pictures_are_made_smaller_by_means():
    pixels = noise(40, 60)
    assert reduced(pixels, 60) is pixels
    small = reduced(pixels, 30)
    means = pixels.reshape(20, 2, 30, 2, 3).astype(float).mean(axis=(1, 3))
    assert small.shape == (20, 30, 3)
    assert abs(small - means).max() <= 0.5


def test_numbers_stand_flush_right_and_words_do_not():
    rows = (("a", "31.02", "−0.04", "412 MB", "1.2 s"), ("b1", "–", "", "1,024 MB", "2 words"))
    table = Table(("Weights", "PSNR", "Difference", "Memory", "Notes"), rows)
    kinds = [cell.get("class") for cell in Taken(Page("x", tables=(table,))).all("th")]
    assert kinds == ["brief", "number", "number", "number", "brief"]


def test_columns_in_which_nothing_stands_can_be_left_out():
    table = Table(("a", "b", "c"), (("1", "", ""), ("", "", "2")), "Title")
    assert table.used() == Table(("a", "c"), (("1", ""), ("", "2")), "Title")


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(ValueError, match="2 cells under 1 columns"):
        Table(("a",), (("1", "2"),))
    with pytest.raises(ValueError, match="no pictures"):
        Comparison("x", ())
    with pytest.raises(ValueError, match="b is \\(4, 5\\), not \\(4, 4\\)"):
        Comparison("x", (("a", noise(4, 4)), ("b", noise(4, 5))))
    with pytest.raises(ValueError, match="uint8"):
        Comparison("x", (("a", noise(4, 4) / 255),))
    for window in (Window(0, 0, 5, 4), Window(-1, 0, 2, 2), Window(0, 0, 0, 2)):
        with pytest.raises(ValueError, match="not inside"):
            Comparison("x", (("a", noise(4, 4)),), worst=window)


def test_a_page_is_written_whole_and_never_over_another(tmp_path: Path):
    target = tmp_path / "page.html"
    assert write_report(make_page(), target) == target
    written = target.read_bytes()
    assert written == "".join(render(make_page())).encode()
    with pytest.raises(OutputError, match="is there already"):
        write_report(make_page("other.png"), target)
    assert target.read_bytes() == written
    write_report(make_page("other.png"), target, overwrite=True)
    assert b"other.png" in target.read_bytes()


def test_what_fails_while_writing_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(import_module("restorecli.report.render"), "data_uri", fail)
    with pytest.raises(OutputError, match="no space left on device"):
        write_report(make_page(), tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_small_pictures_are_shown_larger_and_large_ones_fit():
    def width_of(height: int, width: int) -> int:
        page = Page("x", comparisons=(Comparison("x", (("a", np.zeros((height, width, 3), np.uint8)),)),))
        return int(Taken(page).all("img")[0]["width"])

    assert width_of(321, 481) == 962
    assert width_of(640, 960) == 960
    assert width_of(1200, 1600) == 960
    assert width_of(3, 5000) == 1056


def test_writing_is_fast_enough_for_a_set(tmp_path: Path):
    pictures = tuple((f"{seed}", noise(321, 481, seed)) for seed in range(4))
    start = time.perf_counter()
    write_report(Page("x", comparisons=(Comparison("x", pictures),) * 3), tmp_path / "page.html")
    assert time.perf_counter() - start < 20
    assert (tmp_path / "page.html").stat().st_size < 3 * 4 * 481 * 321 * 3 * 1.4
