"""PSNR and SSIM as the literature computes them. Images are (..., C, h, w), float, in [0, 1].

Which one a table of a paper shows differs by task: PSNR over all channels for denoising and demosaicing, of
the luma for deraining and super-resolution (whose border is cropped first).
"""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

_SSIM_WINDOW, _SSIM_SIGMA = 11, 1.5
_SSIM_K1, _SSIM_K2 = 0.01, 0.03


def psnr(image: Tensor, reference: Tensor) -> float:
    """In dB, one mean squared error over all pixels and channels; infinite for equal images."""
    error = (image.double() - reference.double()).square().mean().item()
    return math.inf if error == 0 else -10 * math.log10(error)


def matlab_luma(image: Tensor) -> Tensor:
    """The luma of Matlab's rgb2ycbcr, 16/255 to 235/255: (..., 3, h, w) -> (..., 1, h, w)."""
    weights = image.new_tensor((65.481, 128.553, 24.966))[:, None, None]
    return ((image * weights).sum(-3, keepdim=True) + 16) / 255


def psnr_y(image: Tensor, reference: Tensor) -> float:
    """PSNR of Matlab's luma."""
    return psnr(matlab_luma(image.double()), matlab_luma(reference.double()))


def ssim(image: Tensor, reference: Tensor, *, edges: Literal["valid", "replicated"] = "valid") -> float:
    """Wang's SSIM: Gaussian window of 11 and sigma 1.5; the mean over the channels.

    The window is put where it fits, as in Wang's script; or everywhere, with the edges repeated around.
    """
    places = torch.arange(_SSIM_WINDOW, dtype=torch.float64, device=image.device) - _SSIM_WINDOW // 2
    taps = torch.exp(-0.5 * (places / _SSIM_SIGMA) ** 2)
    taps = taps / taps.sum()

    def blurred(x: Tensor) -> Tensor:
        return F.conv2d(F.conv2d(x, taps[None, None, :, None]), taps[None, None, None, :])

    a, b = (x.double().reshape(-1, 1, *x.shape[-2:]) for x in (image, reference))
    if edges == "replicated":
        a, b = (F.pad(x, (_SSIM_WINDOW // 2,) * 4, mode="replicate") for x in (a, b))
    mean_a, mean_b = blurred(a), blurred(b)
    variance_a, variance_b = blurred(a * a) - mean_a**2, blurred(b * b) - mean_b**2
    covariance = blurred(a * b) - mean_a * mean_b
    c1, c2 = _SSIM_K1**2, _SSIM_K2**2
    likeness = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    likeness = likeness * (2 * covariance + c2) / (variance_a + variance_b + c2)
    return likeness.mean().item()
