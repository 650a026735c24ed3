"""Sharp photos are told from blurred ones by their edges, whatever way the blur goes."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from restorecli.ops.blur import disc_kernel, line_kernel
from restorecli.ops.sharpness import edge_width, is_sharp
from restorecli.registry import PACKAGE

SHIPPED = sorted((PACKAGE / "data" / "images").glob("*.png"))


def gaussian_kernel(sigma: float) -> Tensor:
    taps = torch.exp(-0.5 * (torch.arange(-8.0, 9.0) / sigma) ** 2)
    kernel = torch.outer(taps, taps)
    return kernel / kernel.sum()


BLURS = {
    "gaussian 1": gaussian_kernel(1),
    "gaussian 1.5": gaussian_kernel(1.5),
    "defocus": disc_kernel(13, 2.5),
    **{f"motion at {way}": line_kernel(13, 7, math.radians(way)) for way in (0, 30, 45, 90, 135)},
}


def photo(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image.convert("RGB"))


def blurred(pixels: np.ndarray, kernel: Tensor) -> np.ndarray:
    planes = torch.from_numpy(pixels).permute(2, 0, 1)[:, None].float()
    around = kernel.shape[-1] // 2
    result = F.conv2d(F.pad(planes, (around,) * 4, mode="reflect"), kernel[None, None])
    return result[:, 0].round().clamp(0, 255).byte().permute(1, 2, 0).numpy()


def width(pixels: np.ndarray) -> float:
    found = edge_width(pixels)
    assert found is not None
    return found


def test_sharp_photos_are_sharp():
    assert sum(is_sharp(photo(path)) for path in SHIPPED) >= len(SHIPPED) - 2
    assert max(width(photo(path)) for path in SHIPPED) < 2.8


@pytest.mark.parametrize("name", BLURS)
def test_blurred_photos_are_not(name: str):
    for path in SHIPPED:
        pixels = photo(path)
        soft = blurred(pixels, BLURS[name])
        assert not is_sharp(soft), path.name
        assert width(soft) > width(pixels)


def test_noise_hides_neither():
    noise = 10 * np.random.default_rng(0).standard_normal((288, 288, 3))
    for path in SHIPPED[:4]:
        for pixels, sharp in ((photo(path), True), (blurred(photo(path), BLURS["gaussian 1.5"]), False)):
            assert is_sharp(np.clip(pixels + noise, 0, 255).astype(np.uint8)) is sharp


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turning_the_photo_changes_nothing(turns: int):
    soft = blurred(photo(SHIPPED[0]), BLURS["motion at 30"])
    assert width(np.rot90(soft, turns)) == pytest.approx(width(soft), rel=0.02)


def test_the_same_in_every_type():
    """But for rounding: two equal pixels part an edge, two nearly equal ones may not."""
    pixels = photo(SHIPPED[1])
    found = width(pixels)
    assert width(pixels.astype(np.uint16) * 257) == pytest.approx(found, rel=3e-3)
    assert width((pixels / 255).astype(np.float32)) == pytest.approx(found, rel=3e-3)
    assert edge_width(torch.from_numpy(pixels / 255).permute(2, 0, 1)) == pytest.approx(found, rel=3e-3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9, 3), (9, 1, 3), (40, 40, 3), (2000, 30)])
def test_without_edges_there_is_no_telling(shape: tuple[int, ...]):
    flat = np.full(shape, 100, np.uint8)
    assert edge_width(flat) is None
    assert not is_sharp(flat)


@pytest.mark.parametrize(("across", "down"), [(1, 1), (3, 2), (9, 1), (12, 12)])
def test_a_large_photo_reads_as_its_parts(across: int, down: int):
    pixels = photo(SHIPPED[2])
    assert width(np.tile(pixels, (down, across, 1))) == pytest.approx(width(pixels), rel=0.15)
