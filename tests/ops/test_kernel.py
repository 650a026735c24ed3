"""The blur of a photo is found in it: its kernel, in which light; and none where there is none."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Generator, Tensor

from restorecli.ops.blur import convolve, line_kernel, shake_kernel
from restorecli.ops.deconvolve import Blur
from restorecli.ops.degrade import gaussian_noise_8_bit
from restorecli.ops.kernel import LARGEST, SEARCHES, find_blur, search_kernel
from restorecli.registry import PACKAGE


def shipped(name: str) -> Tensor:
    with Image.open(Path(PACKAGE) / "data" / "images" / f"{name}.png") as image:
        return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1) / 255


def blurred(photo: Tensor, blur: Blur) -> Tensor:
    damaged = blur.photo(convolve(blur.light(photo), blur.kernel))
    return gaussian_noise_8_bit(damaged, 1.0, Generator().manual_seed(0))


def likeness(one: Tensor, other: Tensor) -> float:
    """1 for the same kernel, wherever it lies."""
    size = [2 * LARGEST] * 2
    both = torch.fft.rfft2(one, s=size) * torch.fft.rfft2(other, s=size).conj()
    return float(torch.fft.irfft2(both, s=size).max() / (one.norm() * other.norm()))


@pytest.mark.parametrize("linear", [False, True])
def test_a_shake_is_found_in_its_light(linear: bool) -> None:
    kernel = shake_kernel(15, 11, Generator().manual_seed(1))
    found = find_blur(blurred(shipped("dog"), Blur(kernel, linear)))
    assert found is not None
    assert found.linear == linear
    assert likeness(found.kernel, kernel) > 0.85
    assert found.kernel.sum() == pytest.approx(1, abs=1e-5)
    assert (found.kernel >= 0).all()


def test_arrays_and_tensors_are_the_same_photo() -> None:
    photo = blurred(shipped("city"), Blur(line_kernel(9, 6, 0.5), linear=True))[:, :160, :160]
    as_array = (photo * 255).round().byte().permute(1, 2, 0).numpy()
    one, other, deep = find_blur(photo), find_blur(as_array), find_blur(as_array.astype(np.uint16) * 257)
    assert one is not None
    assert other is not None
    assert deep is not None
    assert likeness(other.kernel, deep.kernel) > 0.99
    assert likeness(one.kernel, other.kernel) > 0.99


@pytest.mark.slow
def test_the_number_of_threads_changes_nothing() -> None:
    photo = blurred(shipped("dog"), Blur(line_kernel(9, 6, 0.5), linear=True))[:, :128, :128]
    alone = find_blur(photo)
    torch.set_num_threads(3)  # the fixture puts it back
    together = find_blur(photo)
    assert alone is not None
    assert together is not None
    assert torch.equal(alone.kernel, together.kernel)
    assert alone.linear == together.linear


@pytest.mark.parametrize("search", SEARCHES)
def test_every_search_gives_a_kernel_of_its_size_about_its_middle(search) -> None:
    light = blurred(shipped("camera"), Blur(line_kernel(15, 9, 0.2), linear=False)).mean(0)[:150, 100:250]
    kernel = search_kernel(light, search)
    assert kernel.shape == (search.size, search.size)
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    places = torch.arange(search.size)
    for dim in (0, 1):
        assert float((kernel.sum(dim) * places).sum()) == pytest.approx(search.size // 2, abs=0.51)


@pytest.mark.parametrize(
    "photo",
    [
        np.full((120, 130, 3), 77, np.uint8),  # nothing to see
        np.zeros((40, 200, 3), np.uint8),  # too narrow
        np.tile(np.linspace(0, 200, 300).astype(np.uint8)[None, :, None], (200, 1, 1)),  # no edges
    ],
    ids=["even", "narrow", "gradient"],
)
def test_where_nothing_tells_nothing_is_found(photo: np.ndarray) -> None:
    assert find_blur(photo) is None


def test_of_a_large_photo_the_part_with_edges_is_looked_at() -> None:
    kernel = line_kernel(13, 11, 0.4)
    detail = blurred(shipped("camera"), Blur(kernel, linear=False)).mean(0)
    photo = torch.full((1, 700, 900), 0.5)
    photo[0, 384 : 384 + 288, 576 : 576 + 288] = detail
    found = find_blur(photo)
    assert found is not None
    assert likeness(found.kernel, kernel) > 0.6
