"""Results of a run as a page: every figure in the table, and a few pictures chosen by a rule that is said."""

import math
from html import unescape

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restorecli.bench.gallery import PART, SCENES, Gallery, Shot
from restorecli.bench.page import page_of
from restorecli.bench.protocols import all_cards
from restorecli.bench.results import Machine, Problem, Reference, Results, Score
from restorecli.report import render

CARD = next(card for card in all_cards() if card.task == "denoise")


def noise(height: int = 12, width: int = 16, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def shot(name: str = "a", psnr: float | None = 30.0, model: str = "compact", **more) -> Shot:
    truth = more.pop("truth", noise())
    given = {"input": truth // 2, "output": 255 - truth, "truth": truth} | more
    where = f"set12, {CARD.name}, sigma {given.pop('level', 25)}"
    return Shot(where, model=model, name=name, psnr=psnr, psnr_input=20.0, **given)


def score(model: str = "compact", psnr: float | None = 31.016, **more) -> Score:
    given = {
        "task": "denoise", "set": "CBSD68", "protocol": CARD.name, "level": 25.0, "kind": "weights",
        "ssim": 0.87654, "psnr_input": 20.2, "psnr_to_input": None, "psnr_luma": None, "images": 68,
        "seconds_per_megapixel": 2.125, "published": 31.05, "peak_memory": 412_400_000, "tile": (512, 640),
        "worse": 2,
    }  # fmt: skip
    return Score(model=model, psnr=psnr, **(given | more))


def results(*scores: Score, **more) -> Results:
    machine = Machine("Linux", "3.11", "2.13", "cpu", 2)
    return Results("0.1.0", "restore bench denoise", machine, (CARD,), scores, **more)


def test_every_figure_of_a_row_stands_in_the_table():
    (table,) = page_of(results(score())).tables
    assert dict(zip(table.columns, table.rows[0], strict=True)) == {
        "set": "CBSD68", "images": "68", "level": "sigma 25", "protocol": CARD.name, "weights": "compact",
        "PSNR": "31.02", "SSIM": "0.8765", "worse": "2 of 68", "published": "31.05",
        "difference": "-0.03", "s/Mpx": "2.12", "memory": "412 MB", "tile": "640x512",
    }  # fmt: skip


def test_what_is_not_whole_or_exact_is_said_and_not_compared():
    page = page_of(
        results(
            score(whole=False, note="the first 3 of 68"), score("identity", None, published=None, exact=68)
        )
    )
    partial, exact = page.tables[0].rows
    assert partial[:2] == ("CBSD68, partial", "68 (the first 3 of 68)")
    columns = page.tables[0].columns
    assert "difference" not in columns
    assert exact[columns.index("PSNR")] == "exact"
    assert [math.isfinite(point.psnr) for point in page.points] == [True, False]


def test_the_input_itself_has_no_place_in_the_plot():
    page = page_of(
        results(score(), score("input", 20.2, kind="baseline"), score("nlm", 28.0, kind="baseline"))
    )
    assert len(page.tables[0].rows) == 3
    assert [point.label for point in page.points] == ["compact", "nlm"]


def test_the_notes_name_protocols_problems_published_figures_and_machine():
    problem = Problem("set12", ("07.png: cannot be read",))
    reference = Reference("denoise", "CBSD68", CARD.name, 25.0, "RNAN", 31.4)
    page = page_of(results(score(), problems=(problem,), references=(reference,)))
    text = "\n".join(page.notes)
    assert "set12: not measured. 07.png: cannot be read" in text
    assert "RNAN (paper)" in page.tables[0].rows[1]
    assert "31.40" in page.tables[0].rows[1]
    assert f"Protocol {CARD.name}: {CARD.summary}" in text
    assert "worse: images that came out further from what is wanted than they went in" in text
    assert "worse" not in "\n".join(page_of(results(score(worse=None))).notes)
    assert "Measured on cpu with 2 threads: Linux, Python 3.11, PyTorch 2.13." in text
    assert page.footer == "restorecli 0.1.0: restore bench denoise"


def test_levels_are_plotted_apart_and_tasks_have_tables_of_their_own():
    page = page_of(results(score(), score(level=50.0), score(task="dejpeg", level=10)))
    assert len({point.group for point in page.points}) == 3
    assert [table.title for table in page.tables] == ["denoise", "dejpeg"]
    assert all(words in "".join(render(page)) for words in ("sigma 25", "sigma 50", "quality 10"))


def test_all_pictures_of_a_scene_come_together_and_in_order():
    gallery = Gallery()
    gallery.add(shot(psnr=30.0))
    gallery.add(shot(psnr=26.5, model="median", output=noise(seed=5)))
    (comparison,) = page_of(results(score()), gallery).comparisons
    assert [label for label, _ in comparison.pictures] == [
        "input · 20.00 dB", "compact · 30.00 dB", "median · 26.50 dB", "truth",
    ]  # fmt: skip
    truth = noise()
    for (_, found), expected in zip(
        comparison.pictures, (truth // 2, 255 - truth, noise(seed=5), truth), strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    assert comparison.caption == f"set12, {CARD.name}, sigma 25"
    assert gallery.note() is None


@given(st.permutations(range(40)), st.integers(1, 30))
def test_the_worst_and_the_best_are_kept_whatever_the_order(order: list[int], groups: int):
    gallery = Gallery(groups)
    for place in order:
        gallery.add(shot(f"{place:02}", 20.0 + place))
    names = [int(comparison.name) for comparison in gallery.comparisons()]
    count = max(1, SCENES // groups)
    best = count // 3
    assert names == [*range(count - best), *range(40 - best, 40)]
    note = gallery.note()
    assert note is not None
    assert "out of 40: of every set, protocol and level the" in note
    captions = [comparison.caption for comparison in gallery.comparisons()]
    assert captions[0] == f"set12, {CARD.name}, sigma 25; worst of 40 for compact"
    if best:
        assert captions[-1] == f"set12, {CARD.name}, sigma 25; best of 40 for compact"
    if count > 3:
        assert captions[1] == f"set12, {CARD.name}, sigma 25; 2nd worst of 40 for compact"


def test_pictures_of_others_are_kept_only_for_the_chosen():
    gallery = Gallery(SCENES)
    for model, offset in (("compact", 0), ("median", 5)):
        for place in range(4):
            gallery.add(shot(str(place), 30.0 - place + offset, model))
    (comparison,) = gallery.comparisons()
    assert comparison.name == "3"
    assert [label for label, _ in comparison.pictures][1:3] == ["compact · 27.00 dB", "median · 32.00 dB"]


def test_each_level_has_its_own_scenes():
    gallery = Gallery(2)
    for level in (25, 50):
        gallery.add(shot(level=level))
    assert [comparison.caption for comparison in gallery.comparisons()] == [
        f"set12, {CARD.name}, sigma 25",
        f"set12, {CARD.name}, sigma 50",
    ]


def test_of_a_large_picture_the_part_around_the_largest_error_is_kept():
    truth = np.full((900, 1500, 3), 120, np.uint8)
    output = truth.copy()
    output[700:730, 1200:1230] = 160
    other = truth.copy()
    other[0, 0] = 0
    gallery = Gallery()
    gallery.add(shot(truth=truth, output=output))
    gallery.add(shot(truth=truth, output=other, model="median"))
    (comparison,) = gallery.comparisons()
    assert {pixels.shape[:2] for _, pixels in comparison.pictures} == {PART}
    assert (comparison.pictures[1][1] == 160).any()
    assert (comparison.pictures[2][1] == 120).all()
    assert "a part of it, at 860, 388" in comparison.caption
    window = comparison.worst
    assert window is not None
    top, left = 388 + window.top, 860 + window.left
    assert top <= 700 < 730 <= top + 64
    assert left <= 1200 < 1230 <= left + 64


@pytest.mark.parametrize("size", [(3000, 300), (300, 3000), (512, 640), (10, 10)])
def test_an_exact_result_has_no_spot_but_its_pictures(size: tuple[int, int]):
    truth = noise(*size)
    gallery = Gallery()
    gallery.add(shot(psnr=None, truth=truth, output=truth))
    (comparison,) = gallery.comparisons()
    assert comparison.worst is None
    assert comparison.pictures[1][0] == "compact"
    assert comparison.pictures[0][1].shape[:2] == (min(size[0], PART[0]), min(size[1], PART[1]))


def test_inputs_of_other_kinds_and_sizes_are_shown():
    truth = noise(8, 12)
    small = truth[::2, ::2].astype(np.float32) / 255
    gallery = Gallery()
    gallery.add(shot("small", input=small, truth=truth))
    gallery.add(shot("gray", math.inf, truth=truth[:, :, :1], input=truth[:, :, :1], output=truth[:, :, :1]))
    repeated, gray = (comparison.pictures[0] for comparison in gallery.comparisons())
    assert repeated[0] == "input, pixels repeated · 20.00 dB"
    np.testing.assert_array_equal(repeated[1], truth[::2, ::2].repeat(2, 0).repeat(2, 1))
    np.testing.assert_array_equal(gray[1], truth[:, :, :1].repeat(3, 2))


def test_names_on_the_page_are_only_text():
    gallery = Gallery()
    gallery.add(shot("<b>&.png"))
    text = "".join(render(page_of(results(score("<i>weights</i>")), gallery)))
    assert "<b>" not in text
    assert "<i>" not in text
    assert "<b>&.png" in unescape(text)
