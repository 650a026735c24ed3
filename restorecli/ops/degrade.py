"""Damage made on purpose: the same functions make training data and the inputs of a bench.

Every function takes a clean image (..., C, h, w), float32 in [0, 1], and gives the damaged one. Randomness
comes from the generator that is passed in, and from nowhere else. Rain and blur have files of their own.
"""

import io
from collections.abc import Callable, Mapping

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Generator, Tensor

from .blur import blur, random_kernel
from .demosaic import mosaicked
from .rain import rain
from .resize import shrink_8_bit

SUBSAMPLINGS = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}


def to_8_bit(image: Tensor) -> Tensor:
    """Clipped and rounded to 256 steps, as a file would hold it."""
    return (image.clamp(0, 1) * 255).round() / 255


def is_gray(image: Tensor) -> bool:
    """Whether all channels are equal."""
    return bool((image == image[..., :1, :, :]).all())


def to_gray(image: Tensor) -> Tensor:
    """(3, h, w) -> three equal channels, in 256 steps as a gray file would hold them."""
    luma = (image * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0, keepdim=True)
    return to_8_bit(luma).repeat(3, 1, 1)


def white_noise(image: Tensor, generator: Generator) -> Tensor:
    """Standard normal noise of the image's shape; a gray image gets the same noise in all of its channels."""
    channels = 1 if is_gray(image) else image.shape[-3]
    shape = (*image.shape[:-3], channels, *image.shape[-2:])
    return torch.empty(shape).normal_(generator=generator).expand_as(image)


def gaussian_noise(image: Tensor, sigma: float, generator: Generator) -> Tensor:
    """Float noise, neither clipped nor rounded; sigma on the scale of 0 to 255."""
    return image + white_noise(image, generator) * (sigma / 255)


def gaussian_noise_8_bit(image: Tensor, sigma: float, generator: Generator) -> Tensor:
    """What a noisy 8-bit file holds."""
    return to_8_bit(gaussian_noise(image, sigma, generator))


def correlated_noise(image: Tensor, sigma: float, generator: Generator, *, radius: float = 0.6) -> Tensor:
    """Noise that was slightly blurred, as a camera's demosaicing does; its deviation is still sigma."""
    noise = white_noise(image, generator).reshape(-1, 1, *image.shape[-2:])
    taps = torch.exp(-0.5 * (torch.arange(-2.0, 3.0) / radius) ** 2)
    kernel = torch.outer(taps, taps)
    kernel = kernel / kernel.square().sum().sqrt()
    noise = F.conv2d(F.pad(noise, (2, 2, 2, 2), mode="circular"), kernel[None, None])
    return image + noise.reshape(image.shape) * (sigma / 255)


def signal_dependent_noise(
    image: Tensor, sigma: float, generator: Generator, *, floor: float = 0.2
) -> Tensor:
    """Shot noise over read noise: the variance rises with the brightness, sigma is its value at white.

    `floor` is the share of sigma that is left in black.
    """
    deviation = (floor**2 + (1 - floor**2) * image.clamp(0, 1)).sqrt() * (sigma / 255)
    return image + white_noise(image, generator) * deviation


def jpeg(
    image: Tensor, quality: int, *, subsampling: str = "4:2:0", shift: tuple[int, int] = (0, 0)
) -> Tensor:
    """One (C, h, w) image through Pillow's JPEG encoder; equal channels are stored as a gray JPEG.

    `shift` moves the 8x8 grid up and left by (rows, columns), as cropping a JPEG would.
    """
    down, right = shift
    height, width = image.shape[-2:]
    larger = F.pad(image[None], (right, 0, down, 0), mode="replicate")[0]
    pixels = (larger.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    stored = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if is_gray(image) else pixels))
    buffer = io.BytesIO()
    stored.save(buffer, "JPEG", quality=quality, subsampling=SUBSAMPLINGS[subsampling])
    decoded = torch.from_numpy(np.array(Image.open(buffer), dtype=np.float32)[down:, right:]) / 255
    if decoded.ndim == 2:
        return decoded.expand(image.shape[0], height, width).clone()
    return decoded.permute(2, 0, 1).contiguous()


def double_jpeg(
    image: Tensor, first: int, second: int, *, subsampling: str = "4:2:0", shift: tuple[int, int] = (0, 0)
) -> Tensor:
    """Compressed with a grid moved by `shift`, then again with the grid in place."""
    once = jpeg(image, first, subsampling=subsampling, shift=shift)
    return jpeg(once, second, subsampling=subsampling)


def mosaic(image: Tensor, pattern: str = "grbg") -> Tensor:
    """Keeps the one colour per pixel that a Bayer sensor measures; the other two channels are zero."""
    return mosaicked(image, pattern)


def rain_8_bit(image: Tensor, generator: Generator, *, heavy_share: float = 0.35) -> Tensor:
    """A rainy 8-bit photo."""
    return to_8_bit(rain(image, generator, heavy_share=heavy_share))


def blur_8_bit(image: Tensor, size: float, generator: Generator, *, sigma: float = 1.0) -> Tensor:
    """A blurred 8-bit photo with slight noise; the kernel is at most `size` pixels across."""
    kernel = random_kernel(2 * (int(size) // 2) + 1, generator)
    return gaussian_noise_8_bit(blur(image, kernel, generator), sigma, generator)


def photo_down(image: Tensor, scale: int, generator: Generator) -> Tensor:
    """A small photo as the web has them: the mean of each scale x scale pixels, slight noise, JPEG 80."""
    small = F.avg_pool2d(image, scale)
    return jpeg(gaussian_noise_8_bit(small, 2, generator), 80)


# What a bench or an evaluation can ask for by name: (clean, level, generator) -> damaged. The level is a
# sigma, a quality, a scale (the result is smaller), the largest kernel's size; mosaics and rain have none.
DEGRADATIONS: Mapping[str, Callable[[Tensor, float, Generator], Tensor]] = {
    "clean": lambda image, level, generator: image,
    "noise": gaussian_noise,
    "noise8": gaussian_noise_8_bit,
    "correlated": correlated_noise,
    "shot": signal_dependent_noise,
    "jpeg": lambda image, level, generator: jpeg(image, int(level)),
    "mosaic": lambda image, level, generator: mosaic(image),
    "bicubic_down": lambda image, level, generator: shrink_8_bit(image, int(level)),
    "photo_down": lambda image, level, generator: photo_down(image, int(level), generator),
    "rain": lambda image, level, generator: rain_8_bit(image, generator),
    "light_rain": lambda image, level, generator: rain_8_bit(image, generator, heavy_share=0.0),
    "heavy_rain": lambda image, level, generator: rain_8_bit(image, generator, heavy_share=1.0),
    "blur": blur_8_bit,
    "jpeg444": lambda image, level, generator: jpeg(image, int(level), subsampling="4:4:4"),
}
