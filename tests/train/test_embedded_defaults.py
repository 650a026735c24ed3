"""The weights that ship do what they are for, and leave alone what needs nothing."""

from pathlib import Path

import pytest

import restorecli
from restorecli.registry import choose
from restorecli.train.evaluate import Damage, Figure, evaluate
from restorecli.weights.load import load_network

IMAGES = Path(restorecli.__file__).parent / "data" / "images"
HARMLESS = 42.0  # dB between a photo that needs nothing and its result


def figure(task: str, damage: str) -> Figure:
    entry, _ = choose(task)
    (found,) = evaluate(load_network(entry), entry.model, [IMAGES], [Damage.parse(damage)])
    return found


@pytest.mark.parametrize(
    ("task", "damage", "gain"),
    [("denoise", "noise8:25", 8.0), ("denoise", "noise8:50", 9.0), ("dejpeg", "jpeg:10", 0.9)],
)
def test_damage_is_repaired(task, damage, gain):
    measured = figure(task, damage)
    assert measured.psnr > measured.psnr_damaged + gain


@pytest.mark.parametrize(("task", "damage"), [("denoise", "clean"), ("dejpeg", "jpeg:98")])
def test_what_needs_nothing_is_left_alone(task, damage):
    assert figure(task, damage).psnr_to_damaged > HARMLESS
