"""Little sets of images, written to folders for tests."""

from pathlib import Path

import numpy as np
from PIL import Image

from restorecli.bench.folders import ImageSet, inspect, open_folder


def photo(seed: int = 0, size: tuple[int, int] = (40, 48), *, gray: bool = False) -> np.ndarray:
    """Smooth, colourful (or gray) and different for each seed; (H, W, 3) uint8."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]]
    turns = random.uniform(3, 9, 3)
    planes = [
        0.5 + 0.4 * np.sin((rows + (seed + channel) * columns) / turns[channel]) for channel in range(3)
    ]
    pixels = np.stack(planes[:1] * 3 if gray else planes, axis=-1)
    return (pixels * 255).round().astype(np.uint8)


def save(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def clean_folder(folder: Path, count: int = 2, *, gray: bool = False) -> Path:
    for seed in range(count):
        save(folder / f"{seed + 1}.png", photo(seed, gray=gray))
    return folder


def clean_set(folder: Path, count: int = 2, *, gray: bool = False) -> ImageSet:
    return inspect(open_folder(clean_folder(folder, count, gray=gray)))
