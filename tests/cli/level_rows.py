"""Rows of one network for one level each, gray and colour, and noisy images to choose them by."""

from pathlib import Path

import numpy as np
from safetensors.torch import save_file

from restorecli.networks.local import Local

# (id, task, level, channels)
ROWS = (
    *((f"local-gray-s{level}", "denoise", level, 1) for level in (10, 30, 50)),
    *((f"local-color-s{level}", "denoise", level, 3) for level in (10, 30, 50, 70)),
    *((f"local-q{level}", "dejpeg", level, 1) for level in (10, 20, 30, 40)),
)
ROW = """
[[weights]]
id = "{0}"
task = "{1}"
level = {2}
source = "file"
file = "{4}"

[weights.model]
network = "local"
params = {{ channels = {3} }}
channels = {3}
halo = 2
"""


def write_rows(folder: Path) -> Path:
    """A list with eleven rows of the network `local`, and their weights beside it."""
    files = {channels: folder / f"local-{channels}.safetensors" for channels in (1, 3)}
    for channels, file in files.items():
        save_file(Local(channels).state_dict(), file)
    path = folder / "rows.toml"
    path.write_text("".join(ROW.format(*row, files[row[3]].as_posix()) for row in ROWS), encoding="utf-8")
    return path


def noisy(sigma: float, channels: int = 3, size: int = 120, *, smoothed: bool = False) -> np.ndarray:
    """A slope with white noise, or with noise of which each pixel shares half with three neighbours."""
    rng = np.random.default_rng(0)
    flat = np.full((size, size, channels), 128.0) + np.linspace(-40, 40, size)[:, None, None]
    noise = rng.standard_normal(flat.shape)
    if smoothed:
        noise = sum(np.roll(noise, shift, (0, 1)) for shift in ((0, 0), (0, 1), (1, 0), (1, 1))) / 2
    return np.rint(np.clip(flat + sigma * noise, 0, 255)).astype(np.uint8)
