"""Mosaics through the command: every phase, form, depth and format that a mosaic is stored in."""

import cv2
import numpy as np
import pytest
from running import Run

from restorecli.images import PATTERNS, to_mosaic, to_three_channels


def scene(dtype: type) -> np.ndarray:
    """Colourful waves, nothing black: (18, 21, 3)."""
    rows, columns = np.mgrid[0:18, 0:21]
    waves = [0.5 + 0.4 * np.sin((rows + k * columns) / 5 + k) for k in range(3)]
    return (np.stack(waves, axis=-1) * np.iinfo(dtype).max).astype(dtype)


def save(path, pixels: np.ndarray) -> None:
    """OpenCV keeps the depth; it takes BGR."""
    assert cv2.imwrite(str(path), pixels if pixels.ndim == 2 else pixels[:, :, ::-1])


def load(path) -> np.ndarray:
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[:, :, ::-1]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("name", ["mosaic.png", "mosaic.tiff"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("form", ["one channel", "three"])
def test_every_stored_mosaic_reaches_the_network_as_its_colours(
    restore: Run, tmp_path, pattern, name, dtype, form
):
    """The identity network shows what a network sees: each value in its own colour, the phase's own place."""
    mosaic = to_mosaic(scene(dtype), pattern)
    three = to_three_channels(mosaic, pattern)
    save(tmp_path / name, mosaic if form == "one channel" else three)
    result = restore("demosaic", tmp_path / name, "--pattern", pattern, "-o", tmp_path / f"out-{name}")
    assert result.code == 0, result.stderr
    seen = load(tmp_path / f"out-{name}")
    assert seen.dtype == dtype
    np.testing.assert_array_equal(seen, three)


def test_without_a_pattern_it_is_grbg_and_another_one_is_named(restore: Run, tmp_path):
    save(tmp_path / "mosaic.png", to_three_channels(to_mosaic(scene(np.uint8), "bggr"), "bggr"))
    result = restore("demosaic", tmp_path / "mosaic.png")
    assert result.code == 1
    assert "stand as bggr, not grbg" in result.stderr
    assert "--pattern bggr" in result.stderr
