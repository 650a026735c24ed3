"""The page in a real browser: it moves, it complains about nothing, it asks for nothing, it fits."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import browser as chromium
import numpy as np
import pytest
from browser import Browser
from pages import make_page

from restorecli.report import Comparison, Page, write_report
from restorecli.spec import Window

pytestmark = pytest.mark.slow

RED, GREEN, BLUE = (200, 30, 30), (30, 160, 60), (40, 60, 200)
SLIDER = "document.querySelector('.handle')"


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = chromium.find()
    if program is None:
        pytest.skip(f"no browser is installed: {', '.join(chromium.NAMES)} (apt install chromium)")
    with chromium.browser(program, tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def page(window: Browser, tmp_path: Path) -> Iterator[Path]:
    """Red, green and blue: which picture is seen is then plain from a screenshot."""
    pictures = tuple(
        (label, np.full((120, 200, 3), colour, np.uint8))
        for label, colour in (("input", RED), ("compact", GREEN), ("truth", BLUE))
    )
    comparison = Comparison("Colours", pictures, worst=Window(0, 0, 64, 64))
    target = tmp_path / "page.html"
    write_report(replace(make_page(), comparisons=(comparison,)), target)
    window.complaints.clear()
    window.requests.clear()
    yield target
    assert window.complaints == []
    assert [url for url in window.requests if not url.startswith(("data:", "file:"))] == []
    assert {url for url in window.requests if url.startswith("file:")} <= {target.as_uri()}


def seen(window: Browser) -> tuple[float, tuple[int, int, int], tuple[int, int, int]]:
    """The share of the left picture, and the colours on both sides of the divider, from a screenshot."""
    left, top, width, height = window.box(".slider")
    shot = window.screenshot()
    row = shot[round(top + 0.8 * height), round(left) + 1 : round(left + width) - 1].astype(int)
    first, last = tuple(row[5]), tuple(row[-6])  # beside the divider at its ends
    same = (abs(row - row[5]).sum(axis=1) < 12).mean()
    return same, first, last


def near(found: tuple[int, int, int], wanted: tuple[int, int, int]) -> bool:
    return sum(abs(a - b) for a, b in zip(found, wanted, strict=True)) < 12


def test_dragging_moves_the_divider(window: Browser, page: Path):
    window.open(page, width=1280)
    share, first, last = seen(window)
    assert abs(share - 0.5) < 0.03
    assert near(first, RED)
    assert near(last, GREEN)
    left, top, width, height = window.box(".slider")
    window.mouse("Pressed", left + 0.5 * width, top + height / 2)
    window.mouse("Moved", left + 0.6 * width, top + height / 2)
    window.mouse("Moved", left + 0.8 * width, top + height / 2 + 300)  # off the picture: still held
    window.mouse("Released", left + 0.8 * width, top + height / 2)
    assert abs(seen(window)[0] - 0.8) < 0.03
    window.mouse("Moved", left + 0.1 * width, top + height / 2)
    assert abs(seen(window)[0] - 0.8) < 0.03  # let go


def test_a_click_anywhere_brings_the_divider_there(window: Browser, page: Path):
    window.open(page, width=1280)
    left, top, width, _ = window.box(".slider")
    window.mouse("Pressed", left + 0.2 * width, top + 10)
    window.mouse("Released", left + 0.2 * width, top + 10)
    assert abs(seen(window)[0] - 0.2) < 0.03


def test_a_finger_moves_it_too(window: Browser, page: Path):
    window.open(page, width=400)
    left, top, width, height = window.box(".slider")
    window.touch("Start", (left + 0.5 * width, top + height / 2))
    for share in (0.45, 0.4, 0.35, 0.3):
        window.touch("Move", (left + share * width, top + height / 2))
    window.touch("End")
    assert abs(seen(window)[0] - 0.3) < 0.06


def test_the_keyboard_moves_it_and_says_so(window: Browser, page: Path):
    window.open(page, width=1280)
    window.do(f"{SLIDER}.focus()")
    state = f"['aria-valuenow', 'aria-valuetext', 'aria-label', 'role'].map((n) => {SLIDER}.getAttribute(n))"
    assert window.do(state) == [
        "50",
        "50 % input, 50 % compact",
        "Divider between input and compact",
        "slider",
    ]
    for keys, expected in (
        (["ArrowRight"] * 3, 53),
        (["ArrowLeft"] * 5, 48),
        (["PageUp"], 58),
        (["PageDown", "PageDown"], 38),
        (["Home"], 0),
        (["ArrowLeft"], 0),
        (["End"], 100),
    ):
        for key in keys:
            window.press(key)
        assert window.do(state)[0] == str(expected)
    share, _, last = seen(window)
    assert share > 0.97
    assert near(last, RED)


def test_every_picture_can_be_put_on_either_side(window: Browser, page: Path):
    window.open(page, width=1280)
    inputs = "document.querySelectorAll('.choice')[{}].querySelectorAll('input')[{}].click()"
    for side, place, colours in ((1, 2, (RED, BLUE)), (0, 1, (GREEN, BLUE)), (0, 2, (BLUE, BLUE))):
        window.do(inputs.format(side, place))
        _, first, last = seen(window)
        assert near(first, colours[0])
        assert near(last, colours[1])


def test_tab_reaches_the_choices_and_the_divider(window: Browser, page: Path):
    window.open(page, width=1280)
    reached = []
    for _ in range(6):
        window.press("Tab")
        reached.append(
            window.do("document.activeElement.getAttribute('role') ?? document.activeElement.type")
        )
    assert reached[:4] == ["region", "radio", "radio", "slider"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_it_fits_the_window_and_its_scheme(
    window: Browser, tmp_path: Path, page: Path, width: int, scheme: str
):
    write_report(make_page("a-very-long-name-" * 12 + ".png", width=481, height=321), page, overwrite=True)
    window.open(page, width=width, scheme=scheme)
    assert window.do("document.documentElement.scrollWidth") == width
    paper = window.screenshot()[5, 5]
    assert (paper.mean() > 200) == (scheme == "light")
    ink = window.do("getComputedStyle(document.body).color.match(/\\d+/g).slice(0, 3).map(Number)")
    assert abs(_luminance(paper) - _luminance(np.array(ink))) > 0.7
    sizes = window.do(
        "[...document.querySelectorAll('.crops img')].map((image) => image.getBoundingClientRect().width)"
    )
    assert len(sizes) == 4
    assert all(size == (256 if width == 1280 else sizes[0]) for size in sizes)
    assert sizes[0] > 150


def _luminance(colour: np.ndarray) -> float:
    return float((colour / 255) @ np.array([0.2126, 0.7152, 0.0722]))


def test_without_a_script_and_in_print_the_pictures_stand_side_by_side(window: Browser, page: Path):
    window.open(page, width=1280)
    window.media(kind="print")
    rights = "[...document.querySelectorAll('.pictures figure')].map((f) => f.getBoundingClientRect().left)"
    visible = "[...document.querySelectorAll('.pictures figure')].map((f) => getComputedStyle(f).visibility)"
    assert len(set(window.do(rights))) == 3
    assert window.do(visible) == ["visible"] * 3
    assert window.do("getComputedStyle(document.querySelector('.handle')).display") == "none"
    window.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        window.open(page, width=1280)
        shot = window.screenshot(whole=True)
        for colour in (RED, GREEN, BLUE):  # in the spots, and whole
            assert (abs(shot.astype(int) - colour).sum(axis=2) < 6).sum() > 64 * 64 * 16 + 150 * 90
    finally:
        window.call("Emulation.setScriptExecutionDisabled", value=False)


def test_hostile_names_do_nothing(window: Browser, page: Path):
    name = "<img src=x onerror=alert(1)><script>document.title='taken'</script>.png"
    write_report(make_page(name), page, overwrite=True)
    window.open(page, width=1280)
    assert window.do("document.title") == f"Page of {name}"
    assert window.do("document.querySelectorAll('.pictures img').length") == 4


def test_one_picture_needs_no_slider(window: Browser, page: Path):
    only = Comparison("One", (("input", np.zeros((8, 8, 3), np.uint8)),))
    write_report(Page("One", comparisons=(only,)), page, overwrite=True)
    window.open(page, width=400)
    assert window.do("document.querySelectorAll('.slider, .handle, .choices').length") == 0
