"""How strong the damage of a photo is, as the photo itself tells: measured on a sample, so any size is fast.

Photos are (H, W, C) or (H, W) arrays of uint8, uint16 or float, or (C, h, w) tensors of float, white being 1.
"""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from .pixels import as_pixels, white

PATCH = 6  # pixels a side
SAMPLE = 20_000  # patches of a channel
TONES = 6  # groups of patches of like brightness: clipping, and a sensor's noise, depend on it
FLAT = 400  # patches of a group that are looked at, at the least
# A patch may vary by this much more than the noise and still count as flat: of 10 000 that are nothing but
# noise, 200 vary more.
SPREAD = 1.55
PART = 128  # patches that are multiplied at a time


def noise_sigma(photo: np.ndarray | Tensor) -> float:
    """Standard deviation of the noise, on the scale of 0 to 255; 0 for a photo too small to tell.

    Flat patches hold nothing but noise, and clipping made it look weaker where they are dark or bright:
    so it is measured for several tones, each is told what clipping hid, and the middle one is the answer.
    """
    pixels = as_pixels(photo)
    if min(pixels.shape[:2]) < PATCH:
        return 0.0
    found: list[tuple[float, float]] = []
    for channel in range(pixels.shape[2]):
        patches = _sample(pixels[:, :, channel])
        clips = bool(patches.min() >= 0 and patches.max() <= 255)
        for tone in _by_tone(patches[~_is_burnt_out(patches)]):
            deviation = _deviation_of_flat(tone)
            found.append(_before_clipping(float(tone.mean()), deviation) if clips else (deviation, 1.0))
    if not found:
        return 0.0
    sigmas, shown = np.array(found).T
    # What clipping left little of tells little: rather those tones that it hardly touched.
    trusted = shown >= min(0.9, np.quantile(shown, 0.75))
    return float(np.median(sigmas[trusted]))


def _sample(channel: np.ndarray) -> np.ndarray:
    """(n, PATCH * PATCH), white at 255: patches in even steps over the whole channel."""
    windows = np.lib.stride_tricks.sliding_window_view(channel, (PATCH, PATCH))
    step = int(np.ceil(np.sqrt(windows.shape[0] * windows.shape[1] / SAMPLE)))
    step |= 1  # odd, so that all places of a JPEG's 8x8 grid have their turn
    return windows[::step, ::step].reshape(-1, PATCH * PATCH) * np.float64(255 / white(channel.dtype))


def _is_burnt_out(patches: np.ndarray) -> np.ndarray:
    """Which patches are all black or all white: their noise, if they had any, is clipped away."""
    return np.logical_or((patches <= 0).all(1), (patches >= 255).all(1))


def _by_tone(patches: np.ndarray) -> list[np.ndarray]:
    """Groups of like brightness, of equal size; fewer where there are few patches."""
    if len(patches) < 2:
        return []
    order = np.argsort(patches.mean(1), kind="stable")
    return [patches[part] for part in np.array_split(order, min(TONES, max(1, len(patches) // FLAT)))]


def _deviation_of_flat(patches: np.ndarray) -> float:
    """Of the noise, from the patches without texture, which are found with the help of that very noise."""
    variances = patches.var(1, ddof=1)
    least = float(np.partition(variances, min(FLAT, len(variances)) - 1)[min(FLAT, len(variances)) - 1])
    deviation = _deviation(patches)
    for _ in range(6):
        before = deviation
        deviation = _deviation(patches[variances <= max(SPREAD * deviation**2, least)])
        if abs(deviation - before) <= 0.01 * before:
            break
    return deviation


def _deviation(patches: np.ndarray) -> float:
    """Of white noise under texture: texture takes few of the directions in which patches can differ.

    The eigenvalues of the covariance that are left when the largest are taken away, until the rest are as
    often above their mean as below it (G. Chen, F. Zhu, P. A. Heng, ICCV 2015).
    """
    if len(patches) < 2:
        return 0.0
    values = np.sort(np.linalg.eigvalsh(_covariance(patches)))
    for count in range(len(values), 0, -1):
        left = values[:count]
        mean = left.mean()
        if np.count_nonzero(left > mean) >= np.count_nonzero(left < mean):
            return float(np.sqrt(max(mean, 0.0)))
    return 0.0


def _covariance(patches: np.ndarray) -> np.ndarray:
    """As np.cov, in products so small that BLAS takes one thread for them: more cost ten times as much."""
    patches = patches - patches.mean(0)
    whole = len(patches) // PART * PART
    parts = patches[:whole].reshape(-1, PART, patches.shape[1])
    rest = patches[whole:]
    product = np.matmul(parts.transpose(0, 2, 1), parts).sum(0) + rest.T @ rest
    return product / (len(patches) - 1)


def _before_clipping(mean: float, deviation: float) -> tuple[float, float]:
    """Sigma of the Gaussian noise that clipped has this mean and deviation, and what part is left of it."""
    sigmas, means, deviations = _clipped_noise()
    shown = np.array([np.interp(mean, *of_sigma) for of_sigma in zip(means, deviations, strict=True)])
    sigma = max(float(np.interp(deviation, shown, sigmas)), deviation)
    return sigma, deviation / sigma if sigma else 1.0


@cache
def _clipped_noise() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n,) sigmas; (n, m) means and deviations of Gaussians of any mean after clipping to 0 and 255."""
    sigmas = torch.cat((torch.zeros(1), torch.logspace(-1, 2.3, 80))).double()
    sigma = sigmas.clamp(min=1e-6)[:, None]
    centre = torch.linspace(-400, 655, 500, dtype=torch.float64)
    low, high = (0 - centre) / sigma, (255 - centre) / sigma
    inside, above = torch.special.ndtr(high) - torch.special.ndtr(low), torch.special.ndtr(-high)
    at_low, at_high = (torch.exp(-0.5 * end**2) / np.sqrt(2 * np.pi) for end in (low, high))
    mean = centre * inside + sigma * (at_low - at_high) + 255 * above
    square = (centre**2 + sigma**2) * inside + 255**2 * above
    square += sigma * (centre * at_low - (centre + 255) * at_high)
    deviation = (square - mean**2).clamp(min=0).sqrt()
    return sigmas.numpy(), mean.numpy(), deviation.numpy()


# Sigma from which rain is found much better in a photo that was denoised before: 3 dB at 10. Rain itself
# reads as noise of 0.1 to 5.5 (41 rainy photos), film grain as a good half of its sigma.
GRAIN = 6.0


def caution_of_rain(photo: np.ndarray | Tensor) -> str | None:
    """A note on a photo in which derain will find little; None where there is nothing to say."""
    sigma = noise_sigma(photo)
    if sigma <= GRAIN:
        return None
    return f"the photo is noisy (sigma {sigma:.3g}), which hides rain: restore denoise first finds more"
