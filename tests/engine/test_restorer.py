import json
from dataclasses import asdict

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restorecli.engine.restorer import Restorer
from restorecli.errors import DeviceError, InputError, UsageError, WeightsError
from restorecli.images import Image, to_mosaic
from restorecli.networks.identity import Identity
from restorecli.networks.local import Local
from restorecli.spec import ModelSpec

COLOUR = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
GRAY = COLOUR[:, :, :1]


class Darker(nn.Module):
    """Darker by two fifths; with a level, that much darker instead."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: list[list[float]] = []

    def forward(self, x: Tensor, level: Tensor | None = None) -> Tensor:
        if level is None:
            return x * 0.6
        self.levels.append(level.tolist())
        return x - level[:, None, None, None] / 255


class Double(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2, mode="nearest")


# ------------------------------------------------------------------------------------------------- level


def test_a_steered_network_gets_the_level_of_every_tile() -> None:
    network = Darker()
    restorer = Restorer.from_network(
        network, ModelSpec("darker", steerable=True), level=20, tile=32, overlap=0, batch=3
    )
    np.testing.assert_array_equal(restorer(COLOUR), np.maximum(COLOUR.astype(int) - 20, 0))
    assert network.levels == [[20.0] * 3, [20.0]]


def test_without_a_level_it_is_blind() -> None:
    restored = Restorer.from_network(Darker(), ModelSpec("darker", steerable=True)).restore_image(
        Image.from_array(COLOUR)
    )
    np.testing.assert_array_equal(restored.image.pixels, np.rint(COLOUR * 0.6).astype(np.uint8))
    assert restored.report.level is None


def test_the_level_has_the_name_of_its_task() -> None:
    assert Restorer("denoise", model="identity", sigma=25).level == 25
    assert Restorer("dejpeg", model="identity", quality=40).level == 40
    assert Restorer("demosaic", model="identity", pattern="rggb").level == "rggb"
    assert Restorer("demosaic", model="identity").level == "grbg"
    assert Restorer("denoise", model="identity", level=25).level == 25


@pytest.mark.parametrize(
    "options",
    [
        {"task": "denoise", "quality": 40},
        {"task": "denoise", "sigma": 101},
        {"task": "denoise", "sigma": -1},
        {"task": "denoise", "sigma": float("nan")},
        {"task": "denoise", "sigma": "25"},
        {"task": "denoise", "sigma": True},
        {"task": "denoise", "sigma": 5, "level": 5},
        {"task": "dejpeg", "quality": 0},
        {"task": "dejpeg", "sigma": 25},
        {"task": "demosaic", "pattern": "rgb"},
        {"task": "derain", "level": 1},
        {"task": "derain", "sigma": 1},
        {"task": "sharpen"},
        {"task": "denoise", "tile": -1},
        {"task": "denoise", "tile": "big"},
        {"task": "denoise", "tile": 2.5},
        {"task": "denoise", "overlap": -1},
        {"task": "denoise", "batch": 0},
        {"task": "denoise", "strength": 1.5},
        {"task": "denoise", "strength": float("nan")},
        {"task": "denoise", "precision": "int8"},
        {"task": "denoise", "device": "tpu"},
        {"task": "demosaic", "strength": 0.5},
        {"task": "upscale"},  # identity cannot
    ],
    ids=str,
)
def test_what_makes_no_sense_is_a_usage_error(options: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        Restorer(**{"model": "identity", **options})
    assert "\n" not in caught.value.message


def test_an_option_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(TypeError):
        Restorer("denoise", sgima=25)  # pyright: ignore[reportCallIssue]


def test_a_level_without_effect_is_said() -> None:
    report = Restorer("denoise", model="identity", sigma=25).restore_image(Image.from_array(COLOUR)).report
    assert report.notes == ("sigma has no effect: these weights find it by themselves",)


def test_a_device_that_is_not_there() -> None:
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError):
            Restorer("denoise", model="identity", device="cuda")


# -------------------------------------------------------------------------------------- strength, ensemble


@pytest.mark.parametrize("strength", [0.0, 0.25, 1.0])
def test_strength_goes_from_the_input_to_the_result(strength: float) -> None:
    restorer = Restorer.from_network(Darker(), ModelSpec("darker"), strength=strength)
    x = torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(restorer(x), x + strength * (x * 0.6 - x), rtol=0, atol=1e-6)


def test_upscaling_has_no_strength() -> None:
    with pytest.raises(UsageError, match="no strength"):
        Restorer.from_network(Double(), ModelSpec("double", scale=2), task="upscale", strength=0.5)


def test_weights_for_another_scale_are_refused() -> None:
    with pytest.raises(WeightsError, match="2 times, not 4"):
        Restorer.from_network(Double(), ModelSpec("double", scale=2), task="upscale", level=4)


def test_the_ensemble_has_no_direction() -> None:
    """Turning the image turns the result; the network alone has a direction."""
    x = torch.rand(3, 24, 40, generator=torch.Generator().manual_seed(0)) * 0.5 + 0.2
    spec = ModelSpec("local", halo=2)
    for ensemble in (True, False):
        restorer = Restorer.from_network(Local(), spec, ensemble=ensemble)
        difference = (restorer(x.flip(-1)).flip(-1) - restorer(x)).abs().max()
        assert (difference < 1e-6) == ensemble


# ------------------------------------------------------------------------------------- channels and alpha


def test_gray_through_colour_weights_stays_gray() -> None:
    result = Restorer.from_network(Darker(), ModelSpec("darker"))(GRAY)
    np.testing.assert_array_equal(result, np.rint(GRAY * 0.6).astype(np.uint8))


@pytest.mark.parametrize("tile", [0, 16])
def test_gray_weights_restore_the_luma_and_leave_the_chroma(tile: int) -> None:
    x = torch.rand(3, 30, 40, generator=torch.Generator().manual_seed(0)) * 0.4 + 0.3
    spec = ModelSpec("local", channels=1, halo=2)
    network = Local(channels=1)
    restored = Restorer.from_network(network, spec, tile=tile)(x)
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    luma, restored_luma = (x * weights).sum(0), (restored * weights).sum(0)
    with torch.inference_mode():
        expected = network(luma[None, None])[0, 0]
    assert (expected - luma).abs().max() > 1e-3
    torch.testing.assert_close(restored_luma, expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(restored - restored_luma, x - luma, rtol=0, atol=1e-6)


def test_and_say_so() -> None:
    spec = ModelSpec("identity", channels=1)
    restorer = Restorer.from_network(Identity(), spec)
    colour, gray = (restorer.restore_image(Image.from_array(pixels)) for pixels in (COLOUR, GRAY))
    np.testing.assert_array_equal(colour.image.pixels, COLOUR)
    assert any("gray only" in note for note in colour.report.notes)
    assert gray.report.notes == ()


def test_gray_weights_enlarge_colour_too() -> None:
    flat = np.full((10, 12, 3), (200, 100, 50), np.uint8)
    spec = ModelSpec("double", channels=1, scale=2)
    result = Restorer.from_network(Double(), spec, task="upscale")(flat)
    np.testing.assert_array_equal(result, np.full((20, 24, 3), (200, 100, 50), np.uint8))


def test_alpha_is_kept_bit_for_bit_and_so_is_what_it_hides() -> None:
    alpha = np.random.default_rng(1).integers(0, 3, (40, 50)).astype(np.uint8) * 127
    pixels = np.dstack((COLOUR, alpha))
    result = Restorer.from_network(Darker(), ModelSpec("darker"))(pixels)
    np.testing.assert_array_equal(result[:, :, 3], alpha)
    np.testing.assert_array_equal(result[alpha == 0], pixels[alpha == 0])
    np.testing.assert_array_equal(result[alpha > 0][:, :3], np.rint(COLOUR[alpha > 0] * 0.6).astype(np.uint8))


def test_what_transparency_hides_does_not_reach_what_is_seen() -> None:
    """A red logo on transparent black: its edge stays red."""

    class Blur(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return F.avg_pool2d(F.pad(x, (2, 2, 2, 2), mode="reflect"), 5, 1)

    pixels = np.zeros((20, 20, 4), np.uint8)
    pixels[5:15, 5:15] = (255, 0, 0, 255)
    result = Restorer.from_network(Blur(), ModelSpec("blur"))(pixels)
    np.testing.assert_array_equal(result[5:15, 5:15], pixels[5:15, 5:15])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_alpha_grows_with_the_image(dtype: type) -> None:
    top = 1 if dtype is np.float32 else np.iinfo(dtype).max
    pixels = np.zeros((12, 10, 4), dtype)
    pixels[:, :5, 3] = top
    result = Restorer.from_network(Double(), ModelSpec("double", scale=2), task="upscale")(pixels)
    assert result.shape == (24, 20, 4)
    assert (result[:, :8, 3] == top).all()
    assert (result[:, 12:, 3] == 0).all()


# ------------------------------------------------------------------------------------------------ mosaics


@pytest.mark.parametrize("pattern", ["grbg", "rggb", "bggr", "gbrg"])
@pytest.mark.parametrize("size", [(8, 10), (7, 9), (2, 2)])
def test_a_network_sees_every_mosaic_in_one_phase(pattern: str, size: tuple[int, int]) -> None:
    seen: list[Tensor] = []

    class Spy(Identity):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(x.clone())
            return x

    colours = np.random.default_rng(0).integers(1, 256, (*size, 3), np.uint8)
    mosaic = to_mosaic(colours, pattern)  # pyright: ignore[reportArgumentType]
    spec = ModelSpec("spy", multiple_of=2)
    result = Restorer.from_network(Spy(), spec, task="demosaic", level=pattern)(mosaic)
    red, green, blue = (seen[0][0] != 0).numpy()
    rows, columns = np.indices(red.shape)
    np.testing.assert_array_equal(red, (rows % 2 == 0) & (columns % 2 == 1))
    np.testing.assert_array_equal(green, rows % 2 == columns % 2)
    np.testing.assert_array_equal(blue, (rows % 2 == 1) & (columns % 2 == 0))
    assert result.shape == (*size, 3)
    np.testing.assert_array_equal(result.max(2), mosaic.reshape(*size, -1).max(2))


def test_a_photo_is_no_mosaic() -> None:
    with pytest.raises(InputError) as caught:
        Restorer("demosaic", model="identity")(COLOUR)
    assert caught.value.hint


# -------------------------------------------------------------------------------------- report, progress


def test_the_report_is_plain_data() -> None:
    restorer = Restorer("denoise", model="identity", tile=32, overlap=4)
    report = restorer.restore_image(Image.from_array(COLOUR)).report
    assert json.loads(json.dumps(asdict(report)))["tiles"] == report.tiles == 4
    assert (report.weights, report.device, report.tile) == ("identity", str(restorer.device), (22, 27))
    assert report.seconds > 0


def test_everything_else_of_the_image_stays() -> None:
    image = Image.from_array(np.dstack((COLOUR, GRAY)))
    restored = Restorer("denoise", model="identity").restore_image(image).image
    assert restored.metadata is image.metadata
    assert restored.origin is image.origin
    assert restored.alpha is image.alpha


def test_progress_counts_every_tile() -> None:
    calls: list[tuple[int, int]] = []
    restorer = Restorer("denoise", model="identity", tile=16, overlap=0, batch=2)
    restorer.restore_image(Image.from_array(COLOUR), progress=lambda done, total: calls.append((done, total)))
    assert calls == [(number, 12) for number in range(13)]


def test_an_interrupt_comes_through_between_tiles() -> None:
    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    restorer = Restorer("denoise", model="identity", tile=16)
    with pytest.raises(KeyboardInterrupt):
        restorer.restore_image(Image.from_array(COLOUR), progress=stop)
    np.testing.assert_array_equal(restorer(COLOUR), COLOUR)


def test_choices_say_why() -> None:
    choices = Restorer("denoise", model="identity", device="cpu", precision="fp32").choices
    assert [choice.value for choice in choices] == ["cpu", "fp32", "512, overlap 0", "identity"]
    assert all(choice.reason for choice in choices)


# ------------------------------------------------------------------------------------------------- tiles


def test_a_local_network_gets_room_for_its_halo() -> None:
    spec = ModelSpec("local", halo=40, tile=64, overlap=8)
    choice = Restorer.from_network(Identity(), spec).choices[2]
    assert choice.value == "320, overlap 80"
    asked = Restorer.from_network(Identity(), spec, tile=100).choices[2]
    assert asked.value == "160, overlap 80"
    assert "edges" in asked.reason


def test_where_the_tile_is_part_of_the_result_it_is_the_one_of_the_weights() -> None:
    choice = Restorer.from_network(Identity(), ModelSpec("attention", tile=100, overlap=20)).choices[2]
    assert choice.value == "100, overlap 20"
    assert "part of the result" in choice.reason


def test_sixteen_bits_run_in_float32_and_it_is_reported() -> None:
    spec = ModelSpec("identity", dtypes=("fp32", "bf16", "fp16"))
    restorer = Restorer.from_network(Identity(), spec)
    deep = Image.from_array(COLOUR.astype(np.uint16) * 257)
    assert restorer.restore_image(deep).report.precision == "fp32"
    asked = Restorer.from_network(Identity(), spec, precision="bf16")
    assert asked.restore_image(deep).report.precision == "bf16"
    np.testing.assert_array_equal(asked(deep.pixels), deep.pixels)
