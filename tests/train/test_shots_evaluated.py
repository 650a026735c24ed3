"""`restore train evaluate` on photos as people have them: made by ops/shots.py, each by a seed of its own."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Generator, Tensor, nn
from training_tools import measured

from restorecli.bench.damages import damage_card
from restorecli.errors import UsageError
from restorecli.ops import shots
from restorecli.ops.degrade import to_8_bit, to_gray
from restorecli.ops.metrics import psnr
from restorecli.spec import ModelSpec, WeightsEntry
from restorecli.train.data import as_image, image_paths, read_pixels


class Nothing(nn.Module):
    """Leaves its image as it is, and keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(x[0].clone())
        return x


def row(**spec) -> WeightsEntry:
    return WeightsEntry("nothing", "denoise", ModelSpec("nothing", **spec), "none")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(3)
    for place in range(2):
        coarse = random.integers(30, 220, (5, 6, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f"{place}.png"), cv2.resize(coarse, (48, 40)))
    return tmp_path


def clean(folder: Path) -> list[Tensor]:
    return [as_image(read_pixels(path)).contiguous() for path in image_paths(folder)]


@pytest.mark.parametrize("name", shots.SHOTS)
def test_every_image_has_its_own_seed_and_its_own_target(folder, name):
    network = Nothing()
    ((given, found),) = measured(row(), network, folder, name)
    pairs = [
        shots.damage(name, image, 0, Generator().manual_seed(place))
        for place, image in enumerate(clean(folder), start=1)
    ]
    for seen, (damaged, _) in zip(network.seen[1:], pairs, strict=True):  # the first is to warm up
        assert torch.equal(seen, damaged)
    expected = sum(psnr(damaged.clamp(0, 1), to_8_bit(target)) for damaged, target in pairs) / 2
    assert (found.psnr, given.psnr) == pytest.approx((expected, expected))
    assert (found.protocol, found.level, found.images) == (name, None, 2)


def as_gray(image: Tensor) -> Tensor:
    """In 256 steps, by Matlab's weights."""
    weights = torch.tensor([0.298936, 0.587043, 0.114021], dtype=torch.float64)
    return to_8_bit((image.double() * weights[:, None, None]).sum(0, keepdim=True)).float()


def test_gray_weights_see_the_gray_of_a_shot_in_colour(folder):
    network = Nothing()
    measured(row(channels=1), network, folder, "phone")
    damaged, _ = shots.phone(clean(folder)[0], Generator().manual_seed(1))
    assert torch.equal(network.seen[1], as_gray(damaged))
    of_gray, _ = shots.phone(to_gray(clean(folder)[0]), Generator().manual_seed(1))
    assert not torch.equal(network.seen[1], as_gray(of_gray))


def test_other_damage_is_as_it_was(folder):
    network = Nothing()
    measured(row(channels=1), network, folder, "noise:25")
    for seen, image in zip(network.seen[1:], clean(folder), strict=True):
        noise = torch.empty(1, 40, 48).normal_(generator=Generator().manual_seed(1)) * (25 / 255)
        torch.testing.assert_close(seen, as_gray(image) + noise)


def test_an_unknown_damage_names_the_shots_too():
    with pytest.raises(UsageError, match="no damage 'phones'") as error:
        damage_card("phones", row())
    assert "low_light" in (error.value.hint or "")
