"""PSNR against time: every point where its numbers say, on axes that can be read."""

import math
import re

from hypothesis import given
from hypothesis import strategies as st
from pages import Taken

from restorecli.report import Page, Point
from restorecli.report.plot import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, plots, psnr_axis, time_axis

SECONDS = st.floats(1e-5, 1e5)
PSNR = st.floats(5, 60)


@given(st.lists(SECONDS, min_size=1, max_size=12))
def test_the_time_axis_is_logarithmic_and_holds_all_points(seconds: list[float]):
    axis = time_axis(seconds)
    places = [axis.place(value) for value in seconds]
    assert all(LEFT < place < WIDTH - RIGHT for place in places)
    steps = {round(axis.place(2 * value) - axis.place(value), 6) for value in seconds}
    assert len(steps) == 1
    assert 2 <= len(axis.ticks) <= 16
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks)


@given(st.lists(PSNR, min_size=1, max_size=12))
def test_the_other_axis_goes_up_in_round_steps(values: list[float]):
    axis = psnr_axis(values)
    assert all(TOP < axis.place(value) < HEIGHT - BOTTOM for value in values)
    assert 2 <= len(axis.ticks) <= 8
    assert list(axis.ticks) == sorted(axis.ticks)
    assert axis.place(axis.ticks[-1]) < axis.place(axis.ticks[0])  # up on the page
    step = axis.ticks[1] - axis.ticks[0]
    mantissa = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert min(abs(mantissa - round_one) for round_one in (1, 2, 5)) < 1e-6


@given(st.lists(st.tuples(SECONDS, PSNR), min_size=1, max_size=12))
def test_every_point_stands_where_its_numbers_say(values: list[tuple[float, float]]):
    points = [Point(f"weights {number}", *value, "set") for number, value in enumerate(values)]
    (figure,) = plots(points)
    across, up = time_axis([s for s, _ in values]), psnr_axis([p for _, p in values])
    found = re.findall(r'transform="translate\(([\d.]+) ([\d.]+)\)"', figure)
    assert len(found) == len(values)
    for (x, y), (seconds, psnr) in zip(found, values, strict=True):
        assert abs(float(x) - across.place(seconds)) <= 0.051
        assert abs(float(y) - up.place(psnr)) <= 0.051
    for point in points:
        assert f"<title>{point.label}: {point.psnr:.2f} dB" in figure
        assert f">{point.label}</text>" in figure


def test_labels_of_close_points_do_not_cover_each_other():
    points = [Point(f"weights-{number}", 2.0 + 0.01 * number, 30 + 0.01 * number) for number in range(6)]
    (figure,) = plots([*points, Point("far", 500.0, 20.0)])
    labels = re.findall(r'class="label" x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)">([^<]+)<', figure)
    boxes = []
    for x, y, anchor, text in labels:
        width = 6.3 * len(text)
        left = float(x) - {"start": 0, "middle": width / 2, "end": width}[anchor]
        boxes.append((left, float(y), left + width))
    for place, (left, y, right) in enumerate(boxes):
        assert left >= LEFT
        assert right <= WIDTH
        for other_left, other_y, other_right in boxes[:place]:
            assert abs(y - other_y) >= 12 or right <= other_left or other_right <= left


def test_each_group_has_axes_of_its_own_and_labels_keep_their_marks():
    points = [
        Point(label, 1.0, psnr, group)
        for group, psnr in (("a", 30.0), ("b", 20.0))
        for label in ("one", "two")
    ]
    first, second = plots([*points[:2], points[3], points[2]])
    assert "<figcaption>a</figcaption>" in first
    assert re.search(r"mark-1[^>]*><title>two", first)
    assert re.search(r"mark-1[^>]*><title>two", second)


def test_what_has_no_place_is_left_out():
    without = [
        Point("no time", 0.0, 30.0), Point("exact", 1.0, math.inf), Point("none", 1.0, math.nan),
        Point("never", math.inf, 30.0),
    ]  # fmt: skip
    assert list(plots(without)) == []
    assert "Quality against time" not in Taken(Page("x", points=tuple(without))).source
    (figure,) = plots([*without, Point("there", 1.0, 30.0)])
    assert figure.count("<title>") == 1


def test_screen_readers_are_told_every_point():
    page = Page("x", points=(Point("compact", 2.0, 31.02), Point("median", 0.1, 26.1)))
    (drawing,) = [svg for svg in Taken(page).all("svg") if svg.get("role") == "img"]
    assert "compact: 31.02 dB, 2 seconds per megapixel; median: 26.10 dB" in drawing["aria-label"]
