"""Speed and memory of the published networks against the authors' way of computing the same.

    python tests/speed/networks.py            # all rows; takes minutes
    python tests/speed/networks.py panet-attention-96 rnan-96
    python tests/speed/networks.py --device cuda    # what --device auto takes where there is CUDA

Each row runs in a process of its own, so that its memory is its own. On a GPU a row is each network in
float32 and bfloat16, eager and compiled: megapixels a second and peak memory, without the authors' way. The
last line of stdout is JSON.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[1] / "networks"))

from parity_fill import image
from parity_twins import as_the_authors
from parity_variants import build

from restorecli.networks.layers import product
from restorecli.networks.panet import PyramidAttention

# Millions of multiplications per pixel outside of the attention.
BACKBONE = {"panet": 5.939, "rnan": 6.441, "dagl": 1.822, "mhnet": 1.925}
# row: (variant, side, kind)
ROWS: dict[str, tuple[str, int, str]] = {
    "panet-attention-96": ("panet-DN_RGB", 96, "attention"),
    "panet-attention-128": ("panet-DN_RGB", 128, "attention"),
    "panet-128": ("panet-DN_RGB", 128, "whole"),
    "panet-256": ("panet-DN_RGB", 256, "memory"),
    "dagl-96": ("dagl-DN_Gray", 96, "whole"),
    "dagl-128": ("dagl-DN_Gray", 128, "whole"),
    "rnan-96": ("rnan-DN_RGB", 96, "whole"),
    "rnan-128": ("rnan-DN_RGB", 128, "whole"),
    "mhnet-128": ("mhnet-Derain_Deblur", 128, "whole"),
}


def best_seconds(call: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def timed(call: Callable[[], Tensor]) -> tuple[Tensor, float]:
    start = time.perf_counter()
    result = call()
    return result, time.perf_counter() - start


def gmac(variant: str, side: int, kind: str) -> float:
    """Billions of multiplications in our way of computing (the authors' PANet does six times as many)."""
    family, pixels = variant.split("-")[0], side**2
    keys = sum(int(side * scale / 10) ** 2 for scale in (10, 9, 8, 7, 6))
    attention = {
        # Scores twice (32 wide), pasting once (64 wide).
        "panet": pixels * keys * (32 + 32 + 64),
        "rnan": 2 * pixels**2 * (32 + 32),
        # Keys; scores; 16 wide for each of the 16 pixels between queries, with a margin of four.
        "dagl": 12 * (pixels * 784 * 196 + pixels // 16 * (pixels * 196 + (side + 4) ** 2 * 16 * 16)),
    }.get(family, 0)
    return attention / 1e9 + (0 if kind == "attention" else BACKBONE[family] * pixels / 1e3)


def matmul_rate(dtype: torch.dtype) -> float:
    """GMAC a second of a large product."""
    a = torch.randn(1536, 1536).to(dtype)
    return 1536**3 / best_seconds(lambda: a @ a.T, 8) / 1e9


def product_rate() -> float:
    """The same, by the faster of the two ways there are."""
    a = torch.randn(1536, 1536)
    return max(1536**3 / best_seconds(lambda: product(a, a), 8) / 1e9, matmul_rate(torch.float32))


def conv_rate() -> float:
    """GMAC a second of the networks' usual convolution, in its fastest layout."""
    x = torch.randn(1, 64, 128, 128).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(64, 64, 3, 3)
    return 64 * 64 * 9 * 128**2 / best_seconds(lambda: torch.conv2d(x, weight, padding=1), 8) / 1e9


def gigabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def psnr(a: Tensor, b: Tensor, value_range: float) -> float:
    error = (a.clamp(0, value_range) - b.clamp(0, value_range)).square().mean().item()
    return 10 * torch.log10(torch.tensor(value_range**2 / max(error, 1e-20))).item()


def measure(row: str, runs: int) -> dict[str, object]:
    variant, side, kind = ROWS[row]
    network = build(variant)
    x = network_input(variant, side)
    if kind == "attention":
        network, x = attention_of(network), attention_input(side)
    network(x[..., :16, :16])  # what PyTorch loads at the first call is no part of the network's memory
    before = gigabytes()
    y, first = timed(lambda: network(x))
    result: dict[str, object] = {"row": row, "peak_gb_above_weights": round(gigabytes() - before, 3)}
    if kind == "memory":
        return result | {"s": round(first, 3)}
    rate = product_rate()
    ours = min(first, best_seconds(lambda: network(x), runs))
    with as_the_authors():
        naive, authors = timed(lambda: network(x))
        if authors < 5:
            authors = min(authors, best_seconds(lambda: network(x), runs))
    result |= {"s": round(ours, 3), "authors_s": round(authors, 3), "times_faster": round(authors / ours, 2)}
    rate = max(rate, product_rate())
    result["gmac_s"] = round(gmac(variant, side, kind) / ours, 1)
    result["share_of_matmul_rate"] = round(gmac(variant, side, kind) / ours / rate, 2)
    result["authors_peak_gb"] = round(gigabytes() - before, 3)
    result["max_difference"] = (y - naive).abs().max().item()
    if isinstance(network, PyramidAttention):
        return result
    with torch.autocast("cpu", torch.bfloat16):  # as in the engine
        y16, first = timed(lambda: network(x))
        result["bf16_s"] = round(min(first, best_seconds(lambda: network(x), runs)), 3)
    result["bf16_psnr_to_fp32"] = round(psnr(y16.float(), y, value_range_of(variant)), 1)
    return result


def measure_on_gpu(row: str, runs: int) -> dict[str, object]:
    """Each precision, eager and compiled; autocast, as in the engine."""
    variant, side, kind = ROWS[row]
    network = build(variant).cuda().to(memory_format=torch.channels_last)
    x = network_input(variant, side).cuda()
    if kind == "attention":
        network, x = attention_of(network), attention_input(side).cuda()
    result: dict[str, object] = {"row": row}
    exact: Tensor | None = None
    for precision, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        for name, call in (("eager", network), ("compiled", torch.compile(network))):
            with torch.autocast("cuda", dtype, enabled=dtype != torch.float32):
                y = call(x).float()
                seconds = best_seconds(lambda call=call: (call(x), torch.cuda.synchronize()), runs)
                torch.cuda.reset_peak_memory_stats()
                before = torch.cuda.memory_allocated()
                call(x)
            exact = y if exact is None else exact
            peak = torch.cuda.max_memory_allocated() - before
            result[f"{precision}_{name}"] = {
                "s": round(seconds, 4),
                "megapixels_s": round(side**2 / 1e6 / seconds, 3),
                "peak_gb_above_weights": round(peak / 1024**3, 3),
                "psnr_to_fp32": round(psnr(y, exact, value_range_of(variant)), 1),
            }
    return result


def value_range_of(variant: str) -> float:
    return 255.0 if variant.startswith("rnan") else 1.0


def network_input(variant: str, side: int) -> Tensor:
    return image(1, 1 if "Gray" in variant else 3, side, side, value_range_of(variant))


def attention_of(network: nn.Module) -> PyramidAttention:
    attention = network.get_submodule("attention")
    assert isinstance(attention, PyramidAttention)
    return attention


def attention_input(side: int) -> Tensor:
    return torch.randn(1, 64, side, side, generator=torch.Generator().manual_seed(0)) * 0.3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", default=list(ROWS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--here", action="store_true", help="run the one row in this process")
    options = parser.parse_args()
    on_gpu = options.device == "cuda" or (options.device == "auto" and torch.cuda.is_available())
    torch.set_num_threads(options.threads)
    if options.here:
        with torch.inference_mode():
            print(json.dumps((measure_on_gpu if on_gpu else measure)(options.rows[0], options.runs)))
        return
    results = []
    for row in options.rows:
        command = [
            sys.executable,
            __file__,
            row,
            "--here",
            f"--threads={options.threads}",
            f"--runs={options.runs}",
            f"--device={'cuda' if on_gpu else 'cpu'}",
        ]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        results.append(json.loads(output.splitlines()[-1]))
        print("  ".join(f"{key} {value}" for key, value in results[-1].items()), flush=True)
    if on_gpu:
        device = torch.cuda.get_device_name()
        print(json.dumps({"device": device, "torch": torch.__version__, "rows": results}))
        return
    rates = {
        "matmul_gmac_s": round(matmul_rate(torch.float32), 1),
        "product_gmac_s": round(product_rate(), 1),
        "matmul_bf16_gmac_s": round(matmul_rate(torch.bfloat16), 1),
        "conv_gmac_s": round(conv_rate(), 1),
    }
    print(json.dumps({"threads": options.threads, "torch": torch.__version__, **rates, "rows": results}))


if __name__ == "__main__":
    main()
