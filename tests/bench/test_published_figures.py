"""Figures of the papers that need no network, through the command: then the protocol is theirs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3] / "shared/data/test"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data/test"),
]


@pytest.mark.parametrize(
    ("task", "name", "folder", "card", "method", "figures"),
    [
        ("upscale", "set5", "Set5-SR", "bicubic-luma", "bicubic", {2: 33.66, 3: 30.39, 4: 28.42}),
        ("dejpeg", "live1", "LIVE1-gray", "jpeg-gray", "input", {10: 27.77, 20: 30.07, 30: 31.41, 40: 32.35}),
        (
            "dejpeg", "classic5", "Classic5", "jpeg-gray", "input",
            {10: 27.82, 20: 30.12, 30: 31.48, 40: 32.43},
        ),
    ],
)  # fmt: skip
def test_published_figures_are_met_to_a_hundredth(task, name, folder, card, method, figures):
    words = ["bench", task, "--set", f"{name}={SHARED / folder}", "--protocol", card, "--model", "none"]
    done = subprocess.run(
        [sys.executable, "-m", "restorecli", *words, "--baselines", "simple", "--json"],
        capture_output=True,
        check=True,
    )
    scores = json.loads(done.stdout)["scores"]
    assert all(score["whole"] and score["model"] == method for score in scores)
    found = {score["level"]: score for score in scores}
    assert found.keys() == figures.keys()
    for level, figure in figures.items():
        assert found[level]["published"] == figure
        assert round(found[level]["psnr"], 2) == pytest.approx(figure, abs=0.0101)
