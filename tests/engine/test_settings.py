"""What a Restorer takes as options from Python: numbers of numpy too, devices of torch, and no nonsense."""

import json
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

import restorecli
from restorecli import Restorer
from restorecli.errors import UsageError
from restorecli.images import Image
from restorecli.networks.identity import Identity
from restorecli.settings import Settings, SettingsOptions
from restorecli.spec import ModelSpec
from restorecli.tasks import TASKS

PICTURE = Image.from_array(np.zeros((40, 40, 3), np.uint8))


def test_editors_are_told_every_option():
    levels = {task.level.name for task in TASKS.values() if task.level is not None}
    names = {field.name for field in fields(Settings)}
    assert set(SettingsOptions.__annotations__) == names | levels


def test_a_pillow_image_comes_back_as_one():
    for mode in ("L", "RGB", "RGBA"):
        picture = Pillow.new(mode, (20, 10), 90)
        result = restorecli.restore(picture, model="identity")
        assert isinstance(result, Pillow.Image)
        assert (result.mode, result.tobytes()) == (mode, picture.tobytes())
    with pytest.raises(UsageError, match="mode P"):
        restorecli.restore(Pillow.new("P", (4, 4)), model="identity")


def test_what_is_said_twice_is_an_error():
    with pytest.raises(TypeError, match="strength"):
        Restorer("denoise", model="identity", settings=Settings(), strength=0.5)
    with pytest.raises(TypeError, match="sigma"):
        Restorer.from_network(Identity(), ModelSpec("identity"), sigma=5)


def test_numbers_of_numpy_are_numbers():
    restorer = Restorer(
        "denoise",
        model="identity",
        sigma=np.float32(25),
        tile=np.int64(16),
        overlap=np.int64(4),
        batch=np.uint8(2),
        strength=np.float64(0.5),
        device=torch.device("cpu"),
    )
    report = restorer.restore_image(PICTURE).report
    assert report.tiles > 1
    assert json.loads(json.dumps(asdict(report)))["level"] == 25


def test_a_level_is_of_its_own_kind():
    assert type(Restorer("dejpeg", model="identity", quality=np.int64(40)).level) is int
    with pytest.raises(UsageError, match=r"quality 40\.5"):
        Restorer("dejpeg", model="identity", quality=40.5)  # type: ignore[arg-type] - what is tested


@pytest.mark.parametrize(
    "options",
    [
        {"strength": "half"},
        {"strength": None},
        {"device": None},
        {"sigma": float("nan")},
        {"sigma": "25"},
        {"tile": 1.5},
        {"batch": True},
    ],
)
def test_nonsense_is_a_usage_error(options: dict[str, Any]):
    with pytest.raises(UsageError):
        Restorer("denoise", model="identity", **options)


@pytest.mark.parametrize("source", [None, 3, [[1, 2]]])
def test_what_is_no_image_is_a_usage_error(source: Any):
    with pytest.raises(UsageError, match="cannot restore"):
        restorecli.restore(source, model="identity")
