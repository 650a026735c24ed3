"""Weights and inputs from formulas, so that a network can be compared with recorded outputs without a file.

`published_state` fills a network's published layout as the recorded outputs were made: every value is a
sine over a scrambled index with a phase from the key, scaled by the gains below.
"""

import math
import re

import numpy as np
import torch
from torch import Tensor, nn

from restorecli.weights.layouts import layout

RNAN_GAINS = (
    (r"^body(_nl_low|_nl_high)?\.\d+\.body\.1\.weight$", 0.9),
    (r"^body\.\d+\.weight$", 0.9),
    (r"MB_1x1conv\.0\.weight$", 1.5),
    (r"MB_(Up|Down)\.0\.weight$", 1.0),
    (r"MB_RB1\.0\.(theta|phi)\.weight$", 0.4),
    (r"MB_RB1\.0\.(g|W)\.weight$", 1.5),
)
# family: (gain, ((pattern, gain of the keys that match first), ...))
GAINS: dict[str, tuple[float, tuple[tuple[str, float], ...]]] = {
    "panet": (0.5, ()),
    "paedsr": (1.0, ()),
    "rnan": (0.5, ((r"^head\.0\.weight$", 0.03), (r"^tail\..*weight$", 24.0), *RNAN_GAINS)),
    "rnan-sr": (
        0.5,
        ((r"^head\.0\.weight$", 0.03), (r"^tail\.0\.", 1.5), (r"^tail\.1\.weight$", 30.0), *RNAN_GAINS),
    ),
    "dagl": (
        0.5,
        (
            (r"\.fc[12]\.0\.weight$", 0.25),
            (r"\.(g|theta|c[123]_c)\.weight$", 1.5),
            (r"\.c[123]_c\.weight$", 1.5),
            (r"^head\.0\.weight$", 2.0),
        ),
    ),
    "mhnet": (
        1.4,
        (
            (r"^ending\.weight$", 2.0),
            (r"conv_du\.0\.weight$|\.fcs\.\d\.weight$", 6.0),
            (r"^stage1\.intro\.weight$", 1.5),
            (r"^intro2?\.weight$", 2.0),
        ),
    ),
}
MEANS = np.array([0.4488, 0.4371, 0.4040], dtype=np.float32).astype(np.float64)


def wave(key: str, count: int) -> np.ndarray:
    phase = 2 * math.pi * ((37 * sum((j + 1) * b for j, b in enumerate(key.encode()))) % 1000) / 1000
    scrambled = (np.arange(count, dtype=np.int64) % 10007) ** 3 % 10007
    return np.sin(0.37 * scrambled + phase)


def value(family: str, key: str, shape: tuple[int, ...]) -> np.ndarray:
    count = math.prod(shape)
    if key.startswith(("sub_mean.", "add_mean.")):
        value_range = 255 if family == "rnan-sr" else 1
        return np.eye(3) if key.endswith("weight") else (-MEANS if key[0] == "s" else MEANS) * value_range
    if key.endswith("escape_NaN"):
        return np.full(1, 1e-4)
    if family == "dagl" and key.endswith("thr_conv.bias"):
        return 1 + 0.1 * wave(key, count)
    if family == "mhnet":
        if key.endswith((".beta", ".gamma")):
            return 0.4 * wave(key, count)
        if key.endswith(".temperature"):
            return 4 + wave(key, count)
        if re.search(r"\.attn[1-4]$", key):
            return float(np.float32(0.2)) + 0.1 * wave(key, count)
        if re.search(r"\.norm\d\.weight$", key):
            return 1 + 0.1 * wave(key, count)
    if key.endswith(".bias"):
        return 0.01 * wave(key, count)
    if shape == (1,):
        return np.full(1, 0.25)  # PReLU
    gain, exceptions = GAINS[family]
    gain = next((other for pattern, other in exceptions if re.search(pattern, key)), gain)
    return gain / math.sqrt(math.prod(shape[1:])) * wave(key, count)


def published_state(name: str, network: nn.Module) -> dict[str, Tensor]:
    """A network's published layout, filled; of several copies of a tensor the last one's values count."""
    family = "rnan-sr" if name == "rnan" and hasattr(network, "add_mean") else name
    published = layout(name, network)
    state = {
        key: torch.from_numpy(value(family, key, shape).astype(np.float32).reshape(shape))
        for key, shape in published.shapes(network).items()
    }
    last = {ours: theirs for theirs, ours in published.ours.items()}
    return {key: state[last.get(published.ours.get(key, ""), key)] for key in state}


def image(batch: int, colors: int, height: int, width: int, value_range: float = 1) -> Tensor:
    c = np.arange(colors).reshape(1, -1, 1, 1) + 5 * np.arange(batch).reshape(-1, 1, 1, 1)
    h, w = np.arange(height).reshape(1, 1, -1, 1), np.arange(width).reshape(1, 1, 1, -1)
    x = 0.5 + 0.25 * np.sin(0.11 * h + 0.07 * w + c) + 0.2 * np.sin(0.05 * h * w + 2 * c)
    return torch.from_numpy((np.clip(x, 0, 1) * value_range).astype(np.float32))


def feature(batch: int, channels: int, height: int, width: int) -> Tensor:
    b, c = np.arange(batch).reshape(-1, 1, 1, 1), np.arange(channels).reshape(1, -1, 1, 1)
    h, w = np.arange(height).reshape(1, 1, -1, 1), np.arange(width).reshape(1, 1, 1, -1)
    first = 0.5 * np.sin(0.9 * c + 0.31 * h + 0.17 * w + 0.5 * b)
    x = first + 0.5 * np.sin(0.13 * c * c + 0.053 * h * w + 1.7 * b)
    return torch.from_numpy(x.astype(np.float32))
