"""Laws of the published networks that need no recorded figures."""

import pytest
import torch
from parity_fill import image
from parity_variants import VARIANTS, params_of
from torch import Tensor, nn

from restorecli.networks import NETWORKS
from restorecli.networks.mhnet import Pool

TINY = {
    "panet": {"blocks": 2},
    "paedsr": {"blocks": 2, "features": 32},
    "rnan": {"groups": 2, "features": 16},
    "dagl": {"blocks": 2},
    "mhnet": {"width": 8, "group": 1, "encoder": (1, 1, 1, 1)},
}


def tiny(variant: str) -> tuple[nn.Module, Tensor]:
    name, params = params_of(variant)
    torch.manual_seed(1)
    network = NETWORKS[name](**{**params, **TINY[name]}).eval().requires_grad_(False)
    height, width = {"rnan": (14, 18), "mhnet": (32, 48)}.get(name, (15, 17))
    return network, image(2, params.get("colors", 3), height, width)


@pytest.mark.parametrize("variant", VARIANTS)
def test_shape_scale_and_batch(variant: str) -> None:
    network, x = tiny(variant)
    scale = params_of(variant)[1].get("scale", 1)
    with torch.inference_mode():
        y = network(x)
        assert y.shape == (2, x.shape[1], x.shape[2] * scale, x.shape[3] * scale)
        assert y.isfinite().all()
        # Each image by itself: nothing leaks from one into the other.
        torch.testing.assert_close(y[1:], network(x[1:]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("variant", ["panet-CAR", "panet-SR_x3", "dagl-DN_Real"])
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (6, 1), (2, 3)])
def test_sizes_below_a_patch(variant: str, size: tuple[int, int]) -> None:
    """Of an image one pixel high no smaller copy is left: what is there attends to itself."""
    network, x = tiny(variant)
    scale = params_of(variant)[1].get("scale", 1)
    with torch.inference_mode():
        y = network(x[..., : size[0], : size[1]])
    assert y.shape[2:] == (size[0] * scale, size[1] * scale)
    assert y.isfinite().all()


@pytest.mark.parametrize(
    "variant", ["panet-CAR", "panet-SR_x3", "rnan-DN_RGB", "dagl-DN_Gray", "mhnet-Derain_Deblur"]
)
def test_half_precision_runs(variant: str) -> None:
    network, x = tiny(variant)
    with torch.inference_mode():
        full = network(x)
        half = network.bfloat16()(x.bfloat16())
    assert half.dtype == torch.bfloat16
    assert (half.float() - full).abs().mean() < 0.1 * full.std()


def test_rnan_needs_even_sizes() -> None:
    network, x = tiny("rnan-DN_RGB")
    with torch.inference_mode(), pytest.raises(RuntimeError):
        network(x[..., :13, :])


def test_local_pooling_is_the_mean_where_the_window_covers_the_map() -> None:
    x = torch.randn(1, 3, 9, 12)
    pool = Pool()
    everywhere = pool(x)
    pool.window = (9, 12)
    torch.testing.assert_close(pool(x), everywhere)


def test_local_pooling_takes_the_mean_around_each_pixel() -> None:
    x = torch.randn(1, 3, 9, 12)
    pool = Pool()
    pool.window = (3, 5)
    y = pool(x)
    assert y.shape == x.shape
    torch.testing.assert_close(y[0, :, 4, 6], x[0, :, 3:6, 4:9].mean((1, 2)))
    torch.testing.assert_close(y[..., 0, 0], y[..., 1, 2])  # nearest window inside


def test_local_pooling_windows_follow_the_scale() -> None:
    network = NETWORKS["mhnet"](width=8, group=1, encoder=(1, 1, 1, 1), local_pooling=256)
    windows = {name: module.window for name, module in network.named_modules() if isinstance(module, Pool)}
    assert windows["unet.encoders.0.0.pool"] == windows["unet.decoders.3.0.pool"] == (384, 384)
    assert windows["unet.encoders.3.0.pool"] == windows["unet.decoders.0.0.pool"] == (48, 48)
    assert windows["refine.fusions.0.pool"] == (384, 384)
