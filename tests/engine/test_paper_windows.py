"""The authors' windows as a mode of the engine: what in_quad_tree says, for every kind of network."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from restorecli.engine import device as devices
from restorecli.engine.predict import luma
from restorecli.engine.restorer import Restorer
from restorecli.errors import InputError, OutOfMemoryError, UsageError
from restorecli.images import Image
from restorecli.networks import NETWORKS
from restorecli.ops.ensemble import ensemble8
from restorecli.ops.windows import PAPER_WINDOWS, in_quad_tree
from restorecli.spec import ModelSpec, TaskName


def photo(height: int, width: int, channels: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(height * width)
    coarse = torch.rand(1, channels, 12, 12, generator=generator)
    return nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)


class Squashed(nn.Module):
    """Results within the range of pixels, so that no clamp hides them."""

    def __init__(self, network: nn.Module, value_range: float) -> None:
        super().__init__()
        self.network, self.value_range = network, value_range

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.network(x) / self.value_range) * self.value_range


def built(spec: ModelSpec) -> nn.Module:
    """A shallow network of the published kind."""
    torch.manual_seed(1)
    return Squashed(NETWORKS[spec.network](**spec.params).eval(), spec.value_range)


PANET = ModelSpec("panet", {"blocks": 2, "colors": 3}, tile=48, overlap=16)
PANET_GRAY = ModelSpec("panet", {"blocks": 2, "colors": 1}, channels=1, tile=48, overlap=16)
RNAN = ModelSpec("rnan", {"groups": 3, "features": 16}, value_range=255, multiple_of=2, tile=48, overlap=16)
DAGL = ModelSpec("dagl", {"blocks": 2, "colors": 3}, tile=48, overlap=16)
PAEDSR = ModelSpec("paedsr", {"blocks": 2, "features": 16, "scale": 3}, scale=3, tile=48, overlap=16)


@pytest.mark.parametrize(
    ("spec", "task", "size"),
    [
        (PANET, "denoise", (41, 52)),
        (PANET_GRAY, "dejpeg", (49, 38)),
        (RNAN, "denoise", (67, 51)),
        pytest.param(DAGL, "dejpeg", (44, 46), marks=pytest.mark.slow),
        (PAEDSR, "upscale", (33, 40)),
    ],
    ids=lambda value: value.network if isinstance(value, ModelSpec) else None,
)
def test_the_engine_gives_what_the_quad_tree_gives(
    spec: ModelSpec, task: TaskName, size: tuple[int, int]
) -> None:
    x, network, tree = photo(*size, spec.channels), built(spec), PAPER_WINDOWS[spec.network, task]
    with torch.inference_mode():
        call = (lambda window: ensemble8(network, window)) if tree.ensemble else network
        expected = in_quad_tree(call, x * spec.value_range, tree, spec.scale) / spec.value_range
    restorer = Restorer.from_network(network, spec, task=task, windows="paper")
    result = restorer(x)
    assert (result - expected).abs().max() < 2e-5
    whole = Restorer.from_network(network, spec, task=task, tile=0)(x)
    assert (result - whole).abs().max() > 1e-4, "these windows change nothing: the test shows nothing"


class Means(nn.Module):
    """Half of each pixel, and half of its tile's mean: what a tile is, shows."""

    def forward(self, x: Tensor) -> Tensor:
        return (x + x.mean((2, 3), keepdim=True)) / 2


def test_dagl_takes_the_mean_of_eight_positions_of_each_window() -> None:
    torch.manual_seed(0)
    network = Squashed(nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), Means()), 1.0)
    x, tree = photo(130, 171), PAPER_WINDOWS["dagl", "dejpeg"]
    with torch.inference_mode():
        once = in_quad_tree(network, x, tree)
        expected = in_quad_tree(lambda window: ensemble8(network, window), x, tree)
    restorer = Restorer.from_network(network, ModelSpec("dagl"), task="dejpeg", windows="paper")
    assert (restorer(x) - expected).abs().max() < 1e-6
    assert (expected - once).abs().max() > 0.01
    assert "mean of its 8 positions" in restorer.choices[2].reason


@pytest.mark.parametrize("batch", [1, 3])
def test_a_gray_network_gets_the_luma_of_each_window(batch: int) -> None:
    spec = ModelSpec("dagl", channels=1)
    x = photo(130, 171)
    gray = luma(x)
    tree = PAPER_WINDOWS["dagl", "denoise"]
    expected = x + (in_quad_tree(Means(), gray, tree) - gray)
    restorer = Restorer.from_network(Means(), spec, windows="paper", batch=batch)
    assert (restorer(x) - expected.clamp(0, 1)).abs().max() < 1e-5


def test_a_mosaic_goes_through_them_too() -> None:
    spec = ModelSpec("rnan", value_range=255)
    mosaic = np.random.default_rng(0).integers(0, 256, (64, 80), np.uint8)
    restorer = Restorer.from_network(Means(), spec, task="demosaic", windows="paper")
    restored = restorer.restore_image(Image.from_array(mosaic))
    assert restored.image.pixels.shape == (64, 80, 3)
    assert restored.report.windows == "paper"


