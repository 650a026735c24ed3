"""A row of weights.toml to its network. Strict: a file that is not exactly what the row says is refused."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

from ..errors import WeightsError
from ..networks import NETWORKS
from ..registry import LISTING, REINSTALL, weights_path
from ..spec import WeightsEntry
from .convert import first, shape_words


def load_network(entry: WeightsEntry) -> nn.Module:
    """The network of a row with its weights: float32, in eval mode, without gradients."""
    network = build_network(entry)
    path = weights_path(entry)
    if path is not None:
        fill(network, read_state(path, entry), path.name)
    return network.eval().requires_grad_(False)


def build_network(entry: WeightsEntry) -> nn.Module:
    """The network of a row, not yet filled."""
    name = entry.model.network
    if name not in NETWORKS:
        raise WeightsError(
            f"{entry.id}: there is no network {name!r}", hint=f"networks: {', '.join(NETWORKS)}"
        )
    try:
        return NETWORKS[name](**entry.model.params)
    except TypeError as error:
        raise WeightsError(f"{entry.id}: params do not fit the network {name}: {error}") from error


def read_state(path: Path, entry: WeightsEntry) -> dict[str, Tensor]:
    """The tensors of a safetensors file, its sha256 checked where the row has one."""
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = REINSTALL if entry.source == "embedded" else LISTING
        raise WeightsError(f"{entry.id}: {path}: {reason}", hint=hint) from error
    if entry.sha256 is not None and hashlib.sha256(data).hexdigest() != entry.sha256:
        hint = REINSTALL if entry.source == "embedded" else None
        raise WeightsError(f"{entry.id}: {path} is not the file it should be (sha256 differs)", hint=hint)
    try:
        return load_safetensors(data)
    except SafetensorError as error:
        raise WeightsError(f"{entry.id}: {path} is not a safetensors file: {error}") from error


def fill(network: nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    """Puts the tensors into the network, in float32; WeightsError unless keys, shapes and values fit."""
    wanted = network.state_dict()
    problems = {
        "missing": [key for key in wanted if key not in state],
        "unexpected": sorted(key for key in state if key not in wanted),
        "misshapen": [
            f"{key} {shape_words(state[key].shape)} for {shape_words(tensor.shape)}"
            for key, tensor in wanted.items()
            if key in state and state[key].shape != tensor.shape
        ],
    }
    found = "; ".join(f"{kind}: {first(keys)}" for kind, keys in problems.items() if keys)
    if found:
        raise WeightsError(f"{name} does not fit its network: {found}")
    for key, tensor in state.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise WeightsError(f"{name}: {key} holds values that are not finite")
    network.load_state_dict({key: _as_float32(tensor) for key, tensor in state.items()}, strict=True)


def _as_float32(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor
