"""A camera made on purpose: a clean photo becomes light, goes through a noisy sensor, and is a photo again.

Real noise was white only on the sensor. What a file holds was white-balanced, demosaiced, taken through a
matrix and a tone curve, had its chroma and luma smoothed, and was sharpened. All of that is done to the photo
without noise as well, so that the two differ by noise alone, as one shot and the mean of many do. (Nearly:
what clipping does to the mean of dark places is followed, what the tone curve does is not.)
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from .demosaic import DEMOSAICINGS, mosaicked
from .draw import happens, log_uniform, pick, uniform
from .pixels import LUMA_AND_CHROMA

PATTERNS = ("grbg", "rggb", "bggr", "gbrg")

# Where cameras smooth and sharpen.
_TO_YCC = torch.tensor(LUMA_AND_CHROMA)
_FROM_YCC = torch.linalg.inv(_TO_YCC)


@dataclass(frozen=True, slots=True)
class Camera:
    """What one photo went through. Radii are deviations of Gaussians in pixels; zero leaves a step out."""

    shot: float  # on the sensor, white being 1, the variance of the noise is shot * light + read
    read: float
    exposure: float = 1.0  # of the scene's light: below 1 it is darker, and so nearer to the noise
    lens: float = 0.0  # how soft the picture on the sensor is
    pattern: str = "rggb"
    demosaicing: str = "malvar"
    gains: tuple[float, float] = (2.0, 1.6)  # white balance: of red and blue
    # How far the matrix draws each colour from the other two, and how these share in it.
    mixing: tuple[float, float, float] = (0.5, 0.4, 0.5)
    lean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    gamma: float = 2.2
    contrast: float = 0.0  # share of an S curve in the tone
    clips_black: bool = True  # the sensor's values below black are lost
    chroma_smoothing: float = 0.0
    luma_smoothing: float = 0.0
    coring: float = 0.0  # details of luma weaker than this are flattened
    sharpening: float = 0.0  # share of what a Gaussian takes away that is added
    sharpening_radius: float = 1.0


def any_camera(generator: Generator, *, shot_low: float = 1e-5, shot_high: float = 1.2e-2) -> Camera:
    """A camera with its settings, from a large one at low ISO to a phone's in the dark.

    Over 8,000 published camera profiles the read noise follows the shot noise by the line below.
    """
    shot = log_uniform(generator, shot_low, shot_high)
    read = 10 ** (1.23 * math.log10(shot) - 1.49 + 0.45 * torch.randn((), generator=generator).item())
    return Camera(
        shot=shot,
        read=read,
        exposure=log_uniform(generator, 0.12, 0.8) if happens(generator, 0.35) else 1.0,
        lens=uniform(generator, 0.3, 0.9) if happens(generator, 0.6) else 0.0,
        pattern=pick(generator, PATTERNS),
        demosaicing=pick(generator, tuple(DEMOSAICINGS)),
        gains=(uniform(generator, 1.2, 2.6), uniform(generator, 1.2, 2.4)),
        mixing=(uniform(generator, 0, 0.7), uniform(generator, 0, 0.5), uniform(generator, 0, 0.7)),
        lean=(uniform(generator), uniform(generator), uniform(generator)),
        gamma=uniform(generator, 1.8, 2.4),
        contrast=uniform(generator, 0, 0.6) if happens(generator, 0.5) else 0.0,
        clips_black=happens(generator, 0.5),
        chroma_smoothing=log_uniform(generator, 0.6, 5) if happens(generator, 0.8) else 0.0,
        luma_smoothing=uniform(generator, 0.35, 1.3) if happens(generator, 0.8) else 0.0,
        coring=uniform(generator, 0, 0.04) if happens(generator, 0.25) else 0.0,
        sharpening=log_uniform(generator, 0.15, 1.5) if happens(generator, 0.45) else 0.0,
        sharpening_radius=uniform(generator, 0.6, 2),
    )


def shoot(photo: Tensor, camera: Camera, generator: Generator) -> tuple[Tensor, Tensor]:
    """A clean (3, h, w) photo in [0, 1] -> the noisy one that the camera makes, and the one without noise."""
    matrix = _matrix(camera)
    gains = torch.tensor([camera.gains[0], 1.0, camera.gains[1]])[:, None, None]
    light = _untoned(photo, camera) * camera.exposure
    sensed = _through(torch.linalg.inv(matrix), light) / gains
    if camera.lens:
        sensed = soften(sensed, camera.lens)
    sensed = sensed.clamp(0, 1)
    mosaic = mosaicked(sensed, camera.pattern).sum(0)
    deviation = (camera.shot * mosaic + camera.read).sqrt()
    noise = torch.empty_like(mosaic).normal_(generator=generator)
    lowest = 0.0 if camera.clips_black else -1.0
    noisy = (mosaic + noise * deviation).clamp(lowest, 1)
    both = torch.stack((noisy, _mean_of_clipped(mosaic, deviation, lowest)))
    # Balanced before it is demosaiced, which takes the three colours for one picture's brightness.
    both = both * mosaicked(gains.expand_as(sensed), camera.pattern).sum(0)
    colours = DEMOSAICINGS[camera.demosaicing](both, camera.pattern)
    noisy, clean = _toned(_through(matrix, colours), camera)
    return noisy, clean


def _mean_of_clipped(mean: Tensor, deviation: Tensor, lowest: float) -> Tensor:
    """Of Gaussian noise clipped to lowest and 1: lifted near black, as the mean of many shots is."""
    deviation = deviation.clamp(min=1e-12)
    result = mean
    for end, side in ((lowest, 1.0), (1.0, -1.0)):
        inside = side * (mean - end) / deviation  # how many deviations from the end
        density = torch.exp(-0.5 * inside.square()) / math.sqrt(2 * math.pi)
        result = result + side * deviation * (density - inside * torch.special.ndtr(-inside))
    return result


def soften(image: Tensor, radius: float) -> Tensor:
    """(..., h, w) after a Gaussian, mirrored at the edges."""
    taps = gaussian_taps(radius)
    reach = len(taps) // 2
    planes = image.reshape(-1, 1, *image.shape[-2:])
    planes = F.conv2d(F.pad(planes, (reach,) * 4, mode="reflect"), taps[None, None, :, None])
    return F.conv2d(planes, taps[None, None, None]).reshape(image.shape)


def gaussian_taps(radius: float) -> Tensor:
    """Their sum is one."""
    reach = math.ceil(3 * radius)
    taps = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / radius) ** 2)
    return taps / taps.sum()


def to_luma_and_chroma(image: Tensor) -> tuple[Tensor, Tensor]:
    """(..., 3, h, w) -> (..., 1, h, w) and (..., 2, h, w)."""
    planes = _through(_TO_YCC, image)
    return planes[..., :1, :, :], planes[..., 1:, :, :]


def from_luma_and_chroma(luma: Tensor, chroma: Tensor) -> Tensor:
    return _through(_FROM_YCC, torch.cat((luma, chroma), dim=-3))


def _toned(linear: Tensor, camera: Camera) -> Tensor:
    """Light to the values of a file: the tone curve, then what is done to luma and chroma."""
    toned = linear.clamp(0, 1) ** (1 / camera.gamma)
    if camera.contrast:
        toned = torch.lerp(toned, toned * toned * (3 - 2 * toned), camera.contrast)
    if not (camera.chroma_smoothing or camera.luma_smoothing or camera.coring or camera.sharpening):
        return toned
    luma, chroma = to_luma_and_chroma(toned)
    if camera.chroma_smoothing:
        chroma = soften(chroma, camera.chroma_smoothing)
    if camera.luma_smoothing:
        luma = soften(luma, camera.luma_smoothing)
    if camera.coring:
        detail = luma - soften(luma, 1.0)
        luma = luma - detail.clamp(-camera.coring, camera.coring)
    if camera.sharpening:
        luma = luma + camera.sharpening * (luma - soften(luma, camera.sharpening_radius))
    return from_luma_and_chroma(luma, chroma).clamp(0, 1)


def _untoned(photo: Tensor, camera: Camera) -> Tensor:
    """The light of a photo: the tone curve backwards, the S curve by Newton's steps."""
    toned = photo.clamp(0, 1)
    if camera.contrast:
        found = toned
        for _ in range(4):
            value = torch.lerp(found, found * found * (3 - 2 * found), camera.contrast)
            slope = 1 - camera.contrast + camera.contrast * 6 * found * (1 - found)
            found = (found - (value - toned) / slope).clamp(0, 1)
        toned = found
    return toned**camera.gamma


def _matrix(camera: Camera) -> Tensor:
    """From the sensor's colours to the file's; white stays white."""
    rows = []
    for colour in range(3):
        mixing, lean = camera.mixing[colour], camera.lean[colour]
        row = [0.0, 0.0, 0.0]
        row[colour] = 1 + mixing
        row[(colour + 1) % 3] = -mixing * lean
        row[(colour + 2) % 3] = -mixing * (1 - lean)
        rows.append(row)
    return torch.tensor(rows)


def _through(matrix: Tensor, image: Tensor) -> Tensor:
    """Every pixel's colour (..., 3, h, w) times a matrix."""
    return (matrix @ image.flatten(-2)).reshape(image.shape)
