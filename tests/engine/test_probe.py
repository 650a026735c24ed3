import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from restorecli.engine import probe
from restorecli.engine.restorer import Restorer
from restorecli.networks.local import Local
from restorecli.spec import ModelSpec

costs = st.floats(0.001, 100)


@given(costs, costs, st.booleans())
def test_the_fit_goes_through_both_measurements(low: float, more: float, local: bool) -> None:
    curve = probe.fit((100, low), (400, low + more), local=local)
    assert curve.at(400) == pytest.approx(low + more)
    assert curve.first >= 0
    assert curve.second >= 0


@given(st.floats(0, 10), st.floats(0.01, 10), st.booleans())
def test_it_finds_the_curve_it_was_measured_on(first: float, second: float, local: bool) -> None:
    curve = probe.Curve(first, second, 0 if local else 1)
    fitted = probe.fit((64**2, curve.at(64**2)), (128**2, curve.at(128**2)), local=local)
    assert fitted.at(256**2) == pytest.approx(curve.at(256**2), rel=1e-6)


def test_a_cost_that_falls_is_noise() -> None:
    curve = probe.fit((100, 5.0), (400, 4.0), local=True)
    assert curve.at(1600) == pytest.approx(4.0)


class Wide(nn.Module):
    """Takes 64 numbers of memory for each of the input's."""

    def forward(self, x: Tensor) -> Tensor:
        wide = F.interpolate(x, scale_factor=8)
        return F.avg_pool2d(wide, 8)


def test_the_estimate_is_measured() -> None:
    spec = ModelSpec("wide", halo=0, tile=256, overlap=0)
    restorer = Restorer.from_network(Wide(), spec)
    small, large = restorer.estimate(256, 256), restorer.estimate(1024, 2048)
    assert (small.tiles, large.tiles) == (1, 32)
    assert large.seconds == pytest.approx(32 * small.seconds)
    if small.bytes is not None:
        wide = 64 * 3 * 4 * 256 * 256
        assert wide * 0.7 < small.bytes < wide * 3
        images = 2 * 3 * 1024 * 2048
        assert large.bytes is not None
        assert images < large.bytes - small.bytes < images + 4 * 3 * 2048 * 256 * 2


DIRTY = """
import threading
import numpy as np
import torch
from restorecli.engine import probe

def measure():
    # A thread has a heap of its own, and trimming leaves the end of such a heap resident.
    blocks = [np.ones(2**17) for _ in range(30)]
    del blocks
    for _ in range(3):
        print(probe.peak_memory(lambda: torch.ones(2**21), torch.device("cpu")))

probe.keep_freed_memory()
thread = threading.Thread(target=measure)
thread.start()
thread.join()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_memory_that_is_resident_already_hides_nothing() -> None:
    """In a process of its own, because keeping freed memory cannot be undone."""
    process = subprocess.run([sys.executable, "-c", DIRTY], capture_output=True, text=True, check=True)
    peaks = [int(line) for line in process.stdout.splitlines()]
    assert len(peaks) == 3
    assert all(7.9 * 2**20 < peak < 16 * 2**20 for peak in peaks)


def test_it_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    restorer = Restorer.from_network(Local(), ModelSpec("local", halo=2))
    first = restorer.estimate(100, 100)
    monkeypatch.setattr(probe, "measure", None)
    assert restorer.estimate(100, 100) == first


@pytest.mark.slow
def test_the_estimate_is_near_the_truth() -> None:
    spec = ModelSpec("local", halo=2, tile=256)
    restorer = Restorer.from_network(Local(width=32), spec)
    estimate = restorer.estimate(1000, 1500)
    torch.manual_seed(0)
    from restorecli.images import Image

    report = restorer.restore_image(Image.from_array(np.zeros((1000, 1500, 3), np.uint8))).report
    assert report.tiles == estimate.tiles
    assert report.seconds / 4 < estimate.seconds < report.seconds * 4
