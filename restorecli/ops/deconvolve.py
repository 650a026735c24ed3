"""Takes a known blur back: the sharp photo of least total variation that, blurred, gives the blurred one."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .blur import GAMMA
from .spectra import as_ring, back, of_kernel, of_roughness, slopes, slopes_back, spectrum

SMOOTHNESS = 2e-3  # for a photo with next to no noise
CLIPPED = 0.985  # from here on a pixel was white, or brighter than white
DARKEST = 3e-3  # of the light: below it a photo's steps are no finer any more


@dataclass(frozen=True, slots=True)
class Effort:
    """How far to go; `trust` and `pull` of the splitting decide how fast what converges."""

    steps: int
    trust: float
    pull: float


QUICK = Effort(8, 0.3, 20.0)  # enough to tell kernels apart
FULL = Effort(15, 1.0, 60.0)  # near the end, and what is far away hardly counts: tiles agree


@dataclass(frozen=True, slots=True, eq=False)
class Blur:
    """One kernel for a whole photo; (k, k), k odd, its sum is one."""

    kernel: Tensor
    linear: bool  # blurred in linear light, as a camera does; otherwise the photo's values were

    def light(self, photo: Tensor) -> Tensor:
        """What was blurred."""
        return photo.clamp(min=0) ** GAMMA if self.linear else photo

    def photo(self, light: Tensor) -> Tensor:
        return light.clamp(0, 1) ** (1 / GAMMA) if self.linear else light.clamp(0, 1)

    @property
    def extent(self) -> tuple[int, int]:
        """Height and width of what is not nearly nothing."""
        strong = self.kernel > 0.02 * self.kernel.max()
        height, width = (int(strong.any(dim).sum()) for dim in (1, 0))
        return height, width


def deconvolve(photo: Tensor, blur: Blur, smoothness: float = SMOOTHNESS) -> Tensor:
    """(C, h, w) in [0, 1] -> the same without the blur."""
    return blur.photo(sharp_light(photo, blur, smoothness, FULL))


def sharp_light(photo: Tensor, blur: Blur, smoothness: float, effort: Effort) -> Tensor:
    """The light of `deconvolve`, where it may still be below black or above white.

    Minimises |weight (kernel * x - light)|^2 / 2 + smoothness |weight slopes(x)| by splitting both terms
    (ADMM). The weight is how much a photo's value changes with the light, so that both count as one sees
    them. Nothing is asked of the blurred photo outside of its edges and where it was clipped: what is not
    known leaves no rings.
    """
    side = blur.kernel.shape[-1]
    light, top, left = as_ring(blur.light(photo), 2 * side, side)
    height, width = photo.shape[-2:]
    inside = (slice(None), slice(top, top + height), slice(left, left + width))
    weight = _weight(light, blur)
    known = torch.zeros_like(light[:1])
    known[inside] = (photo.amax(0, keepdim=True) < CLIPPED).float()
    trust = known * weight.square()
    pull = effort.pull * smoothness
    kernel = of_kernel(blur.kernel.to(light.device), light.shape)
    roughness = of_roughness(light)
    power = kernel.abs().square()
    divisor = effort.trust * power + pull * roughness + 1e-8
    trusted, least = trust * light, weight / effort.pull

    sharp, blurred = light, back(kernel * spectrum(light), light.shape)
    owed = torch.zeros_like(light)
    owed_across, owed_down = torch.zeros_like(light), torch.zeros_like(light)
    now_across, now_down = slopes(sharp)
    for _ in range(effort.steps):
        fitted = (trusted + effort.trust * (blurred + owed)) / (trust + effort.trust)
        wanted_across, wanted_down = now_across.add_(owed_across), now_down.add_(owed_down)
        size = (wanted_across.square() + wanted_down.square()).sum(0, keepdim=True).sqrt_().clamp_(min=1e-8)
        kept = (1 - least / size).clamp_(min=0)
        smooth_across, smooth_down = wanted_across.mul_(kept), wanted_down.mul_(kept)
        wanted = slopes_back(smooth_across - owed_across, smooth_down - owed_down)
        found = effort.trust * kernel.conj() * spectrum(fitted - owed) + pull * spectrum(wanted)
        found /= divisor
        sharp, blurred = back(found, light.shape), back(kernel * found, light.shape)
        now_across, now_down = slopes(sharp)
        owed += blurred - fitted
        owed_across += now_across - smooth_across
        owed_down += now_down - smooth_down
    return sharp[inside]


def _weight(light: Tensor, blur: Blur) -> Tensor:
    """How much a photo's value changes with the light, (1, h, w)."""
    if not blur.linear:
        return torch.ones_like(light[:1])
    return (light.mean(0, keepdim=True).clamp(min=0) + DARKEST) ** (1 / GAMMA - 1) / GAMMA
