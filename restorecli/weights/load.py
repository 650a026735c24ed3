"""A row of weights.toml to its network. Strict: a file that is not exactly what the row says is refused.

    load_network(entry)     what is here is loaded; what is not is brought first
    bring(entry, remote)    fetched, and taken
    take(entry, file)       proved, converted and kept

Files of others become ours in convert.py; where a row's file lies, and what is kept, store.py knows.
"""

import hashlib
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save
from torch import Tensor, nn

from ..errors import OutOfMemoryError, WeightsError
from ..networks import NETWORKS
from ..proof import digest
from ..spec import Remote, WeightsEntry
from ..wording import reason
from . import store
from .convert import as_float32, check_fit, convert, read_checkpoint, reason_of
from .store import Stored

MOST_PARAMETERS = 1_000_000_000  # of a network: 4 GB; the largest published one has 60 million


def load_network(entry: WeightsEntry) -> nn.Module:
    """The network of a row with its weights: float32, in eval mode, without gradients.

    What the row names on the Hub or at an address is fetched if it is not here yet.
    """
    if entry.source == "none":
        network = build_network(entry)
    else:
        path, sha256 = store.located(entry) or _brought(entry)
        network = build_network(entry)
        fill(network, read_state(path, entry, sha256), path.name)
    return network.eval().requires_grad_(False)


def _brought(entry: WeightsEntry) -> tuple[Path, str]:
    """Weights that are not here yet: their file, once it is, and its sha256."""
    if entry.remote is None:
        raise WeightsError(
            f"{entry.id}: these weights are not here; their authors publish them at {entry.page}",
            hint=f"get the file there, then restore weights import {entry.id} FILE",
        )
    kept = bring(entry, entry.remote)
    return kept.path, kept.sha256


def bring(
    entry: WeightsEntry, remote: Remote, *, progress: Callable[[int, int | None], None] | None = None
) -> Stored:
    """Fetches the file of a row and keeps it converted; what was downloaded is not kept a second time."""
    from ..hub.fetching import fetch, forget  # the Hub's client, needed once for each weights

    try:
        kept = take(entry, fetch(remote, progress=progress))
    except WeightsError:
        # Another process may have fetched and stored the same, and tidied up while we were about to read.
        kept = store.record(entry)
        if kept is None:
            raise
    forget(remote)
    return kept


def take(entry: WeightsEntry, raw: Path, *, origin: str | None = None, unproved: bool = False) -> Stored:
    """Proves and converts a file, and keeps the result.

    `origin` says where the file came from, if not from where the row points. `unproved` takes one whose keys
    and shapes fit although it is not the one that the row's hash means. Raises WeightsError, and leaves
    nothing behind, where the file is not what the row says.
    """
    try:
        source = digest(raw)
    except OSError as error:
        raise WeightsError(f"{entry.id}: {raw}: {reason(error)}") from error
    content = converted(entry, raw)
    if store.is_pinned(entry) and store.prove(entry, source) == store.KEYS and not unproved:
        pinned = store.SHA256 if entry.sha256 else store.GIT_BLOB
        raise WeightsError(
            f"{entry.id}: {raw.name} fits the network, but is not the file that the list means: "
            f"its {pinned} differs",
            hint="--unproved takes it all the same" if origin else None,
        )
    return store.keep(entry, content, source, origin or store.address(entry), unproved=unproved)


def converted(entry: WeightsEntry, path: Path) -> bytes:
    """A file of the authors, or of ours, as one of ours: our names, float32, safetensors."""
    state = convert(read_checkpoint(path), entry.model.network, empty_network(entry), path.name)
    return save({key: tensor.clone() for key, tensor in state.items()})  # theirs may share memory


def build_network(entry: WeightsEntry) -> nn.Module:
    """The network of a row, not yet filled."""
    if entry.source != "embedded":
        empty_network(entry)  # refuses what could not be built, or would take all memory
    try:
        return _class(entry)(**entry.model.params)
    except (MemoryError, RuntimeError) as error:
        raise OutOfMemoryError(f"{entry.id}: not enough memory for its network") from error


def empty_network(entry: WeightsEntry) -> nn.Module:
    """The network of a row for its keys and shapes only: nothing is allocated."""
    fits = f"{entry.id}: params do not fit the network {entry.model.network}"
    try:
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that an empty layer cannot be filled
            network = _class(entry)(**entry.model.params)
    except WeightsError:
        raise
    except Exception as error:  # whatever goes wrong: params are the user's
        raise WeightsError(f"{fits}: {reason_of(error)}") from error
    sizes = [parameter.numel() for parameter in network.parameters()]
    if 0 in sizes:
        raise WeightsError(f"{fits}: a layer would be empty")
    if sum(sizes) > MOST_PARAMETERS:
        raise WeightsError(f"{fits}: it would have {sum(sizes):.2g} parameters")
    return network


def _class(entry: WeightsEntry) -> type[nn.Module]:
    name = entry.model.network
    if name not in NETWORKS:
        raise WeightsError(
            f"{entry.id}: there is no network {name!r}", hint=f"networks: {', '.join(NETWORKS)}"
        )
    return NETWORKS[name]


def read_state(path: Path, entry: WeightsEntry, sha256: str | None) -> dict[str, Tensor]:
    """The tensors of a safetensors file, its sha256 checked where it is known."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{entry.id}: {path}: {reason(error)}", hint=store.remedy(entry)) from error
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise WeightsError(
            f"{entry.id}: {path} is not the file it should be (sha256 differs)", hint=store.remedy(entry)
        )
    try:
        return load_safetensors(data)
    except SafetensorError as error:
        raise WeightsError(f"{entry.id}: {path} is not a safetensors file: {error}") from error


def fill(network: nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    """Puts the tensors into the network, in float32; WeightsError unless keys, shapes and values fit."""
    wanted = network.state_dict()
    shapes = {key: tuple(tensor.shape) for key, tensor in wanted.items()}
    state = dict(sorted(state.items()))  # safetensors gives them in any order
    check_fit(state, shapes, name, missing=[key for key in wanted if key not in state])
    tensors = {
        key: as_float32(tensor, key, name) if tensor.is_floating_point() else tensor
        for key, tensor in state.items()
    }
    network.load_state_dict(tensors, strict=True)
