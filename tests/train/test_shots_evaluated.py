"""`restore train evaluate` on photos as people have them: made by ops/shots.py, each by a seed of its own."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Generator, Tensor, nn

from restorecli.errors import UsageError
from restorecli.ops import shots
from restorecli.ops.degrade import to_gray
from restorecli.ops.metrics import psnr
from restorecli.spec import ModelSpec
from restorecli.train.data import as_image, image_paths, read_pixels
from restorecli.train.evaluate import Damage, evaluate


class Nothing(nn.Module):
    """Leaves its image as it is, and keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(x[0].clone())
        return x


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(3)
    for place in range(2):
        coarse = random.integers(30, 220, (5, 6, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f"{place}.png"), cv2.resize(coarse, (48, 40)))
    return tmp_path


def clean(folder: Path) -> list[Tensor]:
    return [as_image(read_pixels(path)) for path in image_paths(folder)]


@pytest.mark.parametrize("name", shots.SHOTS)
def test_every_image_has_its_own_seed_and_its_own_target(folder, name):
    network = Nothing()
    (figure,) = evaluate(network, ModelSpec("nothing"), [folder], [Damage.parse(name)])
    pairs = [
        shots.damage(name, image, 0, Generator().manual_seed(place))
        for place, image in enumerate(clean(folder), start=1)
    ]
    for seen, (damaged, _) in zip(network.seen, pairs, strict=True):
        assert torch.equal(seen, damaged)
    expected = sum(psnr(damaged.clamp(0, 1), target) for damaged, target in pairs) / 2
    assert (figure.psnr, figure.psnr_damaged) == pytest.approx((expected, expected))
    assert (figure.damage, figure.level, figure.images) == (name, 0, 2)


def test_gray_weights_see_the_gray_of_a_shot_in_colour(folder):
    network = Nothing()
    evaluate(network, ModelSpec("nothing", channels=1), [folder], [Damage.parse("phone")])
    damaged, _ = shots.phone(clean(folder)[0], Generator().manual_seed(1))
    assert torch.equal(network.seen[0], to_gray(damaged)[:1])
    of_gray, _ = shots.phone(to_gray(clean(folder)[0]), Generator().manual_seed(1))
    assert not torch.equal(network.seen[0], to_gray(of_gray)[:1])


def test_other_damage_is_as_it_was(folder):
    network = Nothing()
    evaluate(network, ModelSpec("nothing", channels=1), [folder], [Damage.parse("noise:25")])
    for seen, image in zip(network.seen, clean(folder), strict=True):
        noise = torch.empty(1, 40, 48).normal_(generator=Generator().manual_seed(1)) * (25 / 255)
        torch.testing.assert_close(seen, to_gray(image)[:1] + noise)


def test_an_unknown_damage_names_the_shots_too():
    with pytest.raises(UsageError, match="no damage 'phones'") as error:
        Damage.parse("phones")
    assert "low_light" in (error.value.hint or "")
