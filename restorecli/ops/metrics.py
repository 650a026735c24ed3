"""PSNR and SSIM as the literature computes them. Images are (..., C, h, w), float, in [0, 1].

Which one a table of a paper shows differs by task: PSNR over all channels for denoising and demosaicing, of
the luma for deraining and super-resolution (whose border is cropped first).
"""

import math
from typing import Literal

import cv2
import numpy as np
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

    The window is put where it fits, as in Wang's script; or everywhere, with the edges repeated around, as
    it must be in an image smaller than the window.
    OpenCV blurs in float64, many times faster than a convolution of torch's.
    """
    taps = cv2.getGaussianKernel(_SSIM_WINDOW, _SSIM_SIGMA, cv2.CV_64F)
    fits = min(image.shape[-2:]) >= _SSIM_WINDOW
    margin = _SSIM_WINDOW // 2 if edges == "valid" and fits else 0

    def blurred(x: np.ndarray) -> np.ndarray:
        height, width = x.shape
        whole = cv2.sepFilter2D(x, cv2.CV_64F, taps, taps, borderType=cv2.BORDER_REPLICATE)
        return whole[margin : height - margin, margin : width - margin]

    def of_plane(a: np.ndarray, b: np.ndarray) -> float:
        mean_a, mean_b = blurred(a), blurred(b)
        variance_a, variance_b = blurred(a * a) - mean_a**2, blurred(b * b) - mean_b**2
        covariance = blurred(a * b) - mean_a * mean_b
        c1, c2 = _SSIM_K1**2, _SSIM_K2**2
        likeness = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
        return float((likeness * (2 * covariance + c2) / (variance_a + variance_b + c2)).mean())

    planes = (x.double().reshape(-1, *x.shape[-2:]).cpu().numpy() for x in (image, reference))
    return float(np.mean([of_plane(a, b) for a, b in zip(*planes, strict=True)]))
