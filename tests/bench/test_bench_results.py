"""Results to JSON and back, as tables, and two of them beside each other."""

import csv
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restorecli.bench import diff, tables
from restorecli.bench.protocols import all_cards
from restorecli.bench.results import ImageScore, Machine, Problem, Reference, Results, Score, read_results
from restorecli.errors import InputError

CARDS = {card.name: card for card in all_cards()}

CARD = CARDS["noise-colour"]
IMAGE = ImageScore("0019", 321, 481, 31.2, 0.9, 20.1, None, 33.0, 0.25)
MACHINE = Machine("Linux x86_64", "3.11", "2.13", "cpu", 2)


def score(model: str = "compact-denoise", psnr: float | None = 31.0166, level=25.0, **more) -> Score:
    values = {
        "task": "denoise", "set": "CBSD68", "protocol": CARD.name, "kind": "weights", "ssim": 0.876543,
        "psnr_input": 20.2, "psnr_to_input": None, "psnr_luma": None, "images": 68,
        "seconds_per_megapixel": 2.125, "published": 31.05, "peak_memory": 412_400_000, "tile": (512, 640),
        "network": "compact", "per_image": (IMAGE,),
    }  # fmt: skip
    return Score(model=model, psnr=psnr, level=level, **(values | more))


def results(*scores: Score, **more) -> Results:
    return Results("0.1.0", "restore bench denoise", MACHINE, (CARD,), scores, **more)


PAPERS = tuple(
    Reference("denoise", "CBSD68", CARD.name, level, "FFDNet", psnr)
    for level, psnr in ((15.0, 33.87), (25.0, 31.21), (50.0, 27.96))
)


def test_there_and_back(tmp_path):
    whole = results(
        score(), score("exact", None, level=None), score("mosaic", level="grbg"),
        references=PAPERS, problems=(Problem("set12", ("01.png: bad",), "hint"),),
    )  # fmt: skip
    path = tmp_path / "results.json"
    path.write_text(whole.to_json())
    assert read_results(path) == whole
    assert json.loads(path.read_text())["scores"][0]["difference"] == pytest.approx(-0.0334)


@given(
    st.floats(0, 100), st.floats(-1, 1), st.one_of(st.none(), st.floats(1e-3, 1e3)), st.booleans(), st.text()
)
def test_figures_survive_json_to_six_places(psnr, ssim, seconds, whole, note):
    row = score(psnr=psnr, ssim=ssim, seconds_per_megapixel=seconds, whole=whole, note=note)
    data = json.loads(results(row).to_json())["scores"][0]
    assert data["psnr"] == pytest.approx(psnr, abs=5.1e-7)
    assert data["ssim"] == pytest.approx(ssim, abs=5.1e-7)
    assert data["note"] == note


def test_what_lasts_has_nothing_of_the_run_and_can_be_read(tmp_path):
    first = results(score(), references=PAPERS)
    other = replace(
        results(
            score(psnr=31.01662, seconds_per_megapixel=9.0, peak_memory=None, tile=(8, 8), device="cuda"),
            references=PAPERS,
        ),
        machine=replace(MACHINE, threads=64),
    )
    assert first.lasting().to_json() == other.lasting().to_json()
    path = tmp_path / "figures.json"
    path.write_text(first.lasting().to_json())
    assert read_results(path) == first.lasting()
    assert "0019" not in path.read_text()
    assert tables.cells(read_results(path))[0][5] == "31.02"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[1]", "not the results of restore bench"),
        ('{"scores": []}', "another version"),
        ('{"scores": [], "format": 1}', "key 'restorecli' is missing"),
        ('{"scores": [3], "format": 1}', "is missing"),
    ],
)
def test_other_files_are_named(tmp_path, text, message):
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_results(path)
    with pytest.raises(InputError, match="no such file"):
        read_results(tmp_path / "none.json")


def test_papers_stand_below_what_was_measured_unless_it_was_measured_too():
    papers = (*PAPERS, Reference("denoise", "CBSD68", CARD.name, 25.0, "input", 20.2))
    given_rows = results(score("input", 20.21, kind="baseline"), score(), references=papers)
    names = [row[4] for row in tables.cells(given_rows)]
    assert names == ["input", "compact-denoise", "FFDNet (paper)"]
    assert len(tables.cells(given_rows, papers=False)) == 2


