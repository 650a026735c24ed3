"""The embedded default for denoise against OpenCV's non-local means: same images, same noise, same run.

    python tests/speed/defaults.py                                 # the images in the package
    python tests/speed/defaults.py --data ../shared/data/test/CBSD68   # and a folder of others

The noise is clipped to 8 bits, for OpenCV takes nothing else. Its h is tuned for each sigma to its best mean
PSNR over the same images. Then one megapixel, warm: the network by itself, and the engine around it. The last
line of stdout is JSON.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

import restorecli
from restorecli.engine.probe import keep_freed_memory
from restorecli.engine.restorer import Restorer
from restorecli.registry import find
from restorecli.weights.load import load_network

IMAGES = Path(restorecli.__file__).parent / "data" / "images"
SIGMAS = (15, 25, 50)
PRECISIONS = ("fp32", "bf16")
TEMPLATE, SEARCH = 7, 21  # of non-local means, as OpenCV recommends
CROP = 128  # pixels a side on which h is searched before it is settled on whole images
COARSE = (0.3, 0.45, 0.6, 0.75, 0.9, 1.1)  # h as a share of sigma
FINE = (0.9, 1.0, 1.1)


@dataclass(frozen=True, slots=True)
class Row:
    """Means over one set of images at one sigma."""

    set: str
    images: int
    sigma: int
    noisy_psnr: float
    opencv_h: float
    opencv_psnr: float
    opencv_s: float  # for all images
    ours_psnr: dict[str, float]
    ours_s: dict[str, float]
    gain_db: dict[str, float]
    times_its_time: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, action="append", default=[], help="a folder of clean images")
    parser.add_argument("--most", type=int, default=20, help="images of each folder")
    parser.add_argument("--sigma", type=int, action="append", help="15, 25 and 50")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    keep_freed_memory()  # as the command does
    restorers = {precision: Restorer("denoise", precision=precision) for precision in PRECISIONS}
    rows: list[Row] = []
    for folder in (IMAGES, *options.data):
        clean = [read_rgb(path) for path in sorted(folder.iterdir()) if is_image(path)][: options.most]
        for sigma in options.sigma or SIGMAS:
            rows.append(compared(folder.name, clean, sigma, restorers))
            print(in_words(rows[-1]), flush=True)
    megapixel = one_megapixel(restorers)
    print("  ".join(f"{name} {seconds:.2f} s" for name, seconds in megapixel.items()))
    result = {
        "benchmark": "defaults",
        "threads": options.threads,
        "torch": torch.__version__,
        "opencv": cv2.__version__,
        "rows": [asdict(row) for row in rows],
        "megapixel_s": megapixel,
    }
    print(json.dumps(result))


def is_image(path: Path) -> bool:
    return path.suffix.lower() in (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


def read_rgb(path: Path) -> np.ndarray:
    return np.ascontiguousarray(cv2.imread(str(path), cv2.IMREAD_COLOR)[:, :, ::-1])


def with_noise(clean: np.ndarray, sigma: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sigma, clean.shape)
    return (clean + noise).round().clip(0, 255).astype(np.uint8)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    error = np.square(a.astype(float) - b).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def mean_psnr(restored: Sequence[np.ndarray], clean: Sequence[np.ndarray]) -> float:
    return float(np.mean([psnr(*pair) for pair in zip(restored, clean, strict=True)]))


def non_local_means(noisy: np.ndarray, h: float) -> np.ndarray:
    """In OpenCV's order of colours, which decides what it takes for luma."""
    bgr = cv2.fastNlMeansDenoisingColored(
        np.ascontiguousarray(noisy[:, :, ::-1]), None, h, h, TEMPLATE, SEARCH
    )
    return bgr[:, :, ::-1]


def best_h(noisy: Sequence[np.ndarray], clean: Sequence[np.ndarray], candidates: Sequence[float]) -> float:
    return max(candidates, key=lambda h: mean_psnr([non_local_means(one, h) for one in noisy], clean))


def tuned_h(noisy: Sequence[np.ndarray], clean: Sequence[np.ndarray], sigma: float) -> float:
    noisy_crops, clean_crops = ([one[:CROP, :CROP] for one in images] for images in (noisy, clean))
    rough = best_h(noisy_crops, clean_crops, [share * sigma for share in COARSE])
    return best_h(noisy, clean, [share * rough for share in FINE])


def compared(name: str, clean: list[np.ndarray], sigma: int, restorers: dict[str, Restorer]) -> Row:
    noisy = [with_noise(image, sigma, seed) for seed, image in enumerate(clean)]
    h = tuned_h(noisy, clean, sigma)
    theirs, theirs_s = timed_all(lambda image: non_local_means(image, h), noisy)
    theirs_psnr = mean_psnr(theirs, clean)
    psnrs: dict[str, float] = {}
    seconds: dict[str, float] = {}
    for precision, restorer in restorers.items():
        ours, seconds[precision] = timed_all(restorer, noisy)
        psnrs[precision] = mean_psnr(ours, clean)
    return Row(
        set=name,
        images=len(clean),
        sigma=sigma,
        noisy_psnr=round(mean_psnr(noisy, clean), 2),
        opencv_h=round(h, 2),
        opencv_psnr=round(theirs_psnr, 2),
        opencv_s=round(theirs_s, 3),
        ours_psnr=rounded(psnrs),
        ours_s=rounded(seconds),
        gain_db=rounded({name: value - theirs_psnr for name, value in psnrs.items()}),
        times_its_time=rounded({name: value / theirs_s for name, value in seconds.items()}),
    )


def rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in figures.items()}


def timed_all(
    restore: Callable[[np.ndarray], np.ndarray], images: Sequence[np.ndarray]
) -> tuple[list[np.ndarray], float]:
    """The results, and the time of all of them, after one that does not count."""
    restore(images[0])
    start = time.perf_counter()
    results = [restore(image) for image in images]
    return results, time.perf_counter() - start


def in_words(row: Row) -> str:
    ours = "  ".join(
        f"{name}: {row.ours_psnr[name]:.2f} dB, {row.gain_db[name]:+.2f} dB "
        f"in {row.times_its_time[name]:.2f} of the time"
        for name in row.ours_psnr
    )
    theirs = f"OpenCV {row.opencv_psnr:.2f} dB (h {row.opencv_h:g}), {row.opencv_s:.1f} s"
    return (
        f"{row.set}, sigma {row.sigma}, {row.images} images, noisy {row.noisy_psnr:.2f} dB; {theirs}; {ours}"
    )


def one_megapixel(restorers: dict[str, Restorer]) -> dict[str, float]:
    """Seconds for 1024 x 1024, the least of three."""
    side = 1024
    pixels = with_noise(np.full((side, side, 3), 128, np.uint8), 25, seed=0)
    entry = find("compact-denoise")
    network = load_network(entry).to(memory_format=torch.channels_last)
    x = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    x = x.contiguous(memory_format=torch.channels_last)
    found: dict[str, float] = {}
    for precision, restorer in restorers.items():

        def alone(half: bool = precision == "bf16") -> None:
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half):
                network(x)

        found[f"network_{precision}"] = least_seconds(alone)
        found[f"engine_{precision}"] = least_seconds(lambda restorer=restorer: restorer(pixels))
    return rounded({name: seconds / (side**2 / 1e6) for name, seconds in found.items()})


def least_seconds(run: Callable[[], object], runs: int = 3) -> float:
    run()
    times: list[float] = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    main()
