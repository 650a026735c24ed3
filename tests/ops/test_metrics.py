"""Metrics against scikit-image, an independent judge."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from restorecli.ops import metrics

IMAGES = Path(__file__).parents[2] / "restorecli/data/images"
SETTINGS = {"data_range": 1, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


def judged_ssim(clean: np.ndarray, other: np.ndarray) -> float:
    """scikit-image's, where the window fits; (C, h, w)."""
    _, everywhere = structural_similarity(clean, other, channel_axis=0, full=True, **SETTINGS)
    return everywhere[:, 5:-5, 5:-5].mean()


@given(
    size=st.tuples(st.integers(11, 40), st.integers(11, 40)),
    channels=st.sampled_from([1, 3]),
    spread=st.floats(1e-3, 1),
    eight_bit=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_random_pairs(size, channels, spread, eight_bit, seed):
    random = np.random.default_rng(seed)
    clean = random.random((channels, *size))
    other = np.clip(clean + random.normal(0, spread, clean.shape), 0, 1)
    if eight_bit:
        clean, other = (np.round(image * 255) / 255 for image in (clean, other))
    if np.array_equal(clean, other):
        return
    tensors = torch.from_numpy(other), torch.from_numpy(clean)
    expected = peak_signal_noise_ratio(clean, other, data_range=1)
    assert metrics.psnr(*tensors) == pytest.approx(expected, abs=1e-6)
    assert metrics.ssim(*tensors) == pytest.approx(judged_ssim(clean, other), abs=1e-6)


@pytest.mark.parametrize("name", ["camera", "chelsea", "nyc"])
def test_real_pairs(name):
    """Photos and their JPEGs, in colour and of their luma."""
    with Image.open(IMAGES / f"{name}.png") as image:
        photo = np.array(image.convert("RGB"))
    damaged = cv2.imdecode(cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 20])[1], cv2.IMREAD_COLOR)
    pair = [pixels.transpose(2, 0, 1) / 255 for pixels in (photo, damaged)]
    luma = [rgb2ycbcr(pixels)[None, ..., 0] / 255 for pixels in (photo, damaged)]
    tensors = [torch.from_numpy(pixels) for pixels in pair]
    lumas = [metrics.matlab_luma(tensor) for tensor in tensors]
    for (clean, other), (one, two) in ((pair, tensors), (luma, lumas)):
        expected = peak_signal_noise_ratio(clean, other, data_range=1)
        assert metrics.psnr(two, one) == pytest.approx(expected, abs=1e-6)
        assert metrics.ssim(two, one) == pytest.approx(judged_ssim(clean, other), abs=1e-6)


def test_repeated_edges_are_opencvs(pair):
    """As MHNet's script has it: cv2.filter2D with BORDER_REPLICATE over the whole image."""
    taps = cv2.getGaussianKernel(11, 1.5)
    window = taps @ taps.T
    found = []
    for one, two in zip(*(image.numpy() * 255 for image in pair), strict=True):
        blurred = [
            cv2.filter2D(x, -1, window, borderType=cv2.BORDER_REPLICATE)
            for x in (one, two, one * one, two * two, one * two)
        ]
        a, b, aa, bb, ab = blurred
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        likeness = (2 * a * b + c1) * (2 * (ab - a * b) + c2)
        found.append((likeness / ((a * a + b * b + c1) * (aa - a * a + bb - b * b + c2))).mean())
    assert metrics.ssim(*pair, edges="replicated") == pytest.approx(np.mean(found), abs=1e-6)


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


def test_images_smaller_than_the_window_have_a_figure():
    random = np.random.default_rng(3)
    small, other = (torch.from_numpy(random.random((1, 6, 9))) for _ in range(2))
    assert metrics.ssim(small, other) == metrics.ssim(small, other, edges="replicated")
    assert metrics.ssim(small, small) == pytest.approx(1)
