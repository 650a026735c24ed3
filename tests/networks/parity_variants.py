"""The published variants, by the names that the recorded outputs and lists of keys carry."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from parity_fill import published_state
from torch import nn

from restorecli.networks import NETWORKS
from restorecli.weights.convert import convert

# variant: (network, params at the published depth)
VARIANTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "panet-DN_RGB": ("panet", {"colors": 3}),
    "panet-CAR": ("panet", {"colors": 1}),
    "panet-Demosaic": ("panet", {"colors": 3}),
    **{f"panet-SR_x{scale}": ("paedsr", {"scale": scale}) for scale in (2, 3, 4)},
    "rnan-DN_RGB": ("rnan", {"colors": 3}),
    "rnan-DN_Gray": ("rnan", {"colors": 1}),
    "rnan-CAR": ("rnan", {"colors": 1}),
    "rnan-Demosaic": ("rnan", {"colors": 3}),
    **{f"rnan-SR_x{scale}": ("rnan", {"colors": 3, "scale": scale}) for scale in (2, 3, 4)},
    "dagl-DN_Gray": ("dagl", {"colors": 1}),
    "dagl-CAR": ("dagl", {"colors": 1}),
    "dagl-DN_Real": ("dagl", {"colors": 3}),
    "dagl-Demosaic": ("dagl", {"colors": 3, "blocks": 32}),
    "mhnet-Derain_Deblur": ("mhnet", {}),
}
# How a case's name changes the params: fewer blocks, or groups, or all of it smaller.
DEPTHS: Mapping[str, Mapping[str, Any]] = {
    "r4": {"blocks": 4},
    "g3": {"groups": 3},
    "small": {"width": 16, "group": 1, "encoder": (1, 1, 1, 2)},
}


def params_of(variant: str, depth: str = "full") -> tuple[str, dict[str, Any]]:
    name, params = VARIANTS[variant]
    return name, {**params, **DEPTHS.get(depth, {})}


def build(variant: str, depth: str = "full", **changes: object) -> nn.Module:
    """The variant's network, filled from the formulas through its published layout."""
    name, params = params_of(variant, depth)
    with torch.device("meta"):
        plain = NETWORKS[name](**params)
    state = convert(published_state(name, plain), name, plain, variant)
    network = NETWORKS[name](**params, **changes)
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


def size_of(case: str) -> tuple[int, int]:
    """The image's height and width, from the case's name."""
    found = re.search(r"(\d+)x(\d+)$", case)
    assert found is not None
    return int(found[1]), int(found[2])
