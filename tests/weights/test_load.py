"""A row of the list to its network: exactly what the row says, or a line that says what is wrong."""

import hashlib
from pathlib import Path

import pytest
import torch
from answering import choose
from safetensors.torch import save_file

from restorecli import registry
from restorecli.errors import WeightsError
from restorecli.networks import NETWORKS
from restorecli.spec import ModelSpec, WeightsEntry
from restorecli.weights.layouts import layout
from restorecli.weights.load import empty_network, load_network


@pytest.fixture
def row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """row(state, **changes) -> a row for the local network whose file holds these tensors."""
    monkeypatch.setattr(registry, "list_file", lambda: tmp_path / "weights.toml")

    def make(state: dict[str, torch.Tensor] | bytes, **changes) -> WeightsEntry:
        path = tmp_path / "local.safetensors"
        if isinstance(state, bytes):
            path.write_bytes(state)
        else:
            save_file(state, path)
        model = ModelSpec(network="local", params={"width": 4})
        return WeightsEntry(
            **{"id": "x", "task": "denoise", "model": model, "source": "file", "file": path.name} | changes
        )

    return make


def state(**changes: torch.Tensor | None) -> dict[str, torch.Tensor]:
    """The tensors of a small local network, filled anew; a change to None takes a key away."""
    torch.manual_seed(0)
    tensors = {key: torch.randn_like(value) for key, value in NETWORKS["local"](width=4).state_dict().items()}
    tensors |= {key.replace("_", "."): value for key, value in changes.items() if value is not None}
    gone = [key.replace("_", ".") for key, value in changes.items() if value is None]
    return {key: value for key, value in tensors.items() if key not in gone}


def test_half_precision_becomes_float32_and_nothing_learns(row):
    stored = {key: value.half() for key, value in state().items()}
    network = load_network(row(stored))
    assert not network.training
    for key, value in network.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, stored[key].float())
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_identity_needs_no_file():
    entry, _ = choose("denoise", "identity")
    x = torch.rand(1, 3, 5, 7)
    assert torch.equal(load_network(entry)(x), x)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inner_weight": None}, "missing: inner.weight"),
        ({"extra": torch.zeros(1)}, "unexpected: extra"),
        ({"inner_bias": torch.zeros(5)}, "misshapen: inner.bias 5 for 4"),
        ({"inner_bias": None, "other": torch.zeros(1)}, "missing: inner.bias; unexpected: other"),
        ({f"key{n}": torch.zeros(1) for n in range(9)}, "unexpected: key0, key1, key2 and 6 more"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_key(row, changes: dict, message: str):
    with pytest.raises(WeightsError) as caught:
        load_network(row(state(**changes)))
    assert caught.value.message == f"local.safetensors does not fit its network: {message}"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_refused(row, value: float):
    with pytest.raises(WeightsError, match=r"inner\.bias holds values that are not finite"):
        load_network(row(state(inner_bias=torch.tensor([0, 0, value, 0]))))


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"\xff" * 100])
def test_what_is_no_safetensors_file_is_refused(row, content: bytes):
    with pytest.raises(WeightsError, match="is not a safetensors file"):
        load_network(row(content))


def test_a_file_that_is_cut_off_is_refused(row, tmp_path: Path):
    entry = row(state())
    whole = (tmp_path / "local.safetensors").read_bytes()
    (tmp_path / "local.safetensors").write_bytes(whole[:-1])
    with pytest.raises(WeightsError, match="is not a safetensors file"):
        load_network(entry)


def test_a_missing_file_says_what_to_type(row, tmp_path: Path):
    entry = row(state())
    (tmp_path / "local.safetensors").unlink()
    with pytest.raises(WeightsError, match="no such file") as caught:
        load_network(entry)
    assert caught.value.hint == "restore weights info x"


def test_the_sha256_must_be_right(row, tmp_path: Path):
    entry = row(state())
    digest = hashlib.sha256((tmp_path / "local.safetensors").read_bytes()).hexdigest()
    load_network(row(state(), sha256=digest))
    with pytest.raises(WeightsError, match="sha256 differs"):
        load_network(row(state(inner_bias=torch.zeros(4)), sha256=digest))
    assert entry.sha256 is None


def test_a_row_that_no_network_fits_is_refused(row):
    with pytest.raises(WeightsError, match="no network 'nothing'"):
        load_network(row(state(), model=ModelSpec(network="nothing")))
    with pytest.raises(WeightsError, match="params do not fit the network local"):
        load_network(row(state(), model=ModelSpec(network="local", params={"depth": 4})))


@pytest.mark.parametrize(
    ("network", "params", "why"),
    [
        ("local", {"width": 0}, "a layer would be empty"),
        ("local", {"width": 4.5}, "params do not fit"),
        ("local", {"unshuffle": 4096}, "parameters"),
        ("compact", {"width": 8, "decoder": [1]}, "params do not fit"),
        ("compact", {"width": 8, "shuffle": 2.5}, "params do not fit"),
        ("compact", {"width": 4096}, "parameters"),
        ("mhnet", {"encoder": []}, "params do not fit"),
    ],
)
def test_params_of_which_no_network_is_built(row, network: str, params: dict, why: str):
    with pytest.raises(WeightsError, match=why) as caught:
        load_network(row(state(), model=ModelSpec(network=network, params=params)))
    assert caught.value.message.startswith(f"x: params do not fit the network {network}: ")


EMBEDDED = [entry for entry in registry.entries() if entry.source == "embedded"]


@pytest.mark.parametrize("entry", EMBEDDED, ids=lambda entry: entry.id)
def test_every_embedded_row_loads(entry: WeightsEntry):
    network = load_network(entry)
    assert isinstance(network, NETWORKS[entry.model.network])


ELSEWHERE = [entry for entry in registry.entries() if entry.source != "embedded"]


@pytest.mark.parametrize("entry", ELSEWHERE, ids=lambda entry: entry.id)
def test_every_other_row_names_a_network_and_its_published_layout(entry: WeightsEntry):
    network = empty_network(entry)
    assert layout(entry.model.network, network).shapes(network)


def test_weights_got_by_hand_say_what_to_type():
    with pytest.raises(
        WeightsError, match="these weights are not here; their authors publish them"
    ) as caught:
        load_network(registry.find("mhnet-derain"))
    assert caught.value.hint == "get the file there, then restore weights import mhnet-derain FILE"
