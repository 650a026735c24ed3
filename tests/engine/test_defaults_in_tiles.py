"""The weights that ship give the same whatever the tile: a large photo, in tiles and whole."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Generator

import restorecli
from restorecli.engine.restorer import Restorer
from restorecli.images import Image as Photo
from restorecli.ops.blur import convolve, shake_kernel
from restorecli.ops.deconvolve import Blur
from restorecli.registry import entries
from restorecli.spec import WeightsEntry
from restorecli.tasks import TASKS

IMAGES = Path(restorecli.__file__).parent / "data" / "images"
DEFAULTS = [entry for entry in entries() if entry.source == "embedded" and entry.default]
# Each in the least precision it is for, where tiles show the most; one of them in float32 too.
CASES = [(entry, entry.model.dtypes[-1]) for entry in DEFAULTS] + [(DEFAULTS[0], "fp32")]
SIX_MEGAPIXELS = (2000, 3000)
TWO_MEGAPIXELS = (1200, 1600)  # tiles of the same size, so seams are as large a share of them
ENOUGH = 60.0  # dB


def photo(height: int, width: int) -> np.ndarray:
    """The images of the package side by side, mirrored into each other: (height, width, 3) in [0, 1]."""
    pictures = [np.array(Image.open(path).convert("RGB")) for path in sorted(IMAGES.glob("*.png"))]
    strip = np.concatenate(pictures, axis=1)
    strip = np.concatenate([strip, strip[:, ::-1]], axis=1)
    sheet = np.concatenate([np.roll(strip, 700 * row, axis=1)[:: (-1) ** row] for row in range(7)], axis=0)
    return sheet[:height, :width].astype(np.float32) / 255


def as_mosaic(pixels: np.ndarray) -> np.ndarray:
    """One colour a pixel, green first and red beside it."""
    mosaic = pixels[:, :, 1].copy()
    mosaic[::2, 1::2] = pixels[::2, 1::2, 0]
    mosaic[1::2, ::2] = pixels[1::2, ::2, 2]
    return mosaic


def damaged(entry: WeightsEntry, size: tuple[int, int]) -> np.ndarray:
    """What the task takes, so large that the result has that size."""
    height, width = (length // entry.model.scale for length in size)
    pixels = photo(height, width)
    noise = np.random.default_rng(0).normal(0, 10 / 255, pixels.shape)
    pixels = (pixels + noise).clip(0, 1).astype(np.float32)[:, :, : entry.model.channels]
    return as_mosaic(pixels) if TASKS[entry.task].mosaic_input else pixels


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_tiles_do_not_show_where_a_blur_was_found() -> None:
    blur = Blur(shake_kernel(15, 12, Generator().manual_seed(5)), linear=True)
    clean = torch.from_numpy(photo(*TWO_MEGAPIXELS)).permute(2, 0, 1)
    shaken = blur.photo(convolve(blur.light(clean), blur.kernel))
    noise = torch.randn(shaken.shape, generator=Generator().manual_seed(0)) / 255
    picture = Photo.from_array((shaken + noise).clamp(0, 1).permute(1, 2, 0).numpy())
    tiled, whole = (Restorer("deblur", tile=tile).restore_image(picture) for tile in ("auto", 0))
    assert tiled.report.tiles > 1
    assert whole.report.tiles == 1
    assert tiled.report.found is not None
    error = np.square(tiled.image.pixels - whole.image.pixels, dtype=float).mean()
    assert 10 * np.log10(1 / max(error, 1e-20)) >= ENOUGH


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("entry", "precision"), CASES, ids=[f"{entry.id}-{precision}" for entry, precision in CASES]
)
def test_tiles_do_not_show(entry: WeightsEntry, precision: str) -> None:
    """Float pixels, so that rounding to 8 bits hides nothing."""
    is_large = entry.model.scale > 3 or (entry, precision) == CASES[0]
    height, width = SIX_MEGAPIXELS if is_large else TWO_MEGAPIXELS
    picture = damaged(entry, (height, width))
    level = {"level": entry.level} if entry.level is not None else {}
    options = {"model": entry.id, "precision": precision, **level}
    tiled = Restorer(entry.task, **options)
    whole = Restorer(entry.task, **options, tile=0)
    assert tiled.estimate(*picture.shape[:2]).tiles > 1
    assert whole.estimate(*picture.shape[:2]).tiles == 1
    result = tiled(picture)
    assert result.size >= 0.99 * entry.model.channels * height * width
    error = np.square(result - whole(picture), dtype=float).mean()
    assert 10 * np.log10(1 / max(error, 1e-20)) >= ENOUGH
