"""One megapixel of output, warm, through the engine: every embedded default, in each of its precisions.

    python tests/speed/megapixel.py [--threads 2] [--only derain]

Seconds per megapixel of the result, the median of three runs after one that does not count. Deblur also runs
on a blurred photo: there a blur is found and taken back, where otherwise its network does the work. The last
line of stdout is JSON.
"""

import argparse
import json
import statistics
import time

import numpy as np
import torch
from PIL import Image

from restorecli.engine.probe import keep_freed_memory
from restorecli.engine.restorer import Restorer
from restorecli.ops.blur import convolve, line_kernel
from restorecli.registry import PACKAGE, entries
from restorecli.spec import WeightsEntry
from restorecli.tasks import TASKS

SIDE = 1024
RUNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="ids that contain this")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    keep_freed_memory()  # as the command does
    rows: dict[str, dict[str, float]] = {}
    for entry in entries():
        if entry.source == "embedded" and options.only in entry.id:
            rows[entry.id] = {name: seconds(entry, name) for name in entry.model.dtypes}
            if entry.model.finds_kernel:
                rows[entry.id]["blurred"] = seconds(entry, "auto", blurred=True)
            print(
                entry.id,
                "  ".join(f"{name} {value:.2f} s" for name, value in rows[entry.id].items()),
                flush=True,
            )
    print(
        json.dumps(
            {"benchmark": "megapixel", "threads": options.threads, "torch": torch.__version__, "s": rows}
        )
    )


def seconds(entry: WeightsEntry, precision: str, *, blurred: bool = False) -> float:
    """Per megapixel of the result."""
    level = {} if entry.level is None else {"level": entry.level}
    restorer = Restorer(entry.task, model=entry.id, precision=precision, **level)
    pixels = photo(-(-SIDE // entry.model.scale))
    pixels = pixels[:, :, 1].copy() if TASKS[entry.task].mosaic_input else pixels
    if blurred:
        light = torch.from_numpy(pixels).permute(2, 0, 1) / 255
        pixels = (convolve(light, line_kernel(15, 12, 0.5)) * 255).byte().permute(1, 2, 0).numpy()
    result = restorer(pixels)
    times: list[float] = []
    for _ in range(RUNS):
        start = time.perf_counter()
        restorer(pixels)
        times.append(time.perf_counter() - start)
    return round(statistics.median(times) / (result.shape[0] * result.shape[1] / 1e6), 3)


def photo(side: int) -> np.ndarray:
    """(side, side, 3): an image of the package, next to itself as often as it fits."""
    with Image.open(PACKAGE / "data" / "images" / "coffee.png") as image:
        tile = np.array(image.convert("RGB"))
    times = -(-side // min(tile.shape[:2]))
    return np.ascontiguousarray(np.tile(tile, (times, times, 1))[:side, :side])


if __name__ == "__main__":
    main()
