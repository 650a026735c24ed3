"""A task from outside the package: one file with its row and its parts, and one line that adds it to TASKS.

Command, level, bench card, baseline, mix, caution, Python keyword and compare's option follow from the row.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

TASK = """
from dataclasses import dataclass
from typing import ClassVar

import torch

from restorecli.tasks.task import Baseline, Card, Level, Task, Usual, clean_card


def haze(image, level, generator):
    return image * (1 - level) + 0.8 * level


def stretched(image, level):
    return ((image - 0.8 * level) / (1 - level)).clamp(0, 1)


def caution(pixels):
    return "there is hardly any haze" if pixels.min() < 20 else None


@dataclass(frozen=True, slots=True)
class HazeMix:
    margin: ClassVar[int] = 0
    scale: ClassVar[int] = 1
    thickest: float = 0.6

    def __call__(self, clean, generator):
        level = self.thickest * torch.rand((), generator=generator).item()
        return haze(clean, level, generator), clean, level


DEHAZE = Task(
    name="dehaze",
    summary="Take haze away.",
    description="Takes thin haze away.",
    examples=(("One photo", "restore dehaze photo.png"),),
    level=Level("thickness", float, "Of the haze.", low=0, high=0.9),
    idle="no haze found",
    caution="dehaze:caution",
    cards=(
        Card("haze-drawn", "dehaze", "haze drawn evenly", damage="dehaze:haze", levels=(0.3,)),
        clean_card("dehaze"),
    ),
    usual=Usual(clean=("haze-drawn",)),
    baselines=(
        Baseline("input", "restorecli.bench.baselines:unchanged"),
        Baseline("stretched", "dehaze:stretched", told=True),
    ),
    mixes={"haze": "dehaze:HazeMix"},
)
"""

RUN = """
import sys
from dehaze import DEHAZE
from restorecli.tasks import TASKS
TASKS["dehaze"] = DEHAZE
from restorecli.cli.app import main
if sys.argv[1] != "python":
    sys.exit(main())
import json
from pathlib import Path
import numpy as np
import torch
from restorecli import Restorer
from restorecli.errors import UsageError
from restorecli.train.recipe import load_recipe
photo = np.full((16, 16, 3), 90, np.uint8)
found = [bool(np.array_equal(Restorer("dehaze", model="identity", **level)(photo), photo))
         for level in ({"level": 0.5}, {"thickness": 0.5})]
try:
    Restorer("dehaze", model="identity", thickness=3)
except UsageError as error:
    found.append(error.message)
mix = load_recipe(Path("haze.toml")).mix
damaged, target, level = mix(torch.zeros(3, 8, 8), torch.Generator().manual_seed(1))
found += [type(mix).__name__, round((damaged - 0.8 * level).abs().max().item(), 6)]
print(json.dumps(found))
"""

RECIPE = """
name = "haze"
task = "dehaze"
seed = 1
[model]
network = "compact"
[schedule]
steps = 2
crop = 16
[haze]
thickest = 0.4
[[sources]]
folder = "photos"
licence = "CC0"
origin = "nowhere"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outside")
    (folder / "dehaze.py").write_text(TASK)
    (folder / "run.py").write_text(RUN)
    (folder / "haze.toml").write_text(RECIPE)
    pixels = np.random.default_rng(0).integers(90, 200, (24, 32, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "photo.png")
    (folder / "set").mkdir()
    Image.fromarray(pixels).save(folder / "set" / "one.png")
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "run.py", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_command_restores_and_tells(folder: Path):
    help = run(folder, "dehaze", "--help")
    assert help.returncode == 0, help.stderr
    assert "--thickness" in help.stdout
    assert "restore dehaze photo.png" in help.stdout
    result = run(folder, "dehaze", "photo.png", "--thickness", "0.4", "--model", "identity", "--json")
    assert result.returncode == 0, result.stderr
    (file,) = json.loads(result.stdout)["files"]
    assert file["target"] == "photo.dehaze.png"
    assert (file["report"]["level"], file["report"]["level_from"]) == (0.4, "asked")
    none = run(folder, "dehaze", "photo.png", "-f")
    assert (none.returncode, none.stderr.splitlines()[0]) == (3, "error: no weights for dehaze yet")


def test_the_bench_measures_it_beside_its_baselines(folder: Path):
    words = ("bench", "dehaze", "--set-dir", "set", "--model", "identity", "--thickness", "0.2", "--figures")
    result = run(folder, *words)
    assert result.returncode == 0, result.stderr
    scores = json.loads(result.stdout)["scores"]
    assert [(row["protocol"], row["level"], row["model"]) for row in scores] == [
        ("haze-drawn", 0.2, name) for name in ("input", "stretched", "identity")
    ]
    assert scores[1]["psnr"] > scores[0]["psnr"] + 20
    words = ("bench", "dehaze", "--set-dir", "set", "--model", "none", "--protocol", "clean", "--figures")
    clean = run(folder, *words)
    assert json.loads(clean.stdout)["scores"][0]["protocol"] == "clean-dehaze"


def test_compare_takes_its_level(folder: Path):
    result = run(folder, "compare", "photo.png", "--thickness", "0.4", "--model", "identity", "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert (document["task"], document["models"][0]["level"]) == ("dehaze", 0.4)
    assert (folder / "photo.compare.html").exists()


def test_python_and_recipes_know_it(folder: Path):
    result = run(folder, "python")
    assert result.returncode == 0, result.stderr
    by_level, by_name, refused, mix, error = json.loads(result.stdout)
    assert by_level
    assert by_name
    assert refused == "thickness 3 is not 0 to 0.9"
    assert (mix, error) == ("HazeMix", 0)