def test_the_report_names_them_and_the_estimate_counts_them() -> None:
    restorer = Restorer.from_network(Means(), ModelSpec("panet"), windows="paper")
    seen: list[tuple[int, int]] = []
    picture = Image.from_array(np.zeros((512, 768, 3), np.uint8))
    report = restorer.restore_image(picture, progress=lambda done, total: seen.append((done, total))).report
    assert (report.windows, report.tiles, report.tile) == ("paper", 256, (50, 66))
    assert 10 <= report.overlap <= 20
    assert seen[-1] == (256, 256)
    estimate = restorer.estimate(512, 768)
    assert (estimate.tiles, estimate.tile) == (256, (50, 66))
    assert estimate.seconds == pytest.approx(4 * restorer.estimate(256, 384).seconds, rel=0.3)
    assert restorer.choices[2].value == "the paper's windows"
    assert "6800 pixels" in restorer.choices[2].reason


def test_they_are_computed_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_cpu_bf16_instructions", lambda: "amx")
    network, spec = nn.Identity(), ModelSpec("rnan", dtypes=("fp32", "bf16"))
    for windows, precision in (("ours", "bf16"), ("paper", "fp32")):
        restorer = Restorer.from_network(network, spec, task="denoise", windows=windows)
        assert restorer.choices[1].value == precision


def test_ours_is_the_default() -> None:
    restorer = Restorer.from_network(Means(), ModelSpec("panet", tile=64))
    assert restorer.restore_image(Image.from_array(np.zeros((80, 80, 3), np.uint8))).report.windows == "ours"


@pytest.mark.parametrize(
    ("spec", "task"),
    [
        (ModelSpec("compact", halo=24), "denoise"),
        (ModelSpec("mhnet"), "derain"),
        (ModelSpec("panet", scale=2), "upscale"),
    ],
)
def test_networks_without_such_windows_are_refused(spec: ModelSpec, task: str) -> None:
    with pytest.raises(UsageError, match=f"ran {spec.network} for {task}") as caught:
        Restorer.from_network(Means(), spec, task=task, windows="paper")
    assert "panet, paedsr, rnan, dagl" in str(caught.value.hint)


def test_they_are_refused_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("restorecli.engine.loading.load_network", None)
    with pytest.raises(UsageError, match="no paper ran compact"):
        Restorer("denoise", windows="paper")


@pytest.mark.parametrize("options", [{"tile": 64}, {"tile": 0}, {"overlap": 8}])
def test_they_have_their_own_size(options: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="their own size and overlap"):
        Restorer.from_network(Means(), ModelSpec("panet"), windows="paper", **options)


def test_other_windows_are_refused() -> None:
    with pytest.raises(UsageError, match="neither ours nor paper"):
        Restorer.from_network(Means(), ModelSpec("panet"), windows="theirs")


def test_a_small_image_is_refused() -> None:
    restorer = Restorer.from_network(Means(), ModelSpec("dagl"), windows="paper")
    with pytest.raises(
        InputError, match="60x43 is too small for the paper's windows, which need 44"
    ) as caught:
        restorer(np.zeros((43, 60, 3), np.uint8))
    assert caught.value.hint == "--windows ours takes any size"


def test_the_smallest_image_is_taken() -> None:
    restorer = Restorer.from_network(Means(), ModelSpec("dagl"), windows="paper")
    assert restorer(np.full((44, 44, 3), 9, np.uint8)).max() == 9


class Fails(nn.Module):
    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[0] * x.shape[-1] * x.shape[-2] > self.most:
            raise MemoryError
        return x


def test_without_memory_for_a_window_the_error_says_what_fits() -> None:
    restorer = Restorer.from_network(Fails(45 * 45), ModelSpec("panet", tile=128), windows="paper")
    with pytest.raises(OutOfMemoryError, match="another size would give another result") as caught:
        restorer(np.zeros((120, 120, 3), np.uint8))
    assert caught.value.hint == "--windows ours --tile 35 fits (tried)"


def test_without_memory_for_a_batch_windows_go_one_by_one() -> None:
    restorer = Restorer.from_network(Fails(71 * 71), ModelSpec("panet"), windows="paper", batch=4)
    pixels = np.random.default_rng(0).integers(0, 256, (120, 120, 3), np.uint8)
    restored = restorer.restore_image(Image.from_array(pixels))
    np.testing.assert_array_equal(restored.image.pixels, pixels)
    assert "one by one" in restored.report.notes[0]


def test_windows_on_a_long_strip_are_in_order() -> None:
    """Their short side comes to the same window again and again, which is run once."""
    restorer = Restorer.from_network(Means(), ModelSpec("panet"), windows="paper")
    strip = np.random.default_rng(0).integers(0, 256, (20, 3000, 3), np.uint8)
    report = restorer.restore_image(Image.from_array(strip)).report
    assert report.tiles == len(list(pairwise(range(17))))
