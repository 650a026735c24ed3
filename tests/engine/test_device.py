from pathlib import Path

import pytest
import torch

from restorecli.engine import device as devices
from restorecli.engine.device import available_memory, is_out_of_memory, pick_device, pick_precision
from restorecli.errors import DeviceError, UsageError
from restorecli.spec import ModelSpec

CPU = torch.device("cpu")
HALF = ModelSpec("x", dtypes=("fp32", "bf16", "fp16"))


def test_auto_says_why() -> None:
    device, choice = pick_device("auto")
    assert choice.value == device.type
    assert choice.reason


def test_a_device_that_is_asked_for_is_taken_or_refused() -> None:
    assert pick_device("cpu")[0] == CPU
    for kind in ("cuda", "mps", "xpu"):
        if kind not in devices.available_devices():
            with pytest.raises(DeviceError, match=f"{kind} is not available") as caught:
                pick_device(kind)
            assert caught.value.hint
            assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", ["gpu", "cpu:1", "cuda:x", "", "cuda:-1", "CUDA"])
def test_unknown_devices(name: str) -> None:
    with pytest.raises(DeviceError, match="unknown device"):
        pick_device(name)


def test_a_second_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert pick_device("cuda:0")[0] == torch.device("cuda:0")
    with pytest.raises(DeviceError, match="there is no cuda:1"):
        pick_device("cuda:1")


@pytest.mark.parametrize(("name", "dtype"), devices.DTYPES.items())
def test_a_precision_that_is_asked_for_is_taken(name: str, dtype: torch.dtype) -> None:
    assert pick_precision(name, CPU, ModelSpec("x"), bits=16)[0] == dtype


def test_unknown_precision() -> None:
    with pytest.raises(UsageError, match="fp8"):
        pick_precision("fp8", CPU, HALF)


def test_auto_takes_half_only_where_the_cpu_gains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_cpu_bf16_instructions", lambda: "avx512_bf16")
    dtype, choice = pick_precision("auto", CPU, HALF)
    assert (dtype, choice.reason) == (torch.bfloat16, "this CPU has avx512_bf16")
    monkeypatch.setattr(devices, "_cpu_bf16_instructions", lambda: None)
    assert pick_precision("auto", CPU, HALF)[0] == torch.float32


def test_auto_takes_only_what_the_weights_were_checked_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_cpu_bf16_instructions", lambda: "avx512_bf16")
    dtype, choice = pick_precision("auto", CPU, ModelSpec("x", dtypes=("fp32", "fp16")))
    assert dtype == torch.float32
    assert choice.reason == "these weights were checked in fp32 and fp16"


def test_more_than_eight_bits_run_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_cpu_bf16_instructions", lambda: "avx512_bf16")
    assert pick_precision("auto", CPU, HALF, bits=16)[1].reason == "16-bit pixels"
    assert pick_precision("auto", CPU, HALF, bits=32)[1].reason == "float pixels"


@pytest.mark.parametrize(
    ("capability", "expected"),
    [((9, 0), torch.bfloat16), ((7, 5), torch.float16), ((6, 1), torch.float32)],
)
def test_a_gpu_by_its_compute_capability(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], expected: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    dtype, choice = pick_precision("auto", torch.device("cuda"), HALF)
    assert dtype == expected
    assert "{}.{}".format(*capability) in choice.reason


def test_available_memory_is_plausible() -> None:
    available = available_memory(CPU)
    if Path("/proc/meminfo").exists():
        assert available is not None
        assert 2**20 < available < 2**46


def test_a_container_limit_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    limit, stat = tmp_path / "memory.max", tmp_path / "memory.stat"
    limit.write_text("1000000\n")
    stat.write_text("file 5\nanon 300000\n")
    monkeypatch.setattr(devices, "_CONTAINER_LIMITS", ((str(limit), str(stat), "anon"),))
    assert available_memory(CPU) == 700000
    limit.write_text("max\n")
    assert available_memory(CPU) != 700000


def test_what_counts_as_out_of_memory() -> None:
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"))
    assert not is_out_of_memory(RuntimeError("size mismatch"))
    assert not is_out_of_memory(ValueError("not enough memory"))


@pytest.mark.gpu
def test_a_gpu_gives_what_the_cpu_gives() -> None:
    import numpy as np

    from restorecli.engine.restorer import Restorer
    from restorecli.networks.local import Local

    pixels = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    spec = ModelSpec("local", halo=2)
    cpu, gpu = (
        Restorer.from_network(Local(), spec, device=name, tile=64)(pixels) for name in ("cpu", "cuda")
    )
    assert np.abs(cpu.astype(int) - gpu.astype(int)).max() <= 1


def test_what_is_to_be_exact_is_float32_unless_another_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_cpu_bf16_instructions", lambda: "amx")
    assert pick_precision("auto", CPU, HALF)[0] == torch.bfloat16
    assert pick_precision("auto", CPU, HALF, exact=True)[0] == torch.float32
    assert pick_precision("bf16", CPU, HALF, exact=True)[0] == torch.bfloat16