def test_what_was_unusual_stands_with_the_name():
    row = score(precision="bf16", told=True, windows="paper", ensemble=True)
    assert row.name == "compact-denoise (bf16, level told, paper's windows, x8)"


def test_markdown_has_no_empty_columns_and_no_broken_cells():
    text = tables.markdown(("set", "PSNR", "tile"), [("a|b", "31.00", ""), ("c", "", "")])
    assert text == "| set | PSNR |\n| --- | ---: |\n| a\\|b | 31.00 |\n| c |  |"


def test_csv_can_be_computed_with():
    text = tables.csv_text(results(score(), score("exact", None, level="grbg")))
    first, second = csv.DictReader(io.StringIO(text))
    assert float(first["psnr"]) == 31.0166
    assert (first["level"], first["tile"], first["whole"]) == ("25.0", "640x512", "True")
    assert (second["psnr"], second["level"]) == ("", "grbg")
    (image, _) = csv.DictReader(io.StringIO(tables.per_image_csv(results(score(), score("other")))))
    assert (image["name"], image["model"], float(image["psnr"])) == ("0019", "compact-denoise", 31.2)


def test_the_short_table_has_levels_side_by_side():
    rows = [
        row
        for level, psnr in ((15.0, 33.5), (25.0, 30.9), (50.0, 27.6))
        for row in (score("input", psnr - 10, level, kind="baseline"), score(psnr=psnr, level=level))
    ]
    (line,) = tables.short_cells(results(*rows, references=PAPERS[:2]))
    assert dict(zip(tables.SHORT_COLUMNS, line, strict=True)) == {
        "task": "denoise", "set": "CBSD68", "protocol": CARD.name, "level": "15 / 25 / 50",
        "weights": "compact-denoise", "PSNR": "33.50 / 30.90 / 27.60", "SSIM": "0.8765 / 0.8765 / 0.8765",
        "worse": "",
        "beside it": "input 23.50 / 20.90 / 17.60", "papers": "FFDNet 33.87 / 31.21 / –",
    }  # fmt: skip


def test_weights_of_one_level_each_share_a_line_and_two_of_one_level_do_not():
    scales = [score(f"compact-upscale-x{n}", level=float(n), task="upscale") for n in (2, 3, 4)]
    (line,) = tables.short_cells(results(*scales))
    assert line[3:5] == ("2 / 3 / 4", "compact-upscale-x2, -x3, -x4")
    both = tables.short_cells(results(score("rnan-denoise-s30"), score("rnan-denoise-s50")))
    assert [row[4] for row in both] == ["rnan-denoise-s30", "rnan-denoise-s50"]
    partial = tables.short_cells(results(score(whole=False, note="the first 2 of 68", images=2)))
    assert partial[0][1] == "CBSD68, partial: the first 2 of 68"


@pytest.mark.parametrize(
    ("exact", "words"), [(68, "exact"), (3, "3 of 68 exact"), (None, "some exact")], ids=str
)
def test_exact_is_said_of_a_row_only_if_all_its_images_are(exact, words):
    """None: stored before it was counted; that one image at least is exact is known."""
    row = score("identity", None, exact=exact)
    assert tables.cells(results(row))[0][5] == words
    assert tables.short_cells(results(row))[0][5] == words
    assert tables.cells(results(score(exact=0)))[0][5] == "31.02"


def test_diff_sees_that_fewer_images_are_exact():
    before, after = (results(score("identity", None, exact=count)) for count in (68, 3))
    (row,) = diff.cells(diff.compare(before, after))
    assert row[4:7] == ("exact", "3 of 68 exact", "")
    (stored,) = diff.compare(results(score("identity", None)), after).changes
    assert stored.is_same


# ------------------------------------------------------------------------------------------------- worse


