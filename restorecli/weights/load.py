"""A row of weights.toml to its network. Strict: a file that is not exactly what the row says is refused."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save
from torch import Tensor, nn

from ..errors import WeightsError
from ..networks import NETWORKS
from ..spec import WeightsEntry
from ..wording import reason
from .convert import convert, first, read_checkpoint, shape_words
from .store import Stored, located, remedy


def load_network(entry: WeightsEntry) -> nn.Module:
    """The network of a row with its weights: float32, in eval mode, without gradients.

    What the row names on the Hub or at an address is fetched if it is not here yet.
    """
    if entry.source == "none":
        network = build_network(entry)
    else:
        path, sha256 = _found(entry)
        network = build_network(entry)
        fill(network, read_state(path, entry, sha256), path.name)
    return network.eval().requires_grad_(False)


def _found(entry: WeightsEntry) -> tuple[Path, str | None]:
    """The safetensors file of a row, and the sha256 that it must have."""
    found = located(entry)
    if found is None:
        kept = _brought(entry)
        return kept.path, kept.sha256
    return found


def _brought(entry: WeightsEntry) -> Stored:
    """Weights that are not here yet, fetched and converted."""
    if entry.remote is None:
        raise WeightsError(
            f"{entry.id}: these weights are not here; their authors publish them at {entry.page}",
            hint=f"get the file there, then restore weights import {entry.id} FILE",
        )
    from .bring import bring  # the Hub's client, needed once for each weights

    return bring(entry, entry.remote)


def converted(entry: WeightsEntry, path: Path) -> bytes:
    """A file of the authors, or of ours, as one of ours: our names, float32, safetensors."""
    state = convert(read_checkpoint(path), entry.model.network, empty_network(entry), path.name)
    return save({key: tensor.clone() for key, tensor in state.items()})  # theirs may share memory


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


def empty_network(entry: WeightsEntry) -> nn.Module:
    """The network of a row for its keys and shapes only: nothing is allocated."""
    with torch.device("meta"):
        return build_network(entry)


def read_state(path: Path, entry: WeightsEntry, sha256: str | None) -> dict[str, Tensor]:
    """The tensors of a safetensors file, its sha256 checked where it is known."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{entry.id}: {path}: {reason(error)}", hint=remedy(entry)) from error
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise WeightsError(
            f"{entry.id}: {path} is not the file it should be (sha256 differs)", hint=remedy(entry)
        )
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
