"""Weights files as their authors saved them, for tests."""

from pathlib import Path

import torch
from parity_fill import published_state
from safetensors.torch import save_file
from torch import Tensor

from restorecli.networks import NETWORKS
from restorecli.spec import ModelSpec

FORMATS = ("before 1.6", "zip", "safetensors")


def formula_state(model: ModelSpec) -> dict[str, Tensor]:
    """The authors' state_dict for a row's network, filled from formulas."""
    with torch.device("meta"):
        network = NETWORKS[model.network](**model.params)
    return published_state(model.network, network)


def save(state: dict[str, Tensor], path: Path, how: str) -> Path:
    """`how`: one of FORMATS."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if how == "safetensors":
        path = path.with_suffix(".safetensors")
        save_file({key: tensor.clone() for key, tensor in state.items()}, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=how == "zip")
    return path
