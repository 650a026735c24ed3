"""Blur made on purpose: camera shake, defocus and motion, as kernels whose sum is one."""

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from .draw import happens, uniform

# A kernel is drawn on a grid this many times finer than its pixels, so that thin lines and small discs keep
# their shape.
_FINER = 4
GAMMA = 2.2  # of a photo's values over its light


def random_kernel(size: int, generator: Generator) -> Tensor:
    """One of the three kinds, between 3 and `size` (odd) pixels long; (size, size)."""
    extent = uniform(generator, 3, size)
    kind = uniform(generator)
    if kind < 0.5:
        return shake_kernel(size, extent, generator)
    if kind < 0.75:
        return line_kernel(size, extent, uniform(generator, 0, math.pi))
    return disc_kernel(size, uniform(generator, 1, max(1.0, extent / 3)))


def shake_kernel(size: int, extent: float, generator: Generator, *, moments: int = 64) -> Tensor:
    """A hand that trembles: a path whose speed drifts, and jumps at times; `extent` pixels across."""
    pushes = torch.randn(moments, 2, generator=generator)
    jerks = torch.rand(moments, 1, generator=generator) < 2 / moments
    pushes = torch.where(jerks, 6 * pushes, pushes)
    keep = uniform(generator, 0.7, 0.97)  # how slowly the speed changes
    decay = keep ** torch.arange(moments)[:, None].sub(torch.arange(moments)).clamp(min=0).float()
    speed = torch.tril(decay) @ pushes
    path = speed.cumsum(0)
    # About the middle of its light: a path to one side of it would move the photo, which no network can know.
    path = path - path.mean(0)
    span = (path.amax(0) - path.amin(0)).square().sum().sqrt()
    return _along(path * torch.minimum((extent - 1) / span, (size // 2) / path.abs().amax()), size)


def line_kernel(size: int, length: float, angle: float) -> Tensor:
    """Even motion: a straight line `length` pixels long."""
    steps = torch.linspace(-0.5, 0.5, 4 * size) * (length - 1)
    return _along(torch.stack((steps * math.sin(angle), steps * math.cos(angle)), dim=1), size)


def disc_kernel(size: int, radius: float) -> Tensor:
    """Defocus: an even disc."""
    fine = (torch.arange(size * _FINER) + 0.5) / _FINER - size / 2
    inside = (fine[:, None].square() + fine.square() <= radius**2).float()
    kernel = F.avg_pool2d(inside[None], _FINER)[0]
    return kernel / kernel.sum()


def _along(path: Tensor, size: int) -> Tensor:
    """The light of points (n, 2), in pixels from the middle, each shared by the four pixels around it."""
    place = (path + size // 2).clamp(0, size - 1 - 1e-3)
    corner = place.floor()
    share = place - corner
    kernel = torch.zeros(size * size)
    for row in (0, 1):
        for column in (0, 1):
            weight = (share[:, 0] if row else 1 - share[:, 0]) * (share[:, 1] if column else 1 - share[:, 1])
            index = (corner[:, 0] + row) * size + corner[:, 1] + column
            kernel.index_add_(0, index.long(), weight)
    return (kernel / kernel.sum()).view(size, size)


def highlights(image: Tensor, above: float, gain: float) -> Tensor:
    """What a sensor clipped is brighter than white: values above `above` are raised, white by `gain`."""
    return image + (image - above).clamp(min=0) * (gain / (1 - above))


def blur(image: Tensor, kernel: Tensor, generator: Generator) -> Tensor:
    """(..., h, w) blurred, mirrored at its edges; at times with highlights that outshine white, then clipped.

    The light that adds up in a camera is linear; a photo's values are not. Half of the photos are blurred in
    linear light, as cameras do, half as they are, as most published sets do.
    """
    linear = happens(generator, 0.5)
    gain = uniform(generator, 0, 3) if happens(generator, 0.3) else 0.0
    light = image.clamp(0, 1) ** GAMMA if linear else image
    blurred = convolve(highlights(light, 0.9, gain), kernel).clamp(0, 1)
    return blurred ** (1 / GAMMA) if linear else blurred


def convolve(image: Tensor, kernel: Tensor) -> Tensor:
    """(..., h, w) with a kernel (k, k), k odd, mirrored at the edges; by Fourier transform."""
    reach = kernel.shape[-1] // 2
    height, width = image.shape[-2:]
    padded = F.pad(image.reshape(-1, 1, height, width), (reach,) * 4, mode="reflect")
    size = [length + 2 * reach for length in (height, width)]
    spectrum = torch.fft.rfft2(padded) * torch.fft.rfft2(kernel, s=size)
    whole = torch.fft.irfft2(spectrum, s=size)
    return whole[..., 2 * reach :, 2 * reach :].reshape(image.shape)
