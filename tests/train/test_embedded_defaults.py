"""The weights that ship do what they are for, and leave alone what needs nothing."""

from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image
from torch import Generator
from training_tools import measured

from restorecli.bench.results import Score
from restorecli.engine.restorer import Restorer
from restorecli.ops.shots import SHOTS, damage
from restorecli.registry import PACKAGE, entries
from restorecli.spec import TaskName, WeightsEntry
from restorecli.tasks import TASKS
from restorecli.train.data import as_image, read_pixels
from restorecli.train.export import find_weights
from restorecli.weights.load import load_network

IMAGES = PACKAGE / "data" / "images"
EMBEDDED = [entry for entry in entries() if entry.source == "embedded"]
SIDE = 128  # of the crops that the default run looks at


class Kind(NamedTuple):
    """What a task is for, how much better it has to get (dB), and what it has to leave alone."""

    damage: str
    gain: float
    nothing: str = ""
    harmless: float = 0.0  # dB between a photo that needs nothing and its result


# The gains are what was measured less a tenth or more, so that weights trained anew pass, broken ones do not.
KINDS: dict[TaskName, Kind] = {
    "denoise": Kind("phone", 2.5, "clean", 45.0),
    "dejpeg": Kind("jpeg:10", 1.1, "jpeg:98", 42.0),
    "demosaic": Kind("mosaic", 8.0),
    "upscale": Kind("bicubic_down", 1.0),
    "derain": Kind("rain", 4.0, "clean", 36.0),
    "deblur": Kind("blur:15", 0.3, "clean", 36.0),
}


WHITE_NOISE = Kind("noise8:25", 8.5, "clean", 45.0)


def kind_of(entry: WeightsEntry) -> Kind:
    assert entry.task in KINDS, f"add to KINDS in this file what weights for {entry.task} must gain"
    return WHITE_NOISE if entry.white_noise else KINDS[entry.task]


def scores(entry: WeightsEntry, damage: str, images: Path) -> tuple[Score, Score]:
    """Of the input, and of the result."""
    level = f":{entry.level:g}" if entry.level is not None else ""
    (found,) = measured(*find_weights(entry.id, EMBEDDED), images, damage + level)
    return found


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The middle of each image of the package."""
    folder = tmp_path_factory.mktemp("crops")
    for path in sorted(IMAGES.glob("*.png")):
        with Image.open(path) as image:
            left, top = ((length - SIDE) // 2 for length in image.size)
            image.crop((left, top, left + SIDE, top + SIDE)).save(folder / path.name)
    return folder


def test_every_task_has_weights_inside() -> None:
    assert {entry.task for entry in EMBEDDED if entry.default} == set(TASKS)
    scales = [entry.level for entry in EMBEDDED if entry.task == "upscale"]
    assert sorted(filter(None, scales)) == [2, 3, 4]


def test_the_package_stays_small() -> None:
    sizes = [entry.size or 0 for entry in EMBEDDED]
    assert max(sizes) <= 12.0e6
    assert sum(sizes) <= 64.0e6


@pytest.mark.parametrize("entry", EMBEDDED, ids=lambda entry: entry.id)
def test_damage_is_repaired(entry: WeightsEntry, crops: Path) -> None:
    kind = kind_of(entry)
    given, restored = scores(entry, kind.damage, crops)
    assert restored.psnr > given.psnr + kind.gain


# Every input of the others needs it.
OPTIONAL = [entry for entry in EMBEDDED if kind_of(entry).nothing]


@pytest.mark.parametrize("entry", OPTIONAL, ids=lambda entry: entry.id)
def test_what_needs_nothing_is_left_alone(entry: WeightsEntry, crops: Path) -> None:
    kind = kind_of(entry)
    assert scores(entry, kind.nothing, crops)[1].psnr_to_input > kind.harmless


REAL = [entry for entry in EMBEDDED if entry.task == "denoise" and not entry.white_noise]


@pytest.mark.parametrize("shot", SHOTS)
@pytest.mark.parametrize("entry", REAL, ids=lambda entry: entry.id)
def test_of_real_noise_more_is_taken_the_more_is_told(entry: WeightsEntry, crops: Path, shot: str) -> None:
    clean = as_image(read_pixels(crops / "dog.png"))
    gray = entry.model.channels == 1
    noisy, _ = damage(shot, clean, 0, Generator().manual_seed(1), gray=gray)
    network = load_network(entry)
    taken = []
    for level in (0, 1, 2, 4, 16):
        restored = Restorer.from_network(network, entry.model, level=level)(noisy)
        taken.append(255 * (restored - noisy).square().mean().sqrt().item())
    assert taken[:4] == sorted(taken[:4])
    assert taken[0] < 0.25
    assert taken[-1] > max(1.5, 0.8 * max(taken))  # told more than there is, about all is taken
