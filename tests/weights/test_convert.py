"""The authors' files: every format, every wrapper, every alias; and every refusal."""

import pickle
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from restorecli.errors import WeightsError
from restorecli.networks import NETWORKS
from restorecli.weights.convert import convert, read_checkpoint
from restorecli.weights.layouts import layout

SMALL = {
    "panet": {"blocks": 4},
    "paedsr": {"blocks": 4, "features": 32, "scale": 4},
    "rnan": {"groups": 3, "features": 16, "scale": 3},
    "dagl": {"blocks": 4, "colors": 1},
    "mhnet": {"width": 8, "group": 1, "encoder": (1, 1, 1, 2)},
}


def network_of(name: str) -> nn.Module:
    torch.manual_seed(3)
    return NETWORKS[name](**SMALL[name])


def published(name: str, network: nn.Module) -> dict[str, Tensor]:
    """The authors' state_dict for our network's values."""
    theirs, own = layout(name, network), network.state_dict()
    state = {key: torch.zeros(shape) for key, shape in theirs.unused.items()}
    state |= {key: own[ours].clone() for key, ours in theirs.ours.items()}
    return {key: torch.full((1,), 1e-4) if "escape_NaN" in key else tensor for key, tensor in state.items()}


def assert_same(a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    assert a.keys() == b.keys()
    assert all(torch.equal(a[key], b[key]) for key in a)


class OldTensor:
    """Pickles like a tensor of PyTorch 0.3."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor

    def __reduce__(self) -> tuple[object, ...]:
        storage = torch.storage.TypedStorage(
            wrap_storage=self.tensor.untyped_storage(), dtype=self.tensor.dtype, _internal=True
        )
        return torch._utils._rebuild_tensor, (storage, 0, tuple(self.tensor.shape), self.tensor.stride())


def save(state: dict[str, Tensor], path: Path, how: str) -> Path:
    if how == "safetensors":
        save_file(
            {key: tensor.contiguous() for key, tensor in state.items()}, path.with_suffix(".safetensors")
        )
        return path.with_suffix(".safetensors")
    content: object = state
    if how == "pytorch 0.3":
        content = {key: OldTensor(tensor) for key, tensor in state.items()}
    if how == "wrapped":
        prefixed = {f"module.{key}": tensor for key, tensor in state.items()}
        content = {"epoch": 7, "state_dict": prefixed, "optimizer": {"lr": 0.1}}
    torch.save(content, path, _use_new_zipfile_serialization=how in ("zip", "wrapped"))
    return path


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("how", ["zip", "before 1.6", "pytorch 0.3", "wrapped", "safetensors"])
def test_file_to_network_and_back(name: str, how: str, tmp_path: Path) -> None:
    network = network_of(name)
    state = read_checkpoint(save(published(name, network), tmp_path / "model.pt", how))
    converted = convert(state, name, network, "model.pt")
    assert_same(converted, dict(network.state_dict()))
    # Our own safetensors go the same way, and come back the same.
    save_file(converted, tmp_path / "ours.safetensors")
    again = convert(read_checkpoint(tmp_path / "ours.safetensors"), name, network, "ours.safetensors")
    network_of(name).load_state_dict(again, strict=True)
    assert_same(again, converted)


@pytest.mark.parametrize("name", SMALL)
def test_published_names_are_one_to_one(name: str) -> None:
    network = network_of(name)
    shapes = layout(name, network).shapes(network)
    assert shapes.keys() == published(name, network).keys()
    assert set(layout(name, network).ours.values()) == network.state_dict().keys()


@pytest.mark.parametrize("name", SMALL)
def test_every_missing_key_is_named(name: str) -> None:
    """Leave out any one tensor that the network uses, with all its copies."""
    network = network_of(name)
    state, theirs = published(name, network), layout(name, network)
    own = sorted(set(theirs.ours.values()))
    for ours in own[:: max(1, len(own) // 12)]:
        copies = [key for key, value in theirs.ours.items() if value == ours]
        partial = {key: tensor for key, tensor in state.items() if key not in copies}
        with pytest.raises(WeightsError, match=re.escape(f"missing: {copies[0]}")):
            convert(partial, name, network, "file.pt")


@pytest.mark.parametrize("name", SMALL)
def test_unexpected_and_misshapen_keys_are_named(name: str) -> None:
    network = network_of(name)
    state = published(name, network)
    with pytest.raises(WeightsError, match=r"^file\.pt does not fit its network: unexpected: extra\.weight"):
        convert(state | {"extra.weight": torch.zeros(2)}, name, network, "file.pt")
    key = next(key for key in state if key.endswith("weight") and state[key].ndim == 4)
    wrong = state | {key: state[key][:1]}
    with pytest.raises(WeightsError, match=f"misshapen: {re.escape(key)} 1x"):
        convert(wrong, name, network, "file.pt")


def test_wrong_depth_is_refused() -> None:
    """The released PANet has 80 blocks; the authors' loader takes fewer without a word."""
    deep, shallow = NETWORKS["panet"](blocks=6), network_of("panet")
    with pytest.raises(WeightsError, match=r"missing: .*; unexpected: .* and .* more"):
        convert(published("panet", deep), "panet", shallow, "file.pt")
    with pytest.raises(WeightsError, match=r"missing: body\."):
        convert(published("panet", shallow), "panet", deep, "file.pt")


def test_other_networks_file_is_refused() -> None:
    with pytest.raises(WeightsError, match="missing"):
        convert(published("dagl", network_of("dagl")), "panet", network_of("panet"), "file.pt")


def test_one_copy_is_enough_but_two_must_agree() -> None:
    network = network_of("panet")
    state = published("panet", network)
    del state["body.1.body.1.weight"]
    assert_same(convert(state, "panet", network, "f"), dict(network.state_dict()))
    with pytest.raises(WeightsError, match=r"body\.1\.body\.1\.weight differs from its other copies"):
        convert(state | {"body.1.body.1.weight": torch.full((1,), 9.0)}, "panet", network, "f")


def test_the_attention_that_stands_in_the_file_twice_must_agree() -> None:
    network = network_of("paedsr")
    state = published("paedsr", network)
    state["msa.conv_match.0.bias"] = state["msa.conv_match.0.bias"] + 1
    with pytest.raises(WeightsError, match=r"body\.2\.conv_match\.0\.bias differs"):
        convert(state, "paedsr", network, "f")


def test_what_is_not_used_may_be_there_or_not() -> None:
    for name in ("panet", "dagl", "mhnet"):
        network = network_of(name)
        state, unused = published(name, network), layout(name, network).unused
        used = {key: tensor for key, tensor in state.items() if key not in unused}
        assert_same(convert(used, name, network, "f"), convert(state, name, network, "f"))
        key = next(key for key in unused if "escape" not in key)
        with pytest.raises(WeightsError, match="misshapen"):
            convert(state | {key: torch.zeros(5)}, name, network, "f")


def test_another_smallest_norm_is_refused() -> None:
    network = network_of("panet")
    state = published("panet", network) | {"body.2.escape_NaN": torch.full((1,), 1e-3)}
    with pytest.raises(WeightsError, match=r"of another value: body\.2\.escape_NaN"):
        convert(state, "panet", network, "f")


def test_panets_older_layout() -> None:
    """Five layers where one was used: the second."""
    network = network_of("panet")
    state = published("panet", network)
    legacy: dict[str, Tensor] = {}
    for key, tensor in state.items():
        found = re.fullmatch(r"(body\.2\.conv_(?:match|assembly))(\..*)", key)
        if found is None:
            legacy[key] = tensor
        else:
            for place in range(5):
                legacy[f"{found[1]}.{place}{found[2]}"] = tensor if place == 1 else tensor + 1
    assert_same(convert(legacy, "panet", network, "f"), dict(network.state_dict()))


def test_half_precision_becomes_float32_and_infinity_is_refused() -> None:
    network = network_of("rnan")
    state = published("rnan", network)
    half = convert({key: tensor.half() for key, tensor in state.items()}, "rnan", network, "f")
    assert {tensor.dtype for tensor in half.values()} == {torch.float32}
    with pytest.raises(WeightsError, match=r"head\.0\.bias holds values that are not finite"):
        convert(state | {"head.0.bias": torch.full((16,), torch.inf)}, "rnan", network, "f")
    with pytest.raises(WeightsError, match=r"not of floating point: head\.0\.bias"):
        convert(state | {"head.0.bias": torch.zeros(16, dtype=torch.int64)}, "rnan", network, "f")


class Harmful:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("harm"),)


