"""Metrics against scikit-image, an independent judge."""

import math

import numpy as np
import pytest
import torch
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from restorecli.ops import metrics


@pytest.fixture(params=[(24, 31), (40, 32)], ids=str)
def pair(request):
    """An image and a noisy one, (3, h, w) float64."""
    random = np.random.default_rng(5)
    rows, columns = np.mgrid[0 : request.param[0], 0 : request.param[1]]
    clean = np.stack([0.5 + 0.4 * np.sin((rows + k * columns) / 7) for k in range(3)])
    noisy = np.clip(clean + random.normal(0, 0.1, clean.shape), 0, 1)
    return torch.from_numpy(noisy), torch.from_numpy(clean)


def test_psnr(pair):
    noisy, clean = pair
    expected = peak_signal_noise_ratio(clean.numpy(), noisy.numpy(), data_range=1)
    assert metrics.psnr(noisy, clean) == pytest.approx(expected, abs=1e-6)
    assert metrics.psnr(clean, clean) == math.inf


def test_psnr_y_is_of_matlabs_luma(pair):
    lumas = [rgb2ycbcr(image.permute(1, 2, 0).numpy())[..., 0] for image in pair]
    expected = peak_signal_noise_ratio(*reversed(lumas), data_range=255)
    assert metrics.psnr_y(*pair) == pytest.approx(expected, abs=1e-6)


def test_luma_of_black_and_white():
    ends = torch.stack((torch.zeros(3, 1, 1), torch.ones(3, 1, 1)))
    assert (metrics.matlab_luma(ends) * 255).flatten().tolist() == pytest.approx([16, 235], abs=1e-3)


def test_ssim(pair):
    noisy, clean = (image.permute(1, 2, 0).numpy() for image in pair)
    _, everywhere = structural_similarity(
        clean,
        noisy,
        data_range=1,
        channel_axis=-1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    expected = everywhere[5:-5, 5:-5].mean()
    assert metrics.ssim(*pair) == pytest.approx(expected, abs=1e-6)
    assert metrics.ssim(pair[1], pair[1]) == pytest.approx(1)
