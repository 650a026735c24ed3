"""Held-out training images, damaged once in named ways, restored again and again as training goes on."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from ..errors import UsageError
from ..ops import shots
from ..ops.metrics import psnr
from .data import as_image
from .recipe import Check, Recipe


def centre(image: Tensor, side: int, multiple: int) -> Tensor:
    """The middle of an image: at most side x side, in multiples of what the network needs."""
    height, width = (min(side, length) // multiple * multiple for length in image.shape[-2:])
    top, left = (image.shape[-2] - height) // 2, (image.shape[-1] - width) // 2
    return image[..., top : top + height, left : left + width]


class HeldOut:
    """Fixed pairs of (damaged, clean) for every check, made once."""

    def __init__(self, images: Sequence[Tensor], recipe: Recipe) -> None:
        side, multiple = recipe.validation.crop, recipe.step
        crops = [centre(as_image(pixels), side, multiple) for pixels in images]
        self.bf16 = recipe.schedule.bf16
        self.channels = recipe.model.channels
        gray = self.channels == 1
        self.pairs = {
            check.name: damaged(crops, check, recipe.seed, gray=gray or check.gray)
            for check in recipe.validation.checks
        }

    @torch.no_grad()
    def scores(self, network: nn.Module, device: torch.device) -> dict[str, float]:
        """The mean PSNR of every check, in dB."""
        return {
            name: round(sum(self._psnr(network, device, *pair) for pair in pairs) / len(pairs), 3)
            for name, pairs in self.pairs.items()
            if pairs
        }

    def _psnr(self, network: nn.Module, device: torch.device, damaged: Tensor, clean: Tensor) -> float:
        damaged, clean = damaged[: self.channels], clean[: self.channels]
        inputs = damaged[None].to(device).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bf16):
            restored = network(inputs)
        return psnr(restored[0].float().cpu().clamp(0, 1), clean)


def damaged(
    crops: Sequence[Tensor], check: Check, seed: int, *, gray: bool = False
) -> list[tuple[Tensor, Tensor]]:
    if check.damage not in shots.DAMAGES:
        raise UsageError(f"there is no damage {check.damage!r}", hint=f"one of: {', '.join(shots.DAMAGES)}")
    generator = Generator().manual_seed(seed)
    return [shots.damage(check.damage, crop, check.level, generator, gray=gray) for crop in crops]
