"""A known blur is taken back: what it gains, what it leaves alone, and that nothing unknown leaves rings."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Generator, Tensor

from restorecli.ops.blur import GAMMA, convolve, line_kernel, random_kernel
from restorecli.ops.deconvolve import Blur, deconvolve
from restorecli.ops.degrade import to_8_bit
from restorecli.ops.metrics import psnr
from restorecli.registry import PACKAGE

POINT = torch.zeros(25, 25)
POINT[12, 12] = 1


@pytest.fixture(scope="module")
def clean_photo() -> Tensor:
    with Image.open(PACKAGE / "data" / "images" / "dog.png") as image:
        pixels = np.array(image.convert("RGB"))
    return torch.from_numpy(pixels)[:200, :200].permute(2, 0, 1) / 255


def blurred(photo: Tensor, blur: Blur) -> Tensor:
    return blur.photo(convolve(blur.light(photo), blur.kernel))


@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_known_blur_is_taken_back(clean_photo: Tensor, linear: bool, seed: int) -> None:
    generator = Generator().manual_seed(seed)
    blur = Blur(random_kernel(15, generator), linear)
    noise = torch.randn(clean_photo.shape, generator=generator) / 255
    damaged = to_8_bit(blurred(clean_photo, blur) + noise)
    assert psnr(deconvolve(damaged, blur), clean_photo) > psnr(damaged, clean_photo) + 3


@pytest.mark.parametrize("linear", [False, True])
def test_the_smoother_the_smoother(clean_photo: Tensor, linear: bool) -> None:
    def roughness(smoothness: float) -> float:
        return float(deconvolve(clean_photo, Blur(POINT, linear), smoothness).diff(dim=-1).abs().mean())

    assert roughness(1e-4) > roughness(1e-2) > roughness(1e-1)


@given(value=st.floats(0, 0.98), linear=st.booleans(), channels=st.sampled_from([1, 3]))
def test_an_even_photo_stays_even(value: float, linear: bool, channels: int) -> None:
    photo = torch.full((channels, 32, 40), value)
    assert torch.allclose(deconvolve(photo, Blur(line_kernel(9, 8, 0.7), linear)), photo, atol=2e-3)


@pytest.mark.parametrize("linear", [False, True])
def test_clipped_highlights_leave_hardly_any_rings(linear: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    # A lamp ten times as bright as white, in front of gray; the photo holds it as white.
    blur = Blur(line_kernel(15, 13, 0.3), linear)
    gray = torch.full((1, 96, 96), 0.4)
    light = blur.light(gray)
    light[:, 44:52, 44:52] = 10
    photo = blur.photo(convolve(light, blur.kernel))
    far = torch.ones(96, 96, dtype=torch.bool)
    far[30:66, 30:66] = False
    rings = (deconvolve(photo, blur) - gray)[:, far].square().mean().sqrt()
    monkeypatch.setattr("restorecli.ops.deconvolve.CLIPPED", 2.0)
    believed = (deconvolve(photo, blur) - gray)[:, far].square().mean().sqrt()
    assert rings < 0.005
    assert rings < believed / 4


def test_what_lies_outside_of_the_photo_leaves_no_rings(clean_photo: Tensor) -> None:
    blur = Blur(line_kernel(15, 13, 0.3), linear=False)
    damaged = convolve(clean_photo, blur.kernel)
    cut = (..., slice(20, 180), slice(20, 180))
    result, whole = deconvolve(damaged[cut], blur), deconvolve(damaged, blur)[cut]
    edge = torch.ones(160, 160, dtype=torch.bool)
    edge[20:-20, 20:-20] = False
    clean = clean_photo[cut][:, edge]
    assert psnr(result[:, edge], clean) > psnr(damaged[cut][:, edge], clean)
    assert psnr(result[:, 20:-20, 20:-20], whole[:, 20:-20, 20:-20]) > 40


def test_light_and_photo_are_each_others_way_back() -> None:
    values = torch.linspace(0, 1, 256)
    for linear in (False, True):
        blur = Blur(POINT, linear)
        assert torch.allclose(blur.photo(blur.light(values)), values, atol=1e-6)
    assert torch.allclose(Blur(POINT, True).light(values), values**GAMMA)


def test_the_extent_is_that_of_the_kernel() -> None:
    assert Blur(POINT, False).extent == (1, 1)
    height, width = Blur(line_kernel(25, 15, 0.0), False).extent
    assert height <= 3
    assert 13 <= width <= 17
