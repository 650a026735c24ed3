"""When memory runs out: less at a time, from the start again, within bounds."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from restorecli.engine import model
from restorecli.engine.restorer import Restorer
from restorecli.errors import OutOfMemoryError
from restorecli.images import Image
from restorecli.networks.identity import Identity
from restorecli.spec import ModelSpec

ERRORS = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:119] . DefaultCPUAllocator: can't allocate memory: you tried"
    ),
    RuntimeError("not enough memory: you tried to allocate 412316860416 bytes."),
]


class Limited(nn.Module):
    """Fails on more than `most` pixels, from its `good`-th call on."""

    def __init__(self, most: int, error: Exception, good: int = 0) -> None:
        super().__init__()
        self.most, self.error, self.good = most, error, good
        self.sizes: list[tuple[int, ...]] = []

    def forward(self, x: Tensor) -> Tensor:
        self.sizes.append(tuple(x.shape))
        if x.shape[0] * x.shape[-1] * x.shape[-2] > self.most and len(self.sizes) > self.good:
            raise self.error
        return x


def picture(height: int = 150, width: int = 300) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def local(**options: int) -> ModelSpec:
    return ModelSpec("limited", halo=0, overlap=8, **options)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("good", [0, 3])
def test_the_image_starts_again_with_half_the_tile(error: Exception, good: int) -> None:
    network = Limited(70 * 70, error, good)
    restorer = Restorer.from_network(network, local(), tile=128)
    restored = restorer.restore_image(Image.from_array(picture()))
    np.testing.assert_array_equal(restored.image.pixels, picture())
    assert max(restored.report.tile) <= 64
    assert any("not enough memory for tiles of" in note for note in restored.report.notes)


def test_the_smaller_tile_is_remembered() -> None:
    network = Limited(70 * 70, MemoryError())
    restorer = Restorer.from_network(network, local(), tile=128)
    restorer(picture())
    network.sizes.clear()
    assert restorer.restore_image(Image.from_array(picture())).report.notes == ()
    assert max(shape[-1] for shape in network.sizes) <= 70


def test_a_batch_becomes_one_before_tiles_become_smaller() -> None:
    network = Limited(64 * 64, MemoryError())
    restored = Restorer.from_network(network, local(), tile=64, batch=8).restore_image(
        Image.from_array(picture())
    )
    np.testing.assert_array_equal(restored.image.pixels, picture())
    assert max(restored.report.tile) > 32
    assert restored.report.notes == ("not enough memory for several tiles at a time: one by one",)


def test_it_ends_with_the_smallest_tile() -> None:
    network = Limited(0, MemoryError())
    with pytest.raises(OutOfMemoryError, match="even for tiles of"):
        Restorer.from_network(network, local(), tile=256)(picture())
    assert min(shape[-1] for shape in network.sizes) >= 32
    assert len(network.sizes) < 6


def test_where_the_tile_is_part_of_the_result_the_error_says_which_fits() -> None:
    network = Limited(40 * 40, MemoryError())
    with pytest.raises(OutOfMemoryError, match="another size would give another result") as caught:
        Restorer.from_network(network, ModelSpec("limited", tile=128, overlap=16))(picture(256, 256))
    assert caught.value.hint == "--tile 32 fits (tried)"


def test_and_says_so_where_none_fits() -> None:
    with pytest.raises(OutOfMemoryError) as caught:
        Restorer.from_network(Limited(0, MemoryError()), ModelSpec("limited", tile=128))(picture())
    assert caught.value.hint is not None
    assert "no smaller tile fits" in caught.value.hint


def test_no_room_for_the_result() -> None:
    spec = ModelSpec("huge", scale=2**22)
    with pytest.raises(OutOfMemoryError, match="not enough memory for a result of"):
        Restorer.from_network(Identity(), spec)(picture())


class FailsLater(nn.Module):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error, self.calls = error, 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        if self.calls == 3:
            raise self.error
        return x


@pytest.mark.parametrize(
    "error", [RuntimeError("shapes do not match"), ValueError("bad"), KeyboardInterrupt()]
)
def test_any_other_error_ends_the_image_at_once(error: BaseException) -> None:
    """No tile is left out or pasted twice: what comes out of an error is the error."""
    network = FailsLater(error)
    with pytest.raises(type(error)):
        Restorer.from_network(network, local(), tile=64)(picture())
    assert network.calls == 3


def test_a_tile_that_failed_leaves_nothing_behind() -> None:
    """The tile before the failed one is not pasted in its place."""
    network = Limited(70 * 70, MemoryError(), good=2)
    pixels = picture()
    pixels[:, 128:] //= 2
    np.testing.assert_array_equal(Restorer.from_network(network, local(), tile=128)(pixels), pixels)


def test_scarce_memory_makes_tiles_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "available_memory", lambda device: 10 * 2**20)

    class Hungry(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + x.repeat(1, 32, 1, 1).mean() * 0

    restorer = Restorer.from_network(Hungry(), ModelSpec("hungry", halo=0, overlap=0))
    assert int(restorer.choices[2].value.split(",")[0]) < 512
    assert "10 MB" in restorer.choices[2].reason


MEASURE = """
import numpy as np
from pathlib import Path
from restorecli.engine.restorer import Restorer
def kilobytes(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key))
pixels = np.full((3000, 5000, 3), 7, np.uint8)
restorer = Restorer("denoise", model="identity")
restorer(pixels[:600, :600])
Path("/proc/self/clear_refs").write_text("5")
before = kilobytes("VmRSS:")
result = restorer(pixels)
print(1024 * (kilobytes("VmHWM:") - before), result.nbytes)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_only_a_band_is_float() -> None:
    command = [sys.executable, "-c", MEASURE]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.run(command, capture_output=True, text=True, check=True, env=one_thread)
    lines = process.stdout.splitlines()
    peak, result = (int(number) for number in lines[-1].split())
    band = 512 * 5000 * 3 * 4
    assert result <= peak
    assert peak < result + 2 * band + 20 * 2**20 < 4 * result
