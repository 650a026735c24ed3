"""The authors' weights files to ours: formats, wrappers, names, aliases and leftovers.

Every key of a file is accounted for; what the files hold is said in layouts.py.

    state = convert(read_checkpoint(path), "panet", network, path.name)
    network.load_state_dict(state)
"""

import pickle
import re
import struct
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ..errors import WeightsError
from ..proof import head, is_web_page
from ..wording import reason
from .layouts import LAYOUTS, Layout, Shape, layout

WRAPPERS = ("state_dict", "params_ema", "params", "model")
NAMED = 3  # keys that a message names before it only counts
IN_A_BROWSER = "open the page in a browser, log in or confirm there, and save the file itself"
CUT_OFF = "if it is the right file, download it again: it may have been cut off"
# What torch.load raises, besides, for bytes that are no pickle of tensors.
NO_TENSORS = (
    ValueError, LookupError, TypeError, AttributeError, AssertionError, OverflowError, MemoryError,
    struct.error,
)  # fmt: skip


# ---- files ----


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file or of a .pt/.pth file of any PyTorch since 0.3, whatever its name.

    Pickles are read with weights_only=True: a file cannot run code.
    """
    try:
        start = head(path)
    except OSError as error:
        raise WeightsError(f"{path}: {reason_of(error)}") from error
    if is_web_page(start):
        raise WeightsError(f"{path} is a web page, not a weights file", hint=IN_A_BROWSER)
    try:
        if start[8:9] == b"{":  # safetensors: eight bytes that count those of the JSON object
            return load_file(path)
        with warnings.catch_warnings():
            # A pickle of an unusual protocol is warned of; it is read or refused all the same.
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = "it holds more than tensors, or is damaged"
        raise WeightsError(
            f"{path} is not a weights file that is safe to read: {reason}", hint=CUT_OFF
        ) from error
    except (SafetensorError, RuntimeError, EOFError, OSError) as error:
        raise WeightsError(f"{path} is not a weights file: {reason_of(error)}", hint=CUT_OFF) from error
    except NO_TENSORS as error:
        raise WeightsError(f"{path} is not a file of PyTorch or safetensors", hint=CUT_OFF) from error
    return unwrap(content, path.name)


def reason_of(error: Exception) -> str:
    """An error in one line."""
    if isinstance(error, OSError):
        return reason(error)
    return str(error).partition("\n")[0] or type(error).__name__


def unwrap(content: object, name: str) -> dict[str, Tensor]:
    """The state_dict inside {"state_dict": ...} and its like, without "module." before every key."""
    for wrapper in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
            break
    if not isinstance(content, Mapping) or not content:
        raise WeightsError(f"{name} holds no state_dict")
    strangers = [str(key) for key, value in content.items() if not isinstance(value, Tensor)]
    if strangers:
        raise WeightsError(f"{name} holds no state_dict: not tensors: {_first(strangers)}")
    prefixed = all(str(key).startswith("module.") for key in content)
    return {str(key).removeprefix("module.") if prefixed else str(key): t for key, t in content.items()}


# ---- one file, one network ----


def convert(state: Mapping[str, Tensor], name: str, network: nn.Module, source: str) -> dict[str, Tensor]:
    """The authors' state_dict as one of ours, in float32; WeightsError unless all of it is accounted for.

    `name` is the network's in NETWORKS. A state_dict that has our keys already is checked and passed on.
    """
    own = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    if state.keys() <= own.keys() or name not in LAYOUTS:
        theirs = Layout({key: key for key in own})
    else:
        theirs = layout(name, network)
        state = without_legacy_lists(state)
    found = {ours for key, ours in theirs.ours.items() if key in state}
    check_fit(
        state,
        theirs.shapes(network),
        source,
        # One of several copies of a tensor is enough, and what is not used need not be there.
        missing=[key for key, ours in theirs.ours.items() if ours not in found],
        others={
            "not of floating point": [key for key, value in state.items() if not value.is_floating_point()],
            "of another value": [
                key
                for key in theirs.unused
                if key.endswith("escape_NaN") and key in state and not _is_smallest_norm(state[key])
            ],
        },
    )
    result: dict[str, Tensor] = {}
    for key, ours in theirs.ours.items():
        if key not in state:
            continue
        tensor = as_float32(state[key], key, source)
        if ours in result and not torch.equal(result[ours], tensor):
            raise WeightsError(f"{source}: {key} differs from its other copies in the file")
        result[ours] = tensor
    return result


def check_fit(
    state: Mapping[str, Tensor],
    shapes: Mapping[str, Shape],
    source: str,
    missing: list[str],
    others: Mapping[str, list[str]] | None = None,
) -> None:
    """WeightsError unless the tensors have these keys and shapes: it names keys by what is wrong."""
    problems = {
        "missing": missing,
        "unexpected": [key for key in state if key not in shapes],
        "misshapen": [
            f"{key} {_shape_words(state[key].shape)} for {_shape_words(shape)}"
            for key, shape in shapes.items()
            if key in state and tuple(state[key].shape) != shape
        ],
        **(others or {}),
    }
    found = "; ".join(f"{kind}: {_first(keys)}" for kind, keys in problems.items() if keys)
    if found:
        raise WeightsError(f"{source} does not fit its network: {found}")


def as_float32(tensor: Tensor, key: str, source: str) -> Tensor:
    tensor = tensor.detach().float().contiguous()
    if not torch.isfinite(tensor).all():
        raise WeightsError(f"{source}: {key} holds values that are not finite")
    return tensor


def _is_smallest_norm(tensor: Tensor) -> bool:
    # The patch attention has this constant built in.
    return bool(torch.allclose(tensor.double(), torch.tensor(1e-4, dtype=torch.float64)))


def _shape_words(shape: Shape) -> str:
    return "x".join(str(length) for length in shape) or "scalar"


def _first(keys: list[str]) -> str:
    more = len(keys) - NAMED
    return ", ".join(keys[:NAMED]) + (f" and {more} more" if more > 0 else "")


def without_legacy_lists(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """PANet's older code had five of these layers and used the second for all: that one, by its new name."""
    result: dict[str, Tensor] = {}
    for key, tensor in state.items():
        found = re.fullmatch(r"(.*\.conv_(?:match|assembly))\.([0-4])(\.[01]\.(?:weight|bias))", key)
        if found is None:
            result[key] = tensor
        elif found[2] == "1":
            result[found[1] + found[3]] = tensor
    return result
