"""The noise of a photo, whatever its size and colour: white, or smoothed by a camera, a scanner, a JPEG.

Demosaicing and JPEG spread noise over neighbouring pixels, and what looks at pixels that differ from their
neighbours misses it. Here patches are taken apart into frequencies, and the noise is what the flattest ones
hold at each of them. Texture cannot be told from smooth noise for sure, but it betrays itself: it is
strongest in the lowest frequencies, falls steeply from there, and grows quickly from one patch to the next.

Photos are of the kinds that estimate.py takes.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from torch import Tensor

from .estimate import noise_sigma
from .pixels import LUMA_AND_CHROMA, as_pixels, white

PATCH, SMALLEST = 12, 6  # pixels a side; smaller ones only where the photo is smaller
SAMPLE = 4000  # patches
TONES = 6  # groups of patches of like brightness, on which a camera's noise depends
GROUP = 100  # patches of a group, at the least
FLAT, MORE = 20, 60  # patches of a group that are looked at, and those that show how texture comes in

# Rings of frequency, where 16 is as fast as neighbouring pixels can change.
EDGES = (1, 2.5, 4, 6, 8.5, 12, 23)

# What follows was fitted, in part by hand, to training photos with noise of camera.py and grain.py.
GROWTH = 0.34  # of the growth of luma from FLAT to MORE patches that is texture among the flattest already
LEAK, FALL = 0.6, 3.0  # texture's energy in a ring: of what sticks out in the lowest, with this power less
LEAST = 0.1  # part of a ring that is believed to be noise in any case
RISE = 4.5  # times a ring may hold more than the next faster one, and be noise
LUMA_RISE, CHROMA_RISE = 2.5, 5.0  # the same of the lowest ring, where luma is mostly what the photo shows
SLOPE = 0.33  # of noise over brightness, both as logarithms, black and white being this far away:
NEAR = 8.0
GAIN = 1.1  # for what is too slow for a patch, and for flat patches that JPEG flattened
TEXTURE = 0.6  # sigma that clean photos still show, of texture and rounding

# White noise: the faster half of the rings and all planes agree up to this ratio, frequencies up to this
# relative deviation. Weaker noise than this is not looked at.
FAST, RATIO, DEVIATION, WEAKEST = 3, 1.8, 0.5, 2.0

# Colours are taken as planes. The first three are rotated colours: white noise stays white in them, and
# their mean variance is that of the channels; then luma and the two of chroma (Rec. 601), for their own sake.
_ROTATED = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])
_PLANES = np.concatenate((_ROTATED, LUMA_AND_CHROMA))
OF_BRIGHTNESS = (0, 3)  # the planes that show texture most


@dataclass(frozen=True, slots=True)
class Noise:
    """Deviations on the scale of 0 to 255."""

    sigma: float  # over all pixels and channels, whatever its correlation
    luma: float
    chroma: float  # rms of Cb and Cr; 0 for gray photos
    white: bool  # neighbours and channels are independent, as weights trained on Gaussian noise expect


NO_NOISE = Noise(0.0, 0.0, 0.0, False)


def measure_noise(photo: np.ndarray | Tensor) -> Noise:
    """Of white noise, sigma is what it was before clipping; none is found in a photo too small to tell."""
    pixels = as_pixels(photo)
    pixels = pixels[:, :, : 3 if pixels.shape[2] >= 3 else 1]  # what is beyond is transparency
    patches = _sample(pixels)
    patches = patches[~_is_drawn(patches)]
    if len(patches) < 2:
        return NO_NOISE
    coefficients = _transformed(patches)
    tones = coefficients[:, 0, 0, 0] / (patches.shape[-1] * np.sqrt(patches.shape[1]))
    groups = np.array_split(np.argsort(tones, kind="stable"), min(TONES, max(1, len(tones) // GROUP)))
    spectra = [_spectra_of_flat(np.square(coefficients[group])) for group in groups]
    planes = _agreed(
        np.array([_without_texture(*each) for each in spectra]),
        np.array([tones[group].mean() for group in groups]),
    )
    if _is_white([few[:3] for few, _ in spectra]):
        return _noise(noise_sigma(pixels) ** 2 * np.square(_PLANES).sum(1)[: len(planes)], is_white=True)
    return _noise(planes * max(0.0, 1 - TEXTURE**2 / max(planes[:3].mean(), 1e-9)), is_white=False)


def _noise(planes: np.ndarray, *, is_white: bool) -> Noise:
    """From the variances of the planes."""
    sigma = float(np.sqrt(planes[:3].mean()))
    if len(planes) == 1:
        return Noise(sigma, sigma, 0.0, is_white)
    return Noise(sigma, float(np.sqrt(planes[3])), float(np.sqrt(planes[4:].mean())), is_white)


def _sample(pixels: np.ndarray) -> np.ndarray:
    """(n, 1 or 3, side, side), white at 255, in even steps over the photo; equal channels are one."""
    side = min(PATCH, *pixels.shape[:2])
    if side < SMALLEST:
        return np.zeros((0, 1, SMALLEST, SMALLEST), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(pixels, (side, side), axis=(0, 1))
    step = int(np.ceil(np.sqrt(windows.shape[0] * windows.shape[1] / SAMPLE)))
    step |= 1  # odd, so that all places of a JPEG's 8x8 grid have their turn
    patches = windows[::step, ::step].reshape(-1, pixels.shape[2], side, side)
    patches = patches.astype(np.float32) * np.float32(255 / white(pixels.dtype))
    return patches[:, :1] if (patches == patches[:, :1]).all() else patches


def _is_drawn(patches: np.ndarray) -> np.ndarray:
    """Which patches have no more than two values a channel: drawn, dithered, burnt out or black."""
    low, high = patches.min((2, 3), keepdims=True), patches.max((2, 3), keepdims=True)
    return ((patches == low) | (patches == high)).all((1, 2, 3))


def _transformed(patches: np.ndarray) -> np.ndarray:
    """Their cosine transforms, a plane of brightness first."""
    cosines = _cosines(patches.shape[-1])
    channels = cosines @ patches @ cosines.T
    if patches.shape[1] == 1:
        return channels
    flat = _PLANES.astype(np.float32) @ channels.reshape(len(patches), 3, -1)
    return flat.reshape(len(patches), len(_PLANES), *channels.shape[2:])


@cache
def _cosines(side: int) -> np.ndarray:
    """(side, side): an orthonormal DCT, a frequency a row."""
    steps = np.arange(side)
    cosines = np.cos(np.pi / side * steps[:, None] * (steps + 0.5)) * np.sqrt(2 / side)
    cosines[0] /= np.sqrt(2)
    return cosines.astype(np.float32)


@cache
def _rings(side: int) -> tuple[np.ndarray, np.ndarray]:
    """(rings, side, side): the frequencies of each; (rings,): how fast they are."""
    speed = np.hypot(*np.mgrid[:side, :side]) * (16 / side)
    rings = np.array([(low <= speed) & (speed < high) for low, high in pairwise(EDGES)])
    rings = rings[rings.any((1, 2))]
    return rings, np.array([speed[ring].mean() for ring in rings])


def _spectra_of_flat(energies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, planes, side, side) -> the mean of the FLAT flattest and of the MORE flattest.

    The flattest are also those whose noise happens to be weak. So half of the frequencies choose for the
    other half: texture shows in both, while noise in one says nothing about noise in the other.
    """
    side = energies.shape[-1]
    even = np.add.outer(np.arange(side), np.arange(side)) % 2 == 0
    expected = np.median(energies[:: max(1, len(energies) // 120)], 0)  # a start: of some, which is fast
    few, more = np.empty_like(expected), np.empty_like(expected)
    for _ in range(2):
        for judges in (even, ~even):
            roughness = (energies[:, :3, judges] / (expected[:3, judges] + 0.01)).mean((1, 2))
            flattest = energies[np.argsort(roughness, kind="stable")[:MORE]][:, :, ~judges]
            few[:, ~judges], more[:, ~judges] = flattest[:FLAT].mean(0), flattest.mean(0)
        expected = few.copy()
    return few, more


def _without_texture(few: np.ndarray, more: np.ndarray) -> np.ndarray:
    """(planes,): the variance of the noise, from spectra of patches that are nearly flat."""
    rings, speeds = _rings(few.shape[-1])
    sizes = rings.sum((1, 2))
    energy = (few[:, None] * rings).sum((2, 3)) / sizes
    growth = (more[:, None] * rings).sum((2, 3)) / sizes - energy
    rise = np.full(len(energy), CHROMA_RISE)
    for plane in OF_BRIGHTNESS[: 1 if len(energy) == 1 else 2]:
        energy[plane] = _luma_without_texture(energy[plane], growth[plane], speeds)
        rise[plane] = LUMA_RISE
    lowest = np.minimum(energy[:, 0], rise * energy[:, 1])
    # The slowest frequency, the mean of a patch, is the photo's: its noise is as in the lowest ring.
    return GAIN**2 * (energy[:, 1:] @ sizes[1:] + lowest * (sizes[0] + 1)) / few[0].size


def _luma_without_texture(energy: np.ndarray, growth: np.ndarray, speeds: np.ndarray) -> np.ndarray:
    """(rings,): of noise alone. Colours vary so much less over flat places that they are left as they are."""
    noise = np.maximum(energy - GROWTH * np.maximum(growth, 0), LEAST * energy)
    texture = LEAK * max(0.0, noise[0] - LUMA_RISE * noise[1]) * (speeds / speeds[0]) ** -FALL
    noise = np.maximum(noise - texture, LEAST * noise)
    for ring in range(len(noise) - 2, 0, -1):
        noise[ring] = min(noise[ring], RISE * noise[ring + 1] + 1)
    return noise


def _agreed(variances: np.ndarray, tones: np.ndarray) -> np.ndarray:
    """(planes,): the mean over groups of (groups, planes), none being much above what the others tell of it.

    So the tones that have no flat place are judged by those that have one. Half of the word has the strictest
    of the others, half the second: a group may be wrong, as where clipping took the noise.
    """
    tones = np.clip(tones, 0, 255)
    places = SLOPE * (np.log(tones + NEAR) - np.log(255 + NEAR - tones))
    allowed = np.exp(2 * np.abs(places[:, None] - places)[:, :, None])
    limits = np.sort(variances * allowed, 1)
    return limits[:, :2].mean((0, 1))


def _is_white(spectra: list[np.ndarray]) -> bool:
    """Whether two groups (one, where there are no more) hold as much in all planes and fast rings."""
    rings, _ = _rings(spectra[0].shape[-1])
    return sum(_looks_white(spectrum, rings[-FAST:]) for spectrum in spectra) >= min(2, len(spectra))


def _looks_white(spectrum: np.ndarray, rings: np.ndarray) -> bool:
    """Of colours, luma is looked at in the fastest ring alone: texture is mostly luma, and slower."""
    trusted = np.repeat(rings[None], len(spectrum), 0)
    if len(spectrum) == 3:
        trusted[0, :-1] = False
    means = [
        plane[ring].mean() for plane, its in zip(spectrum, trusted, strict=True) for ring in its if ring.any()
    ]
    each = spectrum[trusted.any(1)]
    return bool(
        np.mean(means) > WEAKEST**2
        and max(means) < RATIO * min(means)
        and each.std() < DEVIATION * each.mean()
    )
