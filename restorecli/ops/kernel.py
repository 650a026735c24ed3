"""Finds the blur of a photo: the one kernel that gives it from a sharp photo with few, strong edges."""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..parallel import in_parallel
from .blur import GAMMA, convolve
from .deconvolve import CLIPPED, QUICK, SMOOTHNESS, Blur, sharp_light
from .pixels import as_pixels, white
from .spectra import as_ring, back, of_kernel, of_roughness, slopes, slopes_back, spectrum

LARGEST = 25  # pixels: the largest kernel that is looked for
PART, STRIDE = 320, 32  # pixels: the part that is looked at, and the steps between parts
LEAST = 96  # pixels a side of a photo
FLAT = 4e-3  # the mean slope of a photo without edges
# What counts beside few slopes, and the head start of linear light, which cameras blur. By 117 crops of
# training photos with made blur: from 0.02 to 0.05, 0.05 to 0.15, 0.02 to 0.04 the mean gain hardly changes
# (2.3 to 2.4 dB; always the best of the ten would be 3.0).
DARKER, MISSED, LINEAR = 0.03, 0.1, 0.02
MARGIN = LARGEST // 2  # of the photo, where what lies outside of it counts
_SMALLEST = 5  # the kernel's side in the smallest of the pictures


@dataclass(frozen=True, slots=True)
class Search:
    """One way to look, from small pictures to the photo itself; they fail on different photos."""

    edges: float  # what an edge must be worth at the start: the higher, the fewer
    finer: float  # how much smaller the next smaller picture is
    rounds: int  # on each of the pictures
    size: int = LARGEST  # of the kernel


SEARCHES = (
    Search(8e-3, 0.5, 7),
    Search(8e-3, 0.5**0.5, 5),
    Search(8e-3, 0.5**0.5, 5, size=15),
    Search(2e-2, 0.5, 7),
    Search(2e-2, 0.5**0.5, 5),
)
_LEAST_EDGES, _FEWER = 1e-4, 1.1
_RIDGE = 8.0


def find_blur(photo: np.ndarray | Tensor) -> Blur | None:
    """The one blur of a whole photo; None for a photo that is sharp, flat or tiny.

    Looks at the part of the photo that shows most edges, in linear light and as it is, in several ways, and
    takes the kernel whose sharp photo is the likeliest one.
    """
    gray = _telling_part(as_pixels(photo))
    if gray is None:
        return None
    blurs = candidates(gray)
    doubts = in_parallel(lambda blur: _unlikeliness(blur, gray), blurs, gray.device)
    best = blurs[int(np.argmin(doubts))]
    return best if max(best.extent) > 1 else None


def candidates(gray: Tensor) -> list[Blur]:
    """(h, w) in [0, 1] -> what each way of looking finds."""
    lights = (gray, gray**GAMMA)
    ways = list(product((False, True), SEARCHES))
    kernels = in_parallel(lambda way: search_kernel(lights[way[0]], way[1]), ways, gray.device)
    return [Blur(kernel, linear) for kernel, (linear, _) in zip(kernels, ways, strict=True)]


def _unlikeliness(blur: Blur, gray: Tensor) -> float:
    """A sharp photo has few, strong slopes, is nowhere darker than black, and gives the photo if blurred."""
    light = sharp_light(gray[None], blur, SMOOTHNESS, QUICK)
    sharp = blur.photo(light)
    fewer = (_sparseness(sharp) / _sparseness(gray[None])).log()
    darker = (_size(light.clamp(max=0)) + 1e-4).log()
    again = blur.photo(convolve(blur.light(sharp), blur.kernel))
    missed = (_size((again - gray)[..., MARGIN:-MARGIN, MARGIN:-MARGIN]) + 1e-4).log()
    return float(fewer + DARKER * darker + MISSED * missed) - LINEAR * blur.linear


def _size(image: Tensor) -> Tensor:
    return image.square().mean().sqrt()


def _sparseness(image: Tensor) -> Tensor:
    """The mean of the slopes over their root mean square: low where they are few and strong."""
    sizes = torch.cat([slope.abs().flatten() for slope in (image.diff(dim=-1), image.diff(dim=-2))])
    return sizes.mean() / _size(sizes).clamp(min=1e-6)


