"""Classical methods: each does what its name says, on pixels that show it."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator

from restorecli.bench.baselines import (
    baselines_for,
    bicubic,
    bilinear,
    malvar,
    total_variation,
)
from restorecli.bench.cases import as_tensor
from restorecli.bench.folders import load
from restorecli.bench.sets import MINI_FOLDER
from restorecli.ops.degrade import gaussian_noise, jpeg, mosaic
from restorecli.ops.metrics import psnr
from restorecli.ops.resize import shrink_8_bit
from restorecli.tasks import TASKS, part

CLEAN = as_tensor(load(MINI_FOLDER / "chelsea.png")[60:124, 80:152])


@pytest.mark.parametrize("name", ["NLM (OpenCV)", "total variation"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sigma", [15.0, 50.0])
def test_denoising_takes_noise_away(name, channels, sigma):
    clean = CLEAN[:channels]
    noisy = gaussian_noise(clean, sigma, Generator().manual_seed(1))
    run = next(part(baseline.run) for baseline in TASKS["denoise"].baselines if baseline.name == name)
    assert psnr(run(noisy, sigma).clamp(0, 1), clean) > psnr(noisy.clamp(0, 1), clean) + 2


def test_total_variation_against_an_independent_one():
    from skimage.restoration import denoise_tv_chambolle

    noisy = gaussian_noise(CLEAN, 25, Generator().manual_seed(1)).double()
    expected = denoise_tv_chambolle(noisy[0].numpy(), weight=0.1, eps=0, max_num_iter=400)
    found = total_variation(noisy[:1], 0.1, rounds=400)[0].numpy()
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_jpeg_blocks_become_less():
    clean = as_tensor(cv2.GaussianBlur(load(MINI_FOLDER / "chelsea.png")[60:124, 80:152], (0, 0), 3))
    damaged = jpeg(clean, 10)
    run = part(TASKS["dejpeg"].baselines[1].run)
    assert psnr(run(damaged, 10.0), clean) > psnr(damaged, clean)


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_one_colour_comes_out_of_its_mosaic(colour):
    flat = (torch.tensor(colour) / 255)[:, None, None].expand(3, 9, 12).contiguous()
    for method in (bilinear, malvar):
        torch.testing.assert_close(method(mosaic(flat), "grbg"), flat, atol=1e-5, rtol=0)


def test_ramps_come_out_of_their_mosaic():
    """Both methods are exact on planes, away from the border."""
    rows, columns = torch.meshgrid(torch.arange(16.0), torch.arange(20.0), indexing="ij")
    ramp = torch.stack([(3 * rows + 2 * columns) / 100] * 3)
    for method in (bilinear, malvar):
        torch.testing.assert_close(
            method(mosaic(ramp), "grbg")[:, 3:-3, 3:-3], ramp[:, 3:-3, 3:-3], atol=1e-5, rtol=0
        )


@pytest.mark.parametrize("method", [bilinear, malvar])
def test_what_was_measured_stays(method):
    given_mosaic = mosaic(CLEAN)
    measured = mosaic(torch.ones_like(CLEAN)) > 0
    torch.testing.assert_close(method(given_mosaic, "grbg")[measured], CLEAN[measured])
    assert psnr(malvar(given_mosaic, "grbg"), CLEAN) > psnr(bilinear(given_mosaic, "grbg"), CLEAN)


@pytest.mark.parametrize("pattern", ["grbg", "rggb"])
@pytest.mark.parametrize("method", [bilinear, malvar])
def test_the_pattern_that_is_told_is_the_one_that_is_used(method, pattern):
    right = psnr(method(mosaic(CLEAN, pattern), pattern), CLEAN)
    wrong = psnr(method(mosaic(CLEAN, pattern), "bggr"), CLEAN)
    assert right > wrong + 5


def test_demosaicing_has_the_figures_it_had():
    """Measured before both methods moved to restorecli.ops.demosaic."""
    found = [round(psnr(method(mosaic(CLEAN), "grbg"), CLEAN), 3) for method in (bilinear, malvar)]
    assert found == [31.581, 35.532]


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_enlarges_by_the_scale(scale):
    large = bicubic(shrink_8_bit(CLEAN, scale), float(scale))
    assert large.shape == (3, 64 // scale * scale, 72 // scale * scale)
    assert psnr(large, CLEAN[:, : large.shape[1], : large.shape[2]]) > 20


def test_the_unsharp_mask_sharpens_edges_and_leaves_flat_parts():
    run = part(TASKS["deblur"].baselines[1].run)
    step = torch.zeros(1, 16, 16)
    step[..., 8:] = 0.5
    soft = torch.from_numpy(cv2.GaussianBlur(step[0].numpy(), (0, 0), 1.5))[None]
    result = run(soft, None)
    assert result[0, 8, 8] - result[0, 8, 7] > soft[0, 8, 8] - soft[0, 8, 7]
    torch.testing.assert_close(run(CLEAN * 0 + 0.3, None), CLEAN * 0 + 0.3)


@pytest.mark.parametrize("task", TASKS)
def test_the_simplest_comes_first_and_alone_where_asked(task):
    everything = baselines_for(task, 25.0)
    assert baselines_for(task, 25.0, "simple") == everything[:1]
    assert baselines_for(task, 25.0, "none") == ()
    assert everything[0].name in ("input", "bicubic", "bilinear")
    # The others must be told how strong the damage is.
    untold = {"denoise": ["input", "NLM (OpenCV), h 4"], "dejpeg": ["input"]}
    if task in untold:
        assert [baseline.name for baseline in baselines_for(task, None)] == untold[task]
        assert not {*untold[task]} & {baseline.name for baseline in everything[1:]}


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_told_nothing_is_opencvs_with_a_fixed_strength(channels):
    (_, baseline) = baselines_for("denoise", None)
    pixels = load(MINI_FOLDER / "chelsea.png")[60:124, 80:152]
    if channels == 1:
        expected = cv2.fastNlMeansDenoising(pixels[:, :, 0].copy(), None, 4, 7, 21)[:, :, None]
    else:
        expected = cv2.fastNlMeansDenoisingColored(pixels[:, :, ::-1].copy(), None, 4, 4, 7, 21)[:, :, ::-1]
    found = part(baseline.run)(as_tensor(pixels)[:channels], None)
    np.testing.assert_array_equal((found * 255).round().byte().permute(1, 2, 0).numpy(), expected)
