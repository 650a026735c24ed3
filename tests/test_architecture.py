"""The page that describes the parts names all of them, and none that is gone."""

import re
from pathlib import Path

import restorecli

PACKAGE = Path(restorecli.__file__).parent
PAGE = PACKAGE.parent / "docs" / "architecture.md"


def test_the_table_of_parts_is_that_of_the_package():
    table = PAGE.read_text(encoding="utf-8").partition("## Where things live")[2].partition("## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    there = {f"{path.name}/" for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    there |= {path.name for path in PACKAGE.glob("*.py") if not path.name.startswith("__")}
    assert named == there


def test_files_that_it_names_are_there_and_it_stays_short():
    text = PAGE.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    for name in re.findall(r"`(\w+/\w+\.py)`", text):
        assert (PACKAGE / name).exists(), name
