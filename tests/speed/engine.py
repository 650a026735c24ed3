"""What everything but a network costs: the identity network on a large array, and on a large file.

    python tests/speed/engine.py [--megapixels 24] [--file-megapixels 100]

Prints how long an array takes, as a multiple of converting it to float and back, and the peak memory of the
whole command on a large PNG. The last line is JSON.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from restorecli.engine.restorer import Restorer

# In a small process in between: a child's peak starts from what its parent has in memory when it starts it.
MEASURE = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([time.perf_counter() - start, peak * (1 if sys.platform == "darwin" else 1024)]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, default=24)
    parser.add_argument("--file-megapixels", type=float, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    figures = through_array(options.megapixels, options.repeats)
    if options.file_megapixels:
        figures |= through_file(options.file_megapixels)
    print(json.dumps({"benchmark": "engine", **figures}))


def photo(megapixels: float) -> np.ndarray:
    """Smooth colours with some noise, three to two."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    width = round(height * 1.5)
    rows, columns = np.arange(height)[:, None], np.arange(width)
    rng = np.random.default_rng(0)
    pixels = np.empty((height, width, 3), np.uint8)
    for channel in range(3):
        smooth = 110 + 50 * np.sin(rows / (90 + 20 * channel)) + 50 * np.cos(columns / (70 + 30 * channel))
        pixels[:, :, channel] = smooth.astype(np.int16) + rng.integers(0, 32, (height, width), np.int16)
    return pixels


def best_of(repeats: int, run: Callable[[], object]) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def through_array(megapixels: float, repeats: int) -> dict[str, float]:
    pixels = photo(megapixels)
    restorer = Restorer("denoise", model="identity")
    assert (restorer(pixels) == pixels).all(), "identity changed the picture"
    there_and_back = best_of(repeats, lambda: (pixels.astype(np.float32) / 255 * 255 + 0.5).astype(np.uint8))
    identity = best_of(repeats, lambda: restorer(pixels))
    times = identity / there_and_back
    print(f"{pixels.shape[1]} x {pixels.shape[0]} uint8 to float32 and back: {there_and_back:.2f} s")
    print(f"the same through Restorer with identity: {identity:.2f} s, {times:.1f} times as long")
    return {
        "array_megapixels": pixels.shape[0] * pixels.shape[1] / 1e6,
        "conversion_s": round(there_and_back, 3),
        "identity_s": round(identity, 3),
        "times": round(times, 2),
    }


def through_file(megapixels: float) -> dict[str, float]:
    """The whole command in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "large.png", Path(folder) / "restored.png"
        pixels = photo(megapixels)
        cv2.imwrite(str(source), pixels[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
        height, width = pixels.shape[:2]
        del pixels
        command = [sys.executable, "-m", "restorecli", "denoise", str(source), "-o", str(target)]
        command += ["--model", "identity", "--quiet"]
        measured = subprocess.run(
            [sys.executable, "-c", MEASURE, *command], stdout=subprocess.PIPE, check=True
        )
        seconds, peak = json.loads(measured.stdout.splitlines()[-1])
        same = bool((cv2.imread(str(target)) == cv2.imread(str(source))).all())
    print(
        f"{width} x {height} PNG through the command: {seconds:.1f} s, peak {peak / 1e9:.2f} GB, same: {same}"
    )
    return {
        "file_megapixels": height * width / 1e6,
        "command_s": round(seconds, 2),
        "peak_gb": round(peak / 1e9, 3),
        "same": same,
    }


if __name__ == "__main__":
    main()
