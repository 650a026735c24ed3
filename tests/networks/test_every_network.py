"""What every network of NETWORKS must do, whatever its weights. A new network needs one row in SMALL."""

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from restorecli.networks import NETWORKS
from restorecli.networks.local import Local


@dataclass(frozen=True)
class Case:
    params: dict[str, Any] = field(default_factory=dict)
    channels: int = 3
    scale: int = 1
    multiple_of: int = 1
    size: tuple[int, int] = (32, 40)


SMALL: dict[str, Case] = {
    "identity": Case(size=(3, 5)),
    "local": Case({"unshuffle": 2, "scale": 2}, scale=2, multiple_of=2, size=(8, 6)),
    "compact": Case({"width": 4, "encoder": [1, 1], "middle": 1, "decoder": [1, 1]}, multiple_of=8),
    "panet": Case({"blocks": 2, "colors": 1}, channels=1),
    "paedsr": Case({"blocks": 2, "features": 8, "scale": 3}, scale=3),
    "rnan": Case({"groups": 2, "features": 8}, multiple_of=2),
    "dagl": Case({"blocks": 2, "colors": 1}, channels=1),
    "mhnet": Case({"width": 8, "group": 1, "encoder": [1, 1, 1, 1]}, multiple_of=16, size=(32, 48)),
}
NAMES = list(NETWORKS)


def build(name: str) -> tuple[nn.Module, Case]:
    assert name in SMALL, f'add to SMALL in this file:  "{name}": Case({{...}}),'
    torch.manual_seed(0)
    return NETWORKS[name](**SMALL[name].params).eval(), SMALL[name]


def pictures(case: Case, count: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(count, case.channels, *case.size, generator=generator)


@pytest.mark.parametrize("name", NAMES)
@torch.inference_mode()
def test_shape_and_type(name: str) -> None:
    network, case = build(name)
    assert all(side % case.multiple_of == 0 for side in case.size)
    y = network(pictures(case))
    assert y.shape == (1, case.channels, *(side * case.scale for side in case.size))
    assert y.dtype == torch.float32
    assert torch.isfinite(y).all()


@pytest.mark.parametrize("name", NAMES)
@torch.inference_mode()
def test_images_of_a_batch_do_not_see_each_other(name: str) -> None:
    network, case = build(name)
    x = pictures(case, 2)
    together, alone = network(x), torch.cat([network(image[None]) for image in x])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@torch.inference_mode()
def test_the_memory_format_does_not_matter_and_the_input_is_not_changed(name: str) -> None:
    network, case = build(name)
    x = pictures(case)
    before = x.clone()
    y = network(x)
    assert torch.equal(x, before)
    # As the engine does it: pixels in numpy's order, and kernels too.
    network.to(memory_format=torch.channels_last)
    other = network(before.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2))
    torch.testing.assert_close(other, y, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@torch.inference_mode()
def test_weights_go_out_and_in_again(name: str) -> None:
    network, case = build(name)
    other = NETWORKS[name](**case.params).eval()
    other.load_state_dict(network.state_dict(), strict=True)
    x = pictures(case)
    assert torch.equal(network(x), other(x))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", NAMES)
@torch.inference_mode()
def test_half_precision_is_near(name: str, threads: int) -> None:
    """Autocast belongs to a thread: whatever is done in others must be told."""
    torch.set_num_threads(threads)
    network, case = build(name)
    x = pictures(case)
    y = network(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = network(x)
    assert (half.float() - y).abs().mean() < 0.05 * y.abs().mean().clamp(min=0.1)


@pytest.mark.parametrize(("unshuffle", "scale"), [(1, 1), (2, 1), (4, 1), (2, 3)])
@torch.inference_mode()
def test_the_halo_of_the_local_network_is_what_an_edge_changes(unshuffle: int, scale: int) -> None:
    network = Local(unshuffle=unshuffle, scale=scale)
    x = pictures(Case(size=(16, 32)))
    part, whole = network(x[..., :16]), network(x)[..., : 16 * scale]
    changed = (part - whole).abs().amax(dim=(0, 1, 2)) > 1e-7
    inner = (16 - network.halo) * scale
    assert not changed[:inner].any()
    assert changed[inner : inner + unshuffle * scale].any()
