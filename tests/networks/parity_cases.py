"""What each recorded case computes: "<variant>/<case>", as in "panet-DN_RGB/r4_40x56"."""

from dataclasses import replace

import torch
from parity_fill import feature, image
from parity_variants import build, params_of, size_of
from torch import Tensor

from restorecli.networks.dagl import pad_same
from restorecli.ops.ensemble import ensemble8
from restorecli.ops.windows import PAPER_WINDOWS, QuadTree, in_quad_tree

TASKS = {"CAR": "dejpeg", "Demosaic": "demosaic"}


def tree_of(variant: str) -> QuadTree:
    family, task = variant.split("-")
    if variant == "dagl-DN_Real":
        # Recorded with a function of the authors' that their test command does not use.
        return replace(PAPER_WINDOWS["dagl", "demosaic"], smaller_than=70000)
    name = "paedsr" if variant.startswith("panet-SR") else family
    return PAPER_WINDOWS[name, "upscale" if "SR" in task else TASKS.get(task, "denoise")]


def compute(variant: str, case: str, dtype: torch.dtype, **changes: object) -> Tensor:
    """The case's output, from weights and input made of formulas."""
    kind, *_ = case.split("_")
    if "TLC" in case:
        changes["local_pooling"] = 32
    height, width = size_of(case.removesuffix("_modern"))
    module_case = kind in ("att", "nonlocal", "ce", "ces")
    depth = {"nonlocal": "g3"}.get(kind, "r4") if module_case else kind
    network = build(variant, depth, **changes).to(dtype)
    with torch.inference_mode():
        if module_case:
            return _module(network, kind, 2 if "_b2_" in case else 1, height, width, dtype)
        params = params_of(variant)[1]
        value_range = 255 if variant.startswith("rnan") else 1
        x = image(2 if "_b2_" in case else 1, params.get("colors", 3), height, width, value_range).to(dtype)
        if "_chop_" in case:
            return in_quad_tree(network, x, tree_of(variant), params.get("scale", 1))
        if "_x8_" in case:
            return ensemble8(network, x)
        return network(x)


def _module(
    network: torch.nn.Module, kind: str, batch: int, height: int, width: int, dtype: torch.dtype
) -> Tensor:
    features: int = network.get_parameter("head.weight").shape[0]
    x = feature(batch, features, height, width)
    if kind == "att":
        # Features of size 1/2 by an exact power of two, like the recorded ones.
        return network.get_submodule("attention")((x * 0.5).to(dtype))
    x = x.to(dtype)
    if kind == "nonlocal":
        return network.get_submodule("low.mask.attention")(x)
    if kind == "ces":
        return network.get_submodule("graph")(x)
    return network.get_submodule("graph.0.heads.0")(x, pad_same(x, 4))