def test_how_many_came_out_worse_stands_in_every_table(tmp_path):
    counts = {15.0: 0, 25.0: 3, 50.0: None}
    whole = results(*(score(level=level, worse=count) for level, count in counts.items()))
    path = tmp_path / "results.json"
    path.write_text(whole.to_json())
    found = read_results(path)
    place = tables.COLUMNS.index("worse")
    assert [row[place] for row in tables.cells(found)] == ["0 of 68", "3 of 68", ""]
    (line,) = tables.short_cells(found)
    assert line[tables.SHORT_COLUMNS.index("worse")] == "0 / 3 / – of 68"
    assert [row["worse"] for row in csv.DictReader(io.StringIO(tables.csv_text(found)))] == ["0", "3", ""]
    images = results(replace(score(), per_image=(replace(IMAGE, worse=True), IMAGE)))
    assert [row["worse"] for row in csv.DictReader(io.StringIO(tables.per_image_csv(images)))] == ["True", ""]


def test_what_was_stored_before_it_was_counted_is_read(tmp_path):
    data = json.loads(results(score(worse=1)).to_json())
    for row in data["scores"]:
        del row["worse"]
        for image in row["per_image"]:
            del image["worse"]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(data))
    (row,) = read_results(path).scores
    assert row.worse is None
    assert "worse" not in tables.markdown(tables.COLUMNS, tables.cells(results(row)))
    assert "worse" not in tables.markdown(tables.SHORT_COLUMNS, tables.short_cells(results(row)))


def test_diff_shows_how_many_are_worse_now():
    found = diff.compare(results(score(worse=0)), results(score(psnr=31.5, worse=2)))
    assert diff.cells(found)[0][diff.COLUMNS.index("worse")] == "0 -> 2 of 68"
    assert found.changes[0].as_data()["worse"] == [0, 2]
    (row,) = diff.cells(diff.compare(results(score()), results(score(worse=2))))
    assert row[diff.COLUMNS.index("worse")] == ""


# -------------------------------------------------------------------------- each image its own weights


def test_levels_share_a_line_where_images_got_their_own_weights():
    rows = [
        score("a", level=15.0),
        score("a + b", level=25.0),
        score("b", level=50.0),
        score("c", level=15.0),
    ]
    first, second = tables.short_cells(results(*rows))
    assert first[3:5] == ("15 / 25 / 50", "a, a + b, b")
    assert second[3:5] == ("15", "c")


def test_diff_compares_rows_that_share_weights():
    """One more photo that gets other weights must not hide the change."""
    before = results(score("a", psnr=30.0), score("a", level=50.0), score("b"))
    after = results(score("c"), score("a + b", psnr=30.5), score("a", level=50.0), score("b"))
    found = diff.compare(before, after)
    assert [(change.before.model, change.after.model) for change in found.changes] == [
        ("a", "a + b"), ("a", "a"), ("b", "b"),
    ]  # fmt: skip
    assert found.changes[0].psnr == pytest.approx(0.5)
    assert not found.only_before
    assert [row.model for row in found.only_after] == ["c"]


def test_diff_says_what_became_better_and_what_is_alone():
    before = results(score(psnr=30.0), score("gone"), score("exact", None))
    after = results(score(psnr=30.5, images=60), score("new"), score("exact", None))
    found = diff.compare(before, after)
    assert [row.model for row in found.only_before] == ["gone"]
    assert [row.model for row in found.only_after] == ["new"]
    better, exact = diff.cells(found)
    assert better[4:7] == ("30.00", "30.50", "+0.5000")
    assert exact[6] == "same"
    assert found.notes == ("CBSD68, compact-denoise: measured on 68 and 60 images",)


def test_diff_of_stored_figures_with_a_new_run_is_the_same():
    run = results(score(), score("input", 20.123456, kind="baseline"))
    found = diff.compare(run.lasting(), run)
    assert all(change.is_same for change in found.changes)
    assert [row[-2:] for row in diff.cells(found)] == [("", "")] * 2


def test_diff_warns_of_another_card_of_the_same_name():
    after = replace(results(score()), protocols=(replace(CARD, seed=7),))
    assert "cannot be compared" in diff.compare(results(score()), after).notes[0]


def test_diff_warns_of_another_file_of_the_same_name_once():
    before, after = (
        results(*(score(level=level, weights_sha256=digits) for level in (15.0, 25.0)))
        for digits in ("0" * 12, "1" * 12)
    )
    assert diff.compare(before, after).notes == ("compact-denoise: not the same weights in both",)
