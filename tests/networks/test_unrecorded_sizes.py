"""Whole networks on sizes, batches and scales of which no output was recorded, against the description."""

from collections.abc import Callable
from typing import Any

import parity_text
import pytest
import torch
from parity_fill import image, published_state
from parity_variants import build, params_of
from torch import Tensor

from restorecli.networks import NETWORKS

Twin = Callable[[parity_text.State, Tensor, dict[str, Any]], Tensor]
TWINS: dict[str, Twin] = {
    "panet": lambda state, x, params: parity_text.panet(state, x, params["blocks"]),
    "paedsr": lambda state, x, params: parity_text.paedsr(state, x, params["blocks"], params["scale"]),
    "rnan": lambda state, x, params: parity_text.rnan(state, x, params["groups"], params.get("scale", 1)),
    "dagl": lambda state, x, params: parity_text.dagl(state, x, params["blocks"]),
}


def against_the_text(variant: str, depth: str, size: tuple[int, int]) -> None:
    name, params = params_of(variant, depth)
    with torch.device("meta"):
        plain = NETWORKS[name](**params)
    state = {key: tensor.double() for key, tensor in published_state(name, plain).items()}
    x = image(2, params.get("colors", 3), *size, value_range=255 if name == "rnan" else 1).double()
    with torch.inference_mode():
        expected = TWINS[name](state, x, params)
        result = build(variant, depth).double()(x)
    assert (result - expected).abs().max() <= 1e-9 * expected.abs().max()


@pytest.mark.parametrize(
    ("variant", "depth", "size"),
    [
        ("panet-CAR", "r4", (11, 23)),
        ("panet-DN_RGB", "r4", (2, 3)),
        ("rnan-DN_Gray", "g3", (6, 34)),
        ("rnan-SR_x3", "g3", (6, 10)),
        ("dagl-DN_Gray", "r4", (12, 16)),  # by the remainders of 4: patches are pasted 2, 0, 1, 1 off
        ("dagl-DN_Real", "r4", (9, 14)),
        ("dagl-DN_Gray", "r4", (7, 3)),
        ("dagl-CAR", "r4", (1, 1)),
    ],
)
def test_equals_the_description(variant: str, depth: str, size: tuple[int, int]) -> None:
    against_the_text(variant, depth, size)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "depth", "size"),
    [
        ("panet-SR_x3", "r4", (9, 13)),
        ("panet-DN_RGB", "r4", (31, 45)),
        ("rnan-SR_x3", "g3", (38, 26)),
        ("dagl-DN_Real", "r4", (21, 38)),
        ("dagl-Demosaic", "r4", (18, 23)),
    ],
)
def test_equals_the_description_at_larger_sizes(variant: str, depth: str, size: tuple[int, int]) -> None:
    against_the_text(variant, depth, size)
