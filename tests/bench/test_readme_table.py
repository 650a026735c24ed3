"""README's table is docs/bench.json's, and both are of the weights in the package."""

from pathlib import Path

from restorecli.bench.results import AND, read_results
from restorecli.bench.tables import SHORT_COLUMNS, markdown, short_cells
from restorecli.registry import entries

ROOT = Path(__file__).parents[2]
AGAIN = "docs/bench.json is older than the weights: run the command of README's section Measured again"


def test_the_table_is_that_of_the_stored_figures():
    results = read_results(ROOT / "docs/bench.json")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("\n## Measured\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    assert lines == markdown(SHORT_COLUMNS, short_cells(results)).splitlines()
    assert results.command in section


def test_the_figures_are_of_the_weights_in_the_package():
    measured = {
        id: digits
        for score in read_results(ROOT / "docs/bench.json").scores
        if score.kind == "weights"
        for id, digits in zip(score.ids, (score.weights_sha256 or "").split(AND), strict=True)
    }
    embedded = {entry.id: entry.sha256 for entry in entries() if entry.default and entry.source == "embedded"}
    assert measured == {name: sha256[:12] for name, sha256 in embedded.items() if sha256}, AGAIN


def test_no_problem_and_no_time_is_stored():
    results = read_results(ROOT / "docs/bench.json")
    assert not results.problems
    assert results == results.lasting()
