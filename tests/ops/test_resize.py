"""Bicubic resizing against an independent float64 implementation, and against Matlab's own images."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from restorecli.ops.resize import matlab_bicubic, shrink_8_bit

IMAGES = Path(__file__).parents[2] / "restorecli/data/images"
SHARED = Path(__file__).parents[3] / "shared/data/test"


def keys_cubic(x: float) -> float:
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0.0


def matrix(before: int, after: int, scale: float, border: str) -> np.ndarray:
    """The resizing of one axis as a matrix, written down pixel by pixel from the definition."""
    kernel_scale = min(scale, 1.0)
    rows = np.zeros((after, before))
    for target in range(1, after + 1):
        centre = target / scale + 0.5 * (1 - 1 / scale)
        for source in range(-4 * before, 5 * before + 1):
            weight = kernel_scale * keys_cubic(kernel_scale * (centre - source))
            if border == "repeat":
                inside = min(max(source, 1), before)
            else:
                cycle = [*range(1, before + 1), *range(before, 0, -1)]
                inside = cycle[(source - 1) % (2 * before)]
            rows[target - 1, inside - 1] += weight
    return rows / rows.sum(1, keepdims=True)


@given(
    before=st.tuples(st.integers(6, 12), st.integers(6, 12)),
    after=st.tuples(st.integers(2, 20), st.integers(2, 20)),
    border=st.sampled_from(["mirror", "repeat"]),
    seed=st.integers(0, 2**31),
)
def test_equals_the_definition(before, after, border, seed):
    pixels = np.random.default_rng(seed).random((2, *before))
    sides = zip(before, after, strict=True)
    rows, columns = (matrix(old, new, new / old, border) for old, new in sides)
    result = matlab_bicubic(torch.from_numpy(pixels), after, border=border)
    np.testing.assert_allclose(result.numpy(), rows @ pixels @ columns.T, atol=1e-12)


def test_a_small_photo_as_worked_out_by_the_definition():
    """8-bit pixels are rounded after each axis, the rows first."""
    pixels = cv2.imread(str(IMAGES / "coffee.png"), cv2.IMREAD_GRAYSCALE)[:24, :32].astype(np.float64)
    rows = np.clip(np.floor(matrix(24, 12, 0.5, "mirror") @ pixels + 0.5), 0, 255)
    expected = np.clip(np.floor(rows @ matrix(32, 16, 0.5, "mirror").T + 0.5), 0, 255)
    result = shrink_8_bit(torch.from_numpy(pixels)[None] / 255, 2)
    np.testing.assert_array_equal((result[0] * 255).round().numpy(), expected)


def test_the_factor_counts_not_the_size():
    """imresize(x, 1/3) of 10 pixels gives 4, with the scale 1/3 and not 4/10."""
    image = torch.rand(1, 10, 12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    by_factor = matlab_bicubic(image, (4, 4), scale=1 / 3)
    rows, columns = matrix(10, 4, 1 / 3, "mirror"), matrix(12, 4, 1 / 3, "mirror")
    np.testing.assert_allclose(by_factor[0].numpy(), rows @ image[0].numpy() @ columns.T, atol=1e-12)
    assert not torch.allclose(by_factor, matlab_bicubic(image, (4, 4)), atol=1e-3)


def test_the_axis_that_shrinks_most_comes_first():
    pixels = np.random.default_rng(3).integers(0, 256, (9, 16)).astype(np.float64)
    columns = np.clip(np.floor(pixels @ matrix(16, 4, 0.25, "mirror").T + 0.5), 0, 255)
    expected = np.clip(np.floor(matrix(9, 6, 6 / 9, "mirror") @ columns + 0.5), 0, 255)
    result = matlab_bicubic(torch.from_numpy(pixels)[None] / 255, (6, 4), eight_bit=True)
    np.testing.assert_array_equal((result[0] * 255).round().numpy(), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [(5, 9), (30, 44), (15, 22)])
def test_keeps_dtype_constants_and_input(dtype, size):
    image = torch.full((2, 3, 15, 22), 0.3, dtype=dtype)
    before = image.clone()
    result = matlab_bicubic(image, size)
    assert result.dtype == dtype
    assert result.shape == (2, 3, *size)
    torch.testing.assert_close(result, torch.full_like(result, 0.3))
    assert torch.equal(image, before)


def test_same_size_is_the_same_image():
    image = torch.rand(3, 7, 9, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(matlab_bicubic(image, (7, 9)), image)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data/test")
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize(
    ("name", "border", "large", "small"),
    [
        ("Set5-SR", "mirror", "{}.webp", "{}x{}.webp"),
        ("Set14-SR", "repeat", "{}_SRF_2_HR.webp", "{}_SRF_{}_LR.webp"),
    ],
)
def test_every_pixel_is_matlabs(name, border, large, small, scale):
    folder = SHARED / name
    stems = sorted(path.stem.removesuffix("_SRF_2_HR") for path in (folder / "HR").iterdir())
    assert len(stems) == {"Set5-SR": 5, "Set14-SR": 14}[name]
    for stem in stems:
        high = cv2.imread(str(folder / "HR" / large.format(stem)))
        low = cv2.imread(str(folder / f"LR_x{scale}" / small.format(stem, scale)))
        made = shrink_8_bit(torch.from_numpy(high).permute(2, 0, 1) / 255, scale, border=border)
        np.testing.assert_array_equal((made * 255).round().permute(1, 2, 0).numpy(), low, err_msg=stem)
