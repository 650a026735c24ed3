"""Which device and precision, and how much memory there is: every choice with its reason.

The CPU is what this was run on. cuda, mps and xpu follow PyTorch's documentation and were not run.
"""

from pathlib import Path

import torch

from ..errors import DeviceError, UsageError
from ..spec import Choice, ModelSpec, Precision

DEVICES = ("auto", "cpu", "cuda", "mps", "xpu")
DTYPES: dict[Precision, torch.dtype] = {
    "fp32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
}
PRECISIONS = ("auto", *DTYPES)

# Instructions that make bfloat16 pay on a CPU, as PyTorch asks for them (since 2.6, without a public name).
_CPU_BF16 = {"_is_amx_tile_supported": "amx", "_is_avx512_bf16_supported": "avx512_bf16"}

# Memory limits of a container: the limit, and where its use stands (page cache, which gives way, left out).
_CONTAINER_LIMITS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.stat", "anon"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.stat", "total_rss"),
)

_OUT_OF_MEMORY_WORDS = ("out of memory", "not enough memory", "can't allocate memory")


def pick_device(wanted: str = "auto") -> tuple[torch.device, Choice]:
    """The device, and why. One that is asked for by name and is not there is an error, never the CPU."""
    kind, _, number = wanted.partition(":")
    if kind not in DEVICES or (number and not (number.isdecimal() and kind in ("cuda", "xpu"))):
        raise DeviceError(f"unknown device {wanted!r}", hint=f"devices: {', '.join(DEVICES)}, cuda:1")
    if kind != "auto":
        if kind not in available_devices():
            raise DeviceError(f"{kind} is not available: {_why_missing(kind)}", hint="--device auto or cpu")
        if number and int(number) >= _count(kind):
            raise DeviceError(f"there is no {wanted}: {kind} has {_count(kind)}", hint=f"--device {kind}:0")
        return torch.device(wanted), Choice(wanted, "asked for")
    best = available_devices()[0]
    if best == "cpu":
        return torch.device("cpu"), Choice("cpu", f"PyTorch {torch.__version__} sees no GPU")
    name = f" ({torch.cuda.get_device_name()})" if best == "cuda" else ""
    return torch.device(best), Choice(best, f"the fastest device here{name}")


def available_devices() -> tuple[str, ...]:
    """The kinds of device that PyTorch can use here, the fastest first; cpu is always there."""
    there = {
        "cuda": torch.cuda.is_available(),
        "xpu": torch.xpu.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    return tuple(kind for kind, available in there.items() if available)


def _count(kind: str) -> int:
    return {"cuda": torch.cuda, "xpu": torch.xpu}[kind].device_count()


def _why_missing(kind: str) -> str:
    if kind == "cuda" and torch.version.cuda is None and torch.version.hip is None:
        return f"this PyTorch ({torch.__version__}) was built without it"
    return f"PyTorch {torch.__version__} sees no such device"


def pick_precision(
    wanted: str, device: torch.device, model: ModelSpec, bits: int = 8, *, exact: bool = False
) -> tuple[torch.dtype, Choice]:
    """The precision inside the network, and why; residuals and results are float32 whatever it is.

    auto takes only what the weights were checked in (ModelSpec.dtypes), where the device gains by it;
    with `exact` none of less than 32 bits.
    """
    if wanted not in PRECISIONS:
        raise UsageError(f"unknown precision {wanted!r}", hint=f"precisions: {', '.join(PRECISIONS)}")
    if wanted != "auto":
        return _with_reason(wanted, "asked for")
    if exact:
        return _with_reason("fp32", "published numbers were made in it")
    if bits > 8:
        return _with_reason("fp32", "float pixels" if bits > 16 else f"{bits}-bit pixels")
    if device.type == "cuda":
        major, minor = torch.cuda.get_device_capability(device)
        reason = f"the GPU's compute capability is {major}.{minor}"
        halves = {"bf16": major >= 8, "fp16": major >= 7}
    else:
        instructions = _cpu_bf16_instructions() if device.type == "cpu" else None
        reason = (
            f"this CPU has {instructions}" if instructions else f"this {device.type} gains nothing by less"
        )
        halves = {"bf16": instructions is not None}
    for name, gains in halves.items():
        if gains and name in model.dtypes:
            return _with_reason(name, reason)
    if not any(halves.values()):
        return _with_reason("fp32", reason)
    return _with_reason("fp32", "these weights were checked in " + " and ".join(model.dtypes))


def _with_reason(name: str, reason: str) -> tuple[torch.dtype, Choice]:
    return {str(key): value for key, value in DTYPES.items()}[name], Choice(name, reason)


def _cpu_bf16_instructions() -> str | None:
    for function, name in _CPU_BF16.items():
        if getattr(torch.cpu, function, bool)():
            return name
    return None


def available_memory(device: torch.device) -> int | None:
    """Bytes that can be taken now; None where there is no way to know."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type != "cpu":
        return None
    found = [_number("/proc/meminfo", "MemAvailable:", 1024)]
    for limit, use, key in _CONTAINER_LIMITS:
        most, used = _number(limit), _number(use, key)
        found.append(None if most is None or used is None else max(most - used, 0))
    known = [number for number in found if number is not None]
    return min(known) if known else None


def _number(path: str, key: str | None = None, unit: int = 1) -> int | None:
    """The number in a system file, behind `key` where there are several; None if it does not say."""
    try:
        lines = Path(path).read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for words in (line.split() for line in lines):
        value = words[0] if key is None else words[1] if words[0] == key else ""
        if value.isdecimal():
            return int(value) * unit
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out: each allocator says it in its own way."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _OUT_OF_MEMORY_WORDS)


def release_memory(device: torch.device) -> None:
    """Gives back what the device's allocator keeps for later."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "xpu":
        torch.xpu.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def wait_for(device: torch.device) -> None:
    """Until the device has done what it was given; without it a clock measures only the asking."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "xpu":
        torch.xpu.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
