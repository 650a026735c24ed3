"""Clean images held in memory, and the batches that are cut and damaged from them on the fly."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor

from ..errors import InputError, UsageError
from ..ops.draw import uniform
from ..ops.estimate import noise_sigma
from .mixes import Mix, Steered
from .recipe import Recipe, Source

SUFFIXES = {".png", ".webp", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}


def image_paths(folder: Path, *, hint: str = "name folders of images") -> list[Path]:
    """The images in a folder, by name; `hint` is what to type where there is no such folder."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder", hint=hint)
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise InputError(f"{folder}: no images in it")
    return paths


def read_pixels(path: Path) -> Tensor:
    """(h, w, 3) uint8."""
    try:
        with Image.open(path) as image:
            return torch.from_numpy(np.array(image.convert("RGB")))
    except (OSError, SyntaxError) as error:  # Pillow's words for files that are none, or damaged
        raise InputError(f"{path}: cannot be read: {error}") from error


def as_image(pixels: Tensor) -> Tensor:
    """(h, w, 3) uint8 -> (3, h, w) float32 in [0, 1]."""
    return pixels.permute(2, 0, 1).float() / 255


def split(paths: Sequence[Path], hold_out_every: int) -> tuple[list[Path], list[Path]]:
    """Training and held-out paths: every n-th by the order of their names is kept aside."""
    ordered = sorted(paths, key=lambda path: path.name)
    held_out = ordered[hold_out_every - 1 :: hold_out_every] if hold_out_every else []
    kept = set(held_out)
    return [path for path in ordered if path not in kept], held_out


def recipe_paths(sources: Sequence[Source], root: Path, hold_out_every: int) -> tuple[list[Path], list[Path]]:
    """Training and held-out paths; of sources with `noise_below`, only those of images as clean as that."""
    hint = "--data FOLDER that holds the recipe's sources"
    paths: list[Path] = []
    for source in sources:
        found = image_paths(root / source.folder, hint=hint)
        if source.noise_below > 0:
            found = [path for path in found if noise_sigma(read_pixels(path).numpy()) < source.noise_below]
        paths += found
    return split(paths, hold_out_every)


def turned(image: Tensor, way: int) -> Tensor:
    """One of the eight ways to flip and turn (c, h, w)."""
    image = image.flip(-1) if way & 1 else image
    image = image.flip(-2) if way & 2 else image
    return image.transpose(-1, -2) if way & 4 else image


@dataclass(frozen=True, slots=True)
class Batch:
    damaged: Tensor  # (B, channels, h / scale, w / scale)
    target: Tensor  # (B, channels, h, w)
    level: Tensor  # (B,), NaN where the network is not told
    place: Tensor  # the generator's state behind this batch: from it the next one is drawn


class Sampler:
    """Draws batches; all of its randomness is in `generator`, so that its state is the place in the data."""

    def __init__(self, images: Sequence[Tensor], recipe: Recipe) -> None:
        schedule = recipe.schedule
        self.mix: Mix = recipe.mix
        self.side = schedule.crop + 2 * self.mix.margin
        self.images = [image for image in images if min(image.shape[:2]) >= self.side]
        if not self.images:
            raise InputError(f"no training image is {self.side} pixels wide and high")
        areas = torch.tensor([image.shape[0] * image.shape[1] for image in self.images], dtype=torch.float64)
        self.chances = areas / areas.sum()
        self.batch = schedule.batch
        self.channels = recipe.model.channels
        self.known_level_share = schedule.known_level_share
        self.other_level_share = schedule.other_level_share
        self.generator = Generator().manual_seed(recipe.seed)

    def sample(self) -> tuple[Tensor, Tensor, float]:
        chosen = int(torch.multinomial(self.chances, 1, generator=self.generator))
        pixels = self.images[chosen]
        top, left = (
            int(torch.randint(length - self.side + 1, (), generator=self.generator))
            for length in pixels.shape[:2]
        )
        way = int(torch.randint(8, (), generator=self.generator))
        crop = as_image(pixels[top : top + self.side, left : left + self.side])
        damaged, target, level = self.mix(turned(crop, way).contiguous(), self.generator)
        damaged, target = damaged[: self.channels], target[: self.channels]
        if uniform(self.generator) >= self.known_level_share:
            return damaged, target, float("nan")
        if uniform(self.generator) < self.other_level_share:
            assert isinstance(self.mix, Steered)  # the recipe was checked
            told = self.mix.other_level(self.generator)
            target = torch.lerp(target, damaged, self.mix.left(level, told))
            return damaged, target, told
        return damaged, target, level

    def next(self) -> Batch:
        damaged, targets, levels = zip(*(self.sample() for _ in range(self.batch)), strict=True)
        place = self.generator.get_state()
        return Batch(torch.stack(damaged), torch.stack(targets), torch.tensor(levels), place)


class Ahead:
    """Draws the next batch in a thread while the last one is learnt from: for a GPU, which would wait."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._coming = self._thread.submit(sampler.next)

    def next(self) -> Batch:
        batch = self._coming.result()
        self._coming = self._thread.submit(self._sampler.next)
        return batch

    def close(self) -> None:
        self._thread.shutdown()
