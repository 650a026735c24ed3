"""README and CHANGELOG say what is true."""

import re
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

import restorecli
from restorecli.cli.app import app
from restorecli.registry import entries
from restorecli.tasks import TASKS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    parts = [part.strip() for line in lines for part in re.split(r"&&|\||>", line)]
    return [part for part in parts if part.startswith("restore ")]


def rows(heading: str) -> list[list[str]]:
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert versions[0] == restorecli.__version__


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("command", commands())
def test_every_command_of_the_readme_is_one(command: str) -> None:
    # --help is read after everything before it: an option that does not exist is refused.
    result = CliRunner().invoke(app, [*shlex.split(command)[1:], "--help"])
    assert result.exit_code == 0, result.output


def test_the_readme_has_all_tasks_and_the_weights_they_have() -> None:
    listed = {row[0].strip("`"): row for row in rows("Use")}
    assert list(listed) == list(TASKS)
    for task in TASKS.values():
        *_, level, weights = listed[task.name]
        assert (f"--{task.level.name}" in level) if task.level else level == ""
        default = [row.id for row in entries() if row.task == task.name and row.default]
        assert weights.split(",")[0].strip("`") == (default[0] if default else "none yet")


def test_the_example_is_what_the_readme_says_and_its_noise_goes() -> None:
    clean = cv2.imread(str(ROOT / "restorecli/data/images/dog.png")).astype(np.float64)
    noisy = cv2.imread(str(ROOT / "restorecli/data/example.png")).astype(np.float64)
    assert (noisy - clean)[(clean > 90) & (clean < 165)].std() == pytest.approx(25, rel=0.01)
    restored = restorecli.restore(ROOT / "restorecli/data/example.png", task="denoise")
    before, after = (np.square(x - clean).mean() for x in (noisy, restored[..., ::-1]))
    assert 10 * np.log10(before / after) > 10  # dB
