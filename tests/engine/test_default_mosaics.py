"""The embedded default for mosaics knows one phase; all four, and all eight positions, are as good."""

import numpy as np
import pytest
from PIL import Image

from restorecli.engine.restorer import Restorer
from restorecli.images import PATTERNS, to_mosaic
from restorecli.images.bayer import Pattern
from restorecli.registry import PACKAGE

NAMES = ("chelsea", "coffee", "flowers")
ODD = (95, 113)


def photo(name: str) -> np.ndarray:
    with Image.open(PACKAGE / "data" / "images" / f"{name}.png") as image:
        return np.array(image.convert("RGB"))[100 : 100 + ODD[0], 80 : 80 + ODD[1]]


def score(pattern: Pattern, *, ensemble: bool = False) -> float:
    """Mean PSNR over the photos."""
    restorer = Restorer("demosaic", pattern=pattern, precision="fp32", ensemble=ensemble)
    scores: list[float] = []
    for clean in map(photo, NAMES):
        result = restorer(to_mosaic(clean, pattern))
        assert result.shape == clean.shape
        scores.append(10 * np.log10(255**2 / np.square(result.astype(float) - clean).mean()))
    return float(np.mean(scores))


@pytest.fixture(scope="module")
def grbg() -> float:
    return score("grbg")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_phase_gives_the_same_quality(pattern: Pattern, grbg: float) -> None:
    assert grbg > 35
    assert score(pattern) == pytest.approx(grbg, abs=0.5)


@pytest.mark.parametrize("pattern", ["grbg", "bggr"])
def test_the_mean_of_eight_positions_is_better_than_one(pattern: Pattern, grbg: float) -> None:
    assert score(pattern, ensemble=True) > grbg
