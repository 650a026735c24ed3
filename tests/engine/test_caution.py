"""A task that a photo does not seem to need says so; others say nothing, and nothing is measured for them."""

import numpy as np
import pytest
from PIL import Image as Pillow

from restorecli.engine.restorer import Restorer
from restorecli.images import Image
from restorecli.networks.identity import Identity
from restorecli.registry import PACKAGE
from restorecli.spec import ModelSpec
from restorecli.tasks import TASKS, part


def photo() -> np.ndarray:
    with Pillow.open(PACKAGE / "data" / "images" / "coffee.png") as image:
        return np.array(image.convert("RGB"))


def soft() -> np.ndarray:
    height, width = photo().shape[:2]
    small = Pillow.fromarray(photo()).resize((width // 4, height // 4), Pillow.Resampling.BOX)
    return np.array(small.resize((width, height), Pillow.Resampling.BICUBIC))


def noisy() -> np.ndarray:
    noise = 20 * np.random.default_rng(0).standard_normal(photo().shape)
    return np.clip(photo() + noise, 0, 255).astype(np.uint8)


def caution(task: str, pixels: np.ndarray) -> str | None:
    return part(TASKS[task].caution)(pixels)


def test_a_sharp_photo_is_not_to_be_deblurred():
    assert (caution("deblur", photo()) or "").startswith("the photo looks sharp already")
    assert caution("deblur", soft()) is None


def test_rain_hides_in_noise():
    assert "which hides rain: restore denoise first" in (caution("derain", noisy()) or "")
    assert caution("derain", photo()) is None


@pytest.mark.parametrize("task", ["denoise", "dejpeg", "demosaic", "upscale"])
def test_other_tasks_measure_nothing(task: str):
    assert not TASKS[task].caution


def test_the_note_is_in_the_report():
    restorer = Restorer.from_network(Identity(), ModelSpec("passing", halo=0), task="deblur")
    (note,) = restorer.restore_image(Image.from_array(photo())).report.notes
    assert "sharp already" in note
    assert not restorer.restore_image(Image.from_array(soft())).report.notes