def test_files_that_are_no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = {
        "empty.pt": b"",
        "text.pt": b"<html>too many downloads</html>",
        "text.safetensors": b"<html>too many downloads</html>",
        "code.pt": pickle.dumps({"a": Harmful()}),
    }
    for name, content in files.items():
        Path(name).write_bytes(content)
        with pytest.raises(WeightsError, match=re.escape(name)):
            read_checkpoint(Path(name))
    torch.save({"a": Harmful()}, "code2.pt")
    with pytest.raises(WeightsError, match="safe to read"):
        read_checkpoint(Path("code2.pt"))
    assert not Path("harm").exists()
    with pytest.raises(WeightsError, match="no such file"):
        read_checkpoint(Path("absent.pt"))


def test_cut_file_is_refused(tmp_path: Path) -> None:
    network = network_of("rnan")
    for how in ("zip", "before 1.6", "safetensors"):
        path = save(published("rnan", network), tmp_path / "model.pt", how)
        data = path.read_bytes()
        for share in (0.3, 0.9):
            path.write_bytes(data[: int(len(data) * share)])
            with pytest.raises(WeightsError, match="model"):
                read_checkpoint(path)


@pytest.mark.parametrize("content", [[1, 2], {}, {"epoch": 3, "best": 30.1}, {"state_dict": {"a": 1.0}}])
def test_files_without_a_state_dict(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "odd.pt")
    with pytest.raises(WeightsError, match=r"odd\.pt holds no state_dict"):
        read_checkpoint(tmp_path / "odd.pt")


def test_our_own_networks_have_only_our_names() -> None:
    with pytest.raises(WeightsError, match="no published layout"):
        layout("local", NETWORKS["local"](width=4))
    own = dict(NETWORKS["local"](width=4).state_dict())
    assert_same(convert(own, "local", NETWORKS["local"](width=4), "f"), own)
    with pytest.raises(WeightsError, match=r"^f does not fit its network: unexpected: a$"):
        convert(own | {"a": torch.zeros(1)}, "local", NETWORKS["local"](width=4), "f")
