"""A task that a photo does not seem to need says so; others say nothing, and nothing is measured for them."""

import numpy as np
import pytest
from PIL import Image as Pillow

from restorecli.engine import caution
from restorecli.engine.caution import cautions
from restorecli.engine.restorer import Restorer
from restorecli.images import Image
from restorecli.networks.identity import Identity
from restorecli.registry import PACKAGE
from restorecli.spec import ModelSpec


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


def test_a_sharp_photo_is_not_to_be_deblurred():
    (note,) = cautions("deblur", Image.from_array(photo()))
    assert note.startswith("the photo looks sharp already")
    assert not cautions("deblur", Image.from_array(soft()))


def test_rain_hides_in_noise():
    (note,) = cautions("derain", Image.from_array(noisy()))
    assert "which hides rain: restore denoise first" in note
    assert not cautions("derain", Image.from_array(photo()))


@pytest.mark.parametrize("task", ["denoise", "dejpeg", "demosaic", "upscale"])
def test_other_tasks_measure_nothing(task, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(caution, "is_sharp", None)
    monkeypatch.setattr(caution, "noise_sigma", None)
    assert not cautions(task, Image.from_array(noisy()))


def test_the_note_is_in_the_report():
    restorer = Restorer.from_network(Identity(), ModelSpec("passing", halo=0), task="deblur")
    (note,) = restorer.restore_image(Image.from_array(photo())).report.notes
    assert "sharp already" in note
    assert not restorer.restore_image(Image.from_array(soft())).report.notes