def _telling_part(pixels: np.ndarray) -> Tensor | None:
    """The part (h, w), at most PART pixels a side, with the most edges; None for a photo that shows none."""
    gray = torch.from_numpy(pixels.mean(2, dtype=np.float32)).div_(white(pixels.dtype)).clamp_(0, 1)
    if min(gray.shape) < LEAST:
        return None
    steps = gray.diff(dim=-1)[:-1].abs() + gray.diff(dim=-2)[:, :-1].abs()
    steps = steps.clamp_(max=0.1) * (gray[:-1, :-1] < CLIPPED)
    blocks = F.avg_pool2d(steps[None], STRIDE, ceil_mode=True)
    means = F.avg_pool2d(blocks, [min(PART // STRIDE, count) for count in blocks.shape[1:]], stride=1)[0]
    if means.max() < FLAT:
        return None
    top, left = (STRIDE * int(place) for place in np.unravel_index(int(means.argmax()), means.shape))
    return gray[top : top + PART, left : left + PART]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A blurred photo as a ring, with what is needed of it again and again."""

    image: Tensor  # (h, w)
    spectrum: Tensor
    roughness: Tensor  # what squared slopes multiply a spectrum with

    @classmethod
    def of(cls, light: Tensor, margin: int) -> "Picture":
        image = as_ring(light[None], margin, margin)[0][0]
        return cls(image, spectrum(image), of_roughness(image))


def search_kernel(light: Tensor, search: Search) -> Tensor:
    """(h, w) of blurred light -> a kernel (size, size)."""
    sizes = _sizes(search.size, search.finer)
    kernel = _first_guess(sizes[-1])
    edges = search.edges
    for step, side in reversed(list(enumerate(sizes))):
        height, width = (max(16, round(length * search.finer**step)) for length in light.shape)
        picture = Picture.of(_resized(light, height, width), max(8, side))
        kernel = _resized(kernel, side, side).clamp(min=0)
        kernel = kernel / kernel.sum()
        for _ in range(search.rounds):
            kernel = _cleaned(_least_squares(_few_edges(picture, kernel, edges), picture, side))
            edges = max(edges / _FEWER, _LEAST_EDGES)
        kernel = _in_the_middle(kernel)
    return kernel


def _sizes(size: int, finer: float) -> list[int]:
    """The kernel's side on the photo and on each smaller picture, odd."""
    sizes = [size]
    while size * finer ** len(sizes) >= _SMALLEST:
        side = int(np.ceil(size * finer ** len(sizes)))
        sizes.append(max(3, side + 1 - side % 2))
    return sizes


def _first_guess(side: int) -> Tensor:
    """Slightly slanting: of a round one no direction comes out."""
    kernel = torch.zeros(side, side)
    middle = side // 2
    for place, share in ((0, 0.5), (1, 0.25), (-1, 0.25)):
        kernel[middle + place, middle + place] = share
    return kernel


def _resized(image: Tensor, height: int, width: int) -> Tensor:
    if image.shape == (height, width):
        return image
    return F.interpolate(image[None, None], size=(height, width), mode="bicubic", antialias=True)[0, 0]


def _few_edges(picture: Picture, kernel: Tensor, edges: float) -> Tensor:
    """The spectrum of the picture without its blur, flat but for edges that are worth it (L0 of slopes)."""
    size = picture.image.shape
    blurring = of_kernel(kernel, size)
    power, matched = blurring.abs().square(), blurring.conj() * picture.spectrum
    sharp, found = picture.image, picture.spectrum
    pull = 8 * edges
    while pull < 4:
        across, down = slopes(sharp)
        flat = across.square() + down.square() < edges / pull
        wanted = spectrum(slopes_back(across.masked_fill_(flat, 0), down.masked_fill_(flat, 0)))
        found = (matched + pull * wanted) / (power + pull * picture.roughness + 1e-12)
        sharp = back(found, size)
        pull *= 4
    return found


def _least_squares(sharp: Tensor, picture: Picture, side: int) -> Tensor:
    """The kernel that best makes the slopes of the picture from those of the sharp one (a spectrum)."""
    power = sharp.abs().square() * picture.roughness
    kernel = picture.roughness * sharp.conj() * picture.spectrum / (power + _RIDGE)
    whole = back(kernel, picture.image.shape).roll((side // 2, side // 2), (0, 1))
    return whole[:side, :side]


def _cleaned(kernel: Tensor) -> Tensor:
    """Light only, without faint and far specks; its sum is one."""
    kernel = torch.where(kernel < 0.05 * kernel.max(), 0.0, kernel)
    count, labels = cv2.connectedComponents((kernel > 0).numpy().astype(np.uint8), connectivity=8)
    for label in range(1, count):
        part = torch.from_numpy(labels == label)
        if kernel[part].sum() < 0.1 * kernel.sum():
            kernel = kernel.masked_fill(part, 0)
    return kernel / kernel.sum()


def _in_the_middle(kernel: Tensor) -> Tensor:
    """Moved by whole pixels so that its light is in the middle: else it would move the photo."""
    places = torch.arange(len(kernel), dtype=kernel.dtype)
    row, column = (float((kernel.sum(dim) * places).sum()) for dim in (1, 0))
    middle = len(kernel) // 2
    return kernel.roll((round(middle - row), round(middle - column)), (0, 1))
