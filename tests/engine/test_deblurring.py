"""Deblur finds one blur in a photo and takes it back; other photos go through the network."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from torch import Generator

from restorecli import Restorer
from restorecli.engine.deblurring import Deconvolution, spec_for
from restorecli.engine.model import Model
from restorecli.engine.predict import Network
from restorecli.engine.probe import Cost, Curve
from restorecli.errors import UsageError
from restorecli.images import Image, read
from restorecli.ops.blur import convolve, shake_kernel
from restorecli.ops.deconvolve import Blur
from restorecli.ops.degrade import gaussian_noise_8_bit
from restorecli.ops.metrics import psnr
from restorecli.registry import PACKAGE
from restorecli.settings import Settings

SHAKE = Blur(shake_kernel(15, 11, Generator().manual_seed(1)), linear=True)


def as_tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1) / np.iinfo(pixels.dtype).max


def shipped(name: str) -> np.ndarray:
    with Pillow.open(PACKAGE / "data" / "images" / f"{name}.png") as image:
        return np.array(image.convert("RGB"))


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    return shipped("dog")


@pytest.fixture(scope="module")
def shaken(clean: np.ndarray) -> np.ndarray:
    light = convolve(SHAKE.light(as_tensor(clean)), SHAKE.kernel)
    noisy = gaussian_noise_8_bit(SHAKE.photo(light), 1.0, Generator().manual_seed(0))
    return (noisy * 255).round().byte().permute(1, 2, 0).numpy()


@pytest.fixture(scope="module")
def restorer() -> Restorer:
    return Restorer("deblur", device="cpu")


@pytest.fixture(scope="module")
def restored(restorer: Restorer, shaken: np.ndarray) -> Any:
    return restorer.restore_image(Image.from_array(shaken))


@pytest.fixture(scope="module")
def part(shaken: np.ndarray) -> np.ndarray:
    """Enough of the photo to find its blur in; the search takes half as long."""
    return np.ascontiguousarray(shaken[:160, :160])


def gain(result: np.ndarray, damaged: np.ndarray, clean: np.ndarray) -> float:
    return psnr(as_tensor(result), as_tensor(clean)) - psnr(as_tensor(damaged), as_tensor(clean))


def test_a_shake_is_taken_back_and_said(restored: Any, shaken: np.ndarray, clean: np.ndarray) -> None:
    assert gain(restored.image.pixels, shaken, clean) > 3
    assert "found in the photo" in (restored.report.found or "")
    assert restored.report.precision == "fp32"


def test_without_the_search_the_network_does_it(restored: Any, shaken: np.ndarray, clean: np.ndarray) -> None:
    network = Restorer("deblur", device="cpu", find_kernel=False).restore_image(Image.from_array(shaken))
    assert network.report.found is None
    found = gain(restored.image.pixels, shaken, clean)
    assert 0 < gain(network.image.pixels, shaken, clean) < found


def test_a_sharp_photo_goes_through_the_network(restorer: Restorer) -> None:
    clean = shipped("coffee")
    restored = restorer.restore_image(Image.from_array(clean))
    assert restored.report.found is None
    assert psnr(as_tensor(restored.image.pixels), as_tensor(clean)) > 36


@pytest.mark.slow
def test_depth_gray_and_half_strength_are_minded(restorer: Restorer, shaken: np.ndarray) -> None:
    full = restorer(shaken)
    deep = restorer(shaken.astype(np.uint16) * 257)
    assert deep.dtype == np.uint16
    assert psnr(as_tensor(deep), as_tensor(full)) > 50
    gray = restorer(np.ascontiguousarray(shaken[:, :, 0]))
    assert gray.shape == shaken.shape[:2]
    half = Restorer("deblur", device="cpu", strength=0.5)(shaken)
    assert psnr(as_tensor(half), (as_tensor(full) + as_tensor(shaken)) / 2) > 48


def test_turned_copies_do_not_confuse_the_kernel(restorer: Restorer, part: np.ndarray) -> None:
    restored = Restorer("deblur", device="cpu", ensemble=True).restore_image(Image.from_array(part))
    assert restored.report.found is not None
    assert np.array_equal(restored.image.pixels, restorer(part))


@pytest.mark.slow
def test_where_memory_is_scarce_the_tile_is_measured_once(
    shaken: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[tuple[int, int]] = []

    def measure(_run: object, sides: tuple[int, int], _device: object, *, local: bool) -> Cost:
        assert local
        measured.append(sides)
        return Cost(Curve(0, 0, 0), Curve(0, 600, 0))  # bytes a pixel: 1.4 GB for the whole of a tile

    monkeypatch.setattr("restorecli.engine.probe.measure", measure)
    monkeypatch.setattr("restorecli.engine.model.available_memory", lambda _device: 2 * 2**30)
    restorer = Restorer("deblur", device="cpu")
    wide = np.tile(shaken, (1, 3, 1))
    first = restorer.restore_image(Image.from_array(wide))
    assert first.report.tile[1] < wide.shape[1]
    before = len(measured)
    assert before == 2  # the network, and the kernel
    second = restorer.restore_image(Image.from_array(shaken))
    assert second.report.found is not None
    assert len(measured) == before


def test_the_next_photo_gets_its_own_kernel(restorer: Restorer, part: np.ndarray) -> None:
    turned = np.ascontiguousarray(part.transpose(1, 0, 2))
    first = restorer.restore_image(Image.from_array(part))
    second = restorer.restore_image(Image.from_array(turned))
    assert first.report.found != second.report.found
    assert np.array_equal(second.image.pixels, Restorer("deblur", device="cpu")(turned))


def test_tiles_do_not_show(shaken: np.ndarray) -> None:
    photo = np.tile(shaken, (2, 2, 1)).astype(np.float32) / 255
    network = Deconvolution(SHAKE, 2e-3)

    def through(tile: int) -> torch.Tensor:
        model = Model(Network(network, spec_for(3), torch.device("cpu")), Settings(tile=tile))
        return torch.from_numpy(model(photo.copy(), bits=32).pixels)

    assert psnr(through(448), through(0)) > 50  # of so small tiles; a photo's are larger


def test_a_coarse_jpeg_goes_through_the_network(
    restorer: Restorer, shaken: np.ndarray, tmp_path: Path
) -> None:
    for quality, goes_alone in ((30, True), (90, False)):
        path = tmp_path / f"{quality}.jpg"
        Pillow.fromarray(shaken).save(path, quality=quality)
        assert (restorer.restore_image(read(path)).report.found is None) == goes_alone


def test_only_deblur_looks_for_a_kernel() -> None:
    with pytest.raises(UsageError, match="looks for no blur"):
        Restorer("denoise", find_kernel=False)
