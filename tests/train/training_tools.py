"""A tiny recipe, tiny made images, the training of both in a process of its own, and its figures."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from torch import nn

from restorecli.bench.damages import damage_card
from restorecli.bench.job import Options
from restorecli.bench.plan import Request, make_plan, measure_all
from restorecli.bench.results import Score
from restorecli.bench.runner import Watcher
from restorecli.settings import Settings
from restorecli.spec import WeightsEntry

RECIPE = """
name = "tiny"
task = "denoise"
seed = 3
trained_for = "Tests."
limits = "Everything else."

[model]
network = "compact"
params = { width = 4, encoder = [1], middle = 1, decoder = [1], level_low = 0, level_high = 55 }
steerable = true

[schedule]
steps = 24
batch = 2
crop = 16

[[sources]]
folder = "made"
licence = "CC0 1.0"
origin = "made by a test"

[noise]
gray_share = 0.3

[validation]
every_steps = 8
hold_out_every = 4
crop = 24
checks = [{ name = "colour 25", damage = "noise", level = 25 }]
"""


def make_project(folder: Path, recipe: str = RECIPE) -> Path:
    """A data folder with eight images, and the recipe beside it; gives the recipe's path."""
    images = folder / "data" / "made"
    images.mkdir(parents=True)
    rows, columns = np.mgrid[0:28, 0:36]
    for number in range(8):
        waves = [128 + 120 * np.sin((number + 2) * (rows + k * columns) / 17) for k in range(3)]
        Image.fromarray(np.stack(waves, axis=-1).astype(np.uint8)).save(images / f"{number}.png")
    path = folder / "tiny.toml"
    path.write_text(recipe)
    return path


def start_training(folder: Path, out: str, *options: str) -> subprocess.Popen[str]:
    """`restore train` on what make_project made; one thread, as a test beside others should."""
    command = [sys.executable, "-m", "restorecli", "train", str(folder / "tiny.toml")]
    command += ["--data", str(folder / "data"), "--out", str(folder / out), "--threads", "1", *options]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def measured(
    row: WeightsEntry, network: nn.Module | None, folder: Path, *damages: str
) -> list[tuple[Score, Score]]:
    """For each damage the row of the plainest baseline, and that of the network."""
    request = Request(
        task=row.task, folders=(folder,), models=(row.id,), rows=(row,), network=network,
        cards=tuple(damage_card(text, row) for text in damages),
    )  # fmt: skip
    options = Options(Settings(device="cpu", precision="fp32"), baselines="simple")
    rows = []
    for found in measure_all(make_plan(request), options, Watcher()):
        assert isinstance(found, Score), found
        rows.append(found)
    return list(zip(rows[::2], rows[1::2], strict=True))
