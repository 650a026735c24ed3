"""Our networks against outputs of the authors' code, for weights and inputs that formulas rebuild.

figures.safetensors holds every third pixel of the recorded outputs (goldens/reduce.py). The outputs in full
lie beside a developer's checkout.
"""

import json
from pathlib import Path

import pytest
import torch
from goldens.reduce import thin
from parity_cases import compute
from parity_fill import image
from parity_variants import VARIANTS, params_of
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from restorecli.networks import NETWORKS
from restorecli.weights.layouts import layout

FIGURES = Path(__file__).with_name("goldens") / "figures.safetensors"
SHARED = Path(__file__).parents[3] / "shared" / "parity"
with safe_open(FIGURES, "pt") as _file:
    KEYS = sorted(_file.keys())
    NOISE: dict[str, float] = json.loads(_file.metadata()["noise"])

# Where a threshold or a ranking makes the function jump, float32 may fall on the other side.
JUMPS = {"dagl": 1e-4, "mhnet": 1e-4}
# Far below the smallest mistake that was tried (1e-5), far above float64's rounding.
EXACT = 1e-9


def figure(key: str) -> Tensor:
    with safe_open(FIGURES, "pt") as file:
        return file.get_tensor(key)


def check(y: Tensor, recorded: Tensor, name: str) -> None:
    assert y.shape == recorded.shape
    scale = recorded.abs().max().item()
    difference = (y.double() - recorded.double()).abs().max().item()
    if y.dtype == torch.float64:
        assert difference <= EXACT * scale
    else:
        noise = 5 * NOISE.get(name, 1e-6 * scale)
        assert difference <= max(noise, JUMPS.get(name.split("-")[0], 0))


def run_exact(key: str) -> tuple[Tensor, str]:
    variant, case, tensor = key.split("/")
    modern = "modern" in key
    changes = {"resize": "modern"} if modern else {}
    dtype = torch.float64 if tensor.endswith("f64") else torch.float32
    return compute(variant, case, dtype, **changes), f"{variant}/{case}"


# One window case per network stands for the rest by default, and no 256-wide network.
WINDOWS = ("panet-CAR/r4_chop_58x77", "rnan-DN_Gray/g3_chop_22x30", "dagl-DN_Gray/r4_chop_44x60")


def is_fast(key: str) -> bool:
    name, tensor = key.rsplit("/", 1)
    if "/full_" in key or "panet-SR" in key:
        return False
    return name in WINDOWS or "TLC" in key or tensor != "output_f32"


FAST = [key for key in KEYS if is_fast(key)]
SLOW = [key for key in KEYS if not is_fast(key)]


@pytest.mark.parametrize("key", FAST)
def test_equals_the_recorded_outputs(key: str) -> None:
    y, name = run_exact(key)
    check(thin(y), figure(key), name)


@pytest.mark.slow
@pytest.mark.skipif(
    (SHARED / "golden").is_dir(), reason="those in ../shared, of which these are parts, are compared in full"
)
@pytest.mark.parametrize("key", SLOW)
def test_equals_the_recorded_outputs_at_full_depth(key: str) -> None:
    y, name = run_exact(key)
    check(thin(y), figure(key), name)


@pytest.mark.parametrize("name", sorted({key.rsplit("/", 1)[0] for key in FAST} & NOISE.keys()))
def test_float32_is_as_near_to_float64_as_the_authors(name: str) -> None:
    variant, case = name.split("/")
    check(thin(compute(variant, case, torch.float32)), figure(f"{name}/output_f64"), name)


@pytest.mark.shared
@pytest.mark.parametrize("variant", [name for name in VARIANTS if not name.endswith("x3")])
def test_equals_all_recorded_outputs_in_full(variant: str) -> None:
    recorded = load_file(SHARED / "golden" / f"{variant}.safetensors")
    parts = {key for key in KEYS if key.startswith(f"{variant}/")}
    for key, expected in recorded.items():
        case, tensor = key.rsplit(".", 1)
        value_range = 255 if variant.startswith("rnan") else 1
        if tensor == "input" and case.split("_")[0] in ("full", "r4", "g3", "small"):
            assert torch.equal(expected, image(*expected.shape, value_range=value_range))
        if tensor in ("output_f32", "output_f64", "output_modern_f64"):
            part = f"{variant}/{case}/{tensor}"
            y, name = run_exact(part)
            if part in parts:
                check(thin(y), figure(part), name)
                parts.remove(part)
            if y.shape[1] != expected.shape[1]:  # some were recorded for every n-th channel
                y = y[:, :: y.shape[1] // expected.shape[1]]
            check(y, expected, name)
    assert parts == set()


@pytest.mark.shared
@pytest.mark.parametrize("path", sorted((SHARED / "manifests").glob("*.json")), ids=lambda path: path.stem)
def test_published_keys_and_shapes_equal_the_lists(path: Path) -> None:
    if "LEGACY" in path.stem:
        pytest.skip("the older layout is tested with the conversion")
    stem = path.stem.replace("mhnet-small", "mhnet-Derain_Deblur_small")
    variant, _, depth = (
        stem.rpartition("_") if stem.endswith(("_r4", "_g3", "_small")) else (stem, "", "full")
    )
    name, params = params_of(variant, depth)
    with torch.device("meta"):
        network = NETWORKS[name](**params)
    expected = {entry["key"]: tuple(entry["shape"]) for entry in json.loads(path.read_text())["entries"]}
    assert layout(name, network).shapes(network) == expected
