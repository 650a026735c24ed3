"""Muon: a step that moves every direction of a matrix alike."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator, Tensor, nn
from training_tools import RECIPE, make_project

from restorecli.networks.compact import Compact
from restorecli.train.muon import Muon, matrices, orthogonal
from restorecli.train.recipe import Schedule, load_recipe
from restorecli.train.training import build_network, build_optimisers


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=Generator().manual_seed(seed))


@given(st.integers(2, 24), st.integers(2, 24), st.integers(1, 3), st.integers(0, 999), st.floats(1e-6, 1e6))
def test_directions_stay_and_their_sizes_become_alike(rows, columns, count, seed, size):
    given_matrices = size * random(count, rows, columns, seed=seed)
    u, values, vt = torch.linalg.svd(given_matrices, full_matrices=False)
    seen = u.mT @ orthogonal(given_matrices) @ vt.mT  # diagonal, were it not for 16 bits
    sizes = seen.diagonal(dim1=1, dim2=2)
    strong = values > 0.1 * values.amax(1, keepdim=True)
    assert sizes[strong].min() > 0.5
    assert sizes.max() < 1.35
    assert (seen - torch.diag_embed(sizes)).abs().max() < 0.1


@pytest.mark.parametrize("shape", [(16, 64, 1, 1), (64, 16, 1, 1), (16, 8, 2, 2)])
def test_steps_are_as_large_as_those_of_adamw(shape):
    parameter = nn.Parameter(torch.zeros(shape))
    parameter.grad = 1e-4 * random(*shape)
    Muon([parameter], lr=1e-2).step()
    assert 0.15 < parameter.detach().square().mean().sqrt() / 1e-2 < 0.25
    assert (parameter * parameter.grad).sum() < 0


def test_it_finds_a_matrix_that_plain_descent_finds_slowly():
    """Least squares with inputs of very different strength."""
    strengths = torch.logspace(0, -2, 12)
    inputs, true = random(256, 12, seed=1) * strengths, random(12, 12, seed=2)
    left: dict[type, float] = {}
    for kind in (Muon, torch.optim.SGD):
        weight = nn.Parameter(torch.zeros(12, 12))
        optimiser = kind([weight], lr=0.1, momentum=0.9)
        for step in range(300):
            for group in optimiser.param_groups:
                group["lr"] = 0.1 * (1 - step / 300)
            optimiser.zero_grad()
            (inputs @ (weight - true).T).square().mean().backward()
            optimiser.step()
        left[kind] = (weight - true).square().mean().item()
    assert left[Muon] < 0.05 * left[torch.optim.SGD]


def test_every_parameter_learns_by_one_of_the_two():
    network = Compact(width=4, encoder=[1, 1], middle=1, decoder=[1, 1])
    adamw, muon = build_optimisers(network, Schedule(muon=True))
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    by_adamw, by_muon = (
        [names[id(p)] for group in optimiser.param_groups for p in group["params"]]
        for optimiser in (adamw, muon)
    )
    assert sorted(by_adamw + by_muon) == sorted(names.values())
    assert "middle.0.spatial_in.weight" in by_muon
    assert "downs.0.weight" in by_muon
    assert {"intro.weight", "ending.weight", "middle.0.spatial.weight", "steer.weight"} <= set(by_adamw)
    assert not any(name.endswith(("bias", "scale")) for name in by_muon)
    (only,) = build_optimisers(network, Schedule())
    assert len(only.param_groups[0]["params"]) == len(names)


def test_a_recipe_chooses_it(tmp_path):
    recipe = load_recipe(make_project(tmp_path, RECIPE.replace("[schedule]", "[schedule]\nmuon = true")))
    network = build_network(recipe)
    muon = build_optimisers(network, recipe.schedule)[1]
    assert isinstance(muon, Muon)
    assert len(muon.param_groups[0]["params"]) == len(matrices(network)) > 0
