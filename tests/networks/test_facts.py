"""The facts of networks, against the networks themselves and against what the rows say."""

import inspect
from typing import Any

import pytest
import torch
from torch import nn

from restorecli import registry
from restorecli.facts import FACTS, Facts, facts_of
from restorecli.networks import NETWORKS
from restorecli.read_rows import read_entries

SMALL_COMPACT = {"width": 4, "encoder": [1, 1], "middle": 1, "decoder": [1, 1]}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("identity", {}),
    ("local", {}),
    ("local", {"channels": 1, "unshuffle": 2, "scale": 3}),
    ("local", {"unshuffle": 4}),
    ("compact", {"width": 4}),
    ("compact", SMALL_COMPACT),
    ("compact", SMALL_COMPACT | {"channels": 1}),
    ("compact", SMALL_COMPACT | {"mosaic": True}),
    ("compact", {"width": 4, "encoder": [1], "middle": 1, "decoder": [1], "shuffle": 1, "scale": 3}),
    ("panet", {"blocks": 2}),
    ("panet", {"blocks": 2, "colors": 1}),
    ("paedsr", {"blocks": 2, "features": 8}),
    ("paedsr", {"blocks": 2, "features": 8, "scale": 4}),
    ("rnan", {"groups": 2, "features": 8}),
    ("rnan", {"groups": 2, "features": 8, "colors": 1}),
    ("rnan", {"groups": 2, "features": 8, "scale": 3}),
    ("dagl", {"blocks": 2}),
    ("dagl", {"blocks": 2, "colors": 1}),
    ("mhnet", {"width": 8, "group": 1, "encoder": [1, 1, 1, 1]}),
]
WITH_CASES = pytest.mark.parametrize(("name", "params"), CASES)

pytestmark = pytest.mark.usefixtures("one_thread")


def build(name: str, params: dict[str, Any]) -> tuple[nn.Module, Facts]:
    torch.manual_seed(0)
    return NETWORKS[name](**params).eval(), facts_of(name, params)


def works(network: nn.Module, facts: Facts, height: int, width: int) -> bool:
    try:
        y = network(torch.rand(1, facts.channels, height, width))
    except RuntimeError:
        return False
    return y.shape == (1, facts.channels, height * facts.scale, width * facts.scale)


def test_every_network_has_facts_and_cases() -> None:
    assert list(FACTS) == list(NETWORKS), "add to FACTS in restorecli/facts.py what follows from its params"
    assert {name for name, _ in CASES} == set(NETWORKS), "add to CASES in this file a small one"


@pytest.mark.parametrize("name", NETWORKS)
def test_defaults_are_those_of_the_class(name: str) -> None:
    of_class = inspect.signature(NETWORKS[name].__init__).parameters
    named = [p for p in inspect.signature(FACTS[name]).parameters.values() if p.name != "_"]
    assert {p.name: p.default for p in named} == {p.name: of_class[p.name].default for p in named}


@WITH_CASES
@torch.inference_mode()
def test_a_network_does_what_its_facts_say(name: str, params: dict[str, Any]) -> None:
    network, facts = build(name, params)
    step = facts.multiple_of
    assert works(network, facts, 2 * step, 3 * step)
    for off in {1, step // 2} - {0, step}:  # no smaller multiple does
        assert not works(network, facts, 2 * step + off, 3 * step)
        assert not works(network, facts, 2 * step, 3 * step + off)
    if name != "identity":
        with pytest.raises(RuntimeError):
            network(torch.rand(1, 4 - facts.channels, 2 * step, 3 * step))


@pytest.mark.parametrize("row", read_entries(registry.list_file()), ids=lambda row: row.id)
def test_every_row_says_the_same(row: Any) -> None:
    model = row.model
    assert facts_of(model.network, model.params) == Facts(model.channels, model.scale, model.multiple_of)


@pytest.mark.parametrize(
    ("name", "params"),
    [("nobody", {}), ("compact", {"encoder": 3}), ("compact", {"shuffle": "2"}), ("panet", {"colors": None})],
)
def test_what_fits_no_network_is_left_to_the_one_who_builds_it(name: str, params: dict[str, Any]) -> None:
    assert facts_of(name, params) == Facts()
