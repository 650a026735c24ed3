"""Fourier transforms of photos and kernels: sizes that are fast, edges that close to a ring."""

import torch
import torch.nn.functional as F
from torch import Tensor


def spectrum(image: Tensor) -> Tensor:
    return torch.fft.rfft2(image)


def back(found: Tensor, size: torch.Size | tuple[int, ...]) -> Tensor:
    """The (..., h, w) image of this spectrum; `size` ends with h, w."""
    return torch.fft.irfft2(found, s=size[-2:])


def of_kernel(kernel: Tensor, size: torch.Size | tuple[int, ...]) -> Tensor:
    """The spectrum of a kernel (k, k), k odd, whose middle is where it stands."""
    height, width = size[-2:]
    reach = kernel.shape[-1] // 2
    whole = F.pad(kernel, (0, width - kernel.shape[-1], 0, height - kernel.shape[-2]))
    return torch.fft.rfft2(whole.roll((-reach, -reach), (-2, -1)))


def of_roughness(image: Tensor) -> Tensor:
    """What `slopes` and then `slopes_back` multiply the spectrum of an image of this size with; real."""
    point = image.new_zeros(image.shape[-2:])
    point[0, 0] = 1
    return torch.fft.rfft2(slopes_back(*slopes(point))).real


def slopes(image: Tensor) -> tuple[Tensor, Tensor]:
    """What the next pixel to the right and the next one below have more; the image is a ring."""
    return image.roll(-1, -1) - image, image.roll(-1, -2) - image


def slopes_back(across: Tensor, down: Tensor) -> Tensor:
    """The transpose of `slopes`, added up."""
    return across.roll(1, -1) - across + down.roll(1, -2) - down


def fast_length(least: int) -> int:
    """The next length that has no prime factor above 5."""
    length = least
    while True:
        rest = length
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return length
        length += 1


def as_ring(image: Tensor, margin: int, fade: int) -> tuple[Tensor, int, int]:
    """(C, h, w) with at least `margin` mirrored pixels around it; the last `fade` turn into the other side's.

    Also where the image begins in it. So no step is left where the ring closes: a transform would see one.
    """
    height, width = image.shape[-2:]
    more = [fast_length(length + 2 * margin) - length for length in (height, width)]
    top, left = more[0] // 2, more[1] // 2
    ring = F.pad(image[None], (left, more[1] - left, top, more[0] - top), mode="reflect")[0]
    for dim in (-2, -1):
        ring = _closed(ring, dim, fade)
    return ring, top, left


def _closed(image: Tensor, dim: int, fade: int) -> Tensor:
    rising = 0.5 + 0.5 * (torch.arange(fade, device=image.device) + 0.5) / fade
    own = image.new_ones(image.shape[dim])
    own[:fade], own[-fade:] = rising, rising.flip(0)
    own = own if dim == -1 else own[:, None]
    return torch.lerp(image.flip(dim), image, own)
