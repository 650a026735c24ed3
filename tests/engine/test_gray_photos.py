"""Gray photos stay gray, whether they were saved with one channel or with three equal ones."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from traceback import walk_tb

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor, nn

from restorecli.engine import loading
from restorecli.engine.restorer import Restorer
from restorecli.errors import WeightsError
from restorecli.images import Image
from restorecli.networks.local import Local
from restorecli.spec import Choice, ModelSpec, WeightsEntry

COLOUR = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
GRAY = COLOUR[:, :, :1]


class Double(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2, mode="nearest")


class Reddish(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * x.new_tensor([0.9, 0.7, 0.5])[:, None, None]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_gray_photo_stays_gray_and_is_the_same_however_it_was_saved(dtype: type) -> None:
    """A network need not treat three equal colours alike."""
    restorer = Restorer.from_network(Reddish(), ModelSpec("reddish"), tile=32, overlap=8)
    gray = (GRAY / 255).astype(dtype) if dtype is np.float32 else GRAY.astype(dtype)
    restored = restorer(np.repeat(gray, 3, axis=2))
    assert restored.shape == COLOUR.shape
    np.testing.assert_array_equal(restored, np.repeat(restorer(gray), 3, axis=2))
    coloured = restorer(COLOUR)
    assert (coloured[:, :, 0] != coloured[:, :, 2]).any()


def test_gray_with_alpha_that_was_saved_as_colour_is_enlarged_as_colour() -> None:
    restorer = Restorer.from_network(Double(), ModelSpec("double", scale=2), task="upscale")
    alpha = np.full((40, 50, 1), 255, np.uint8)
    doubled = restorer(np.concatenate([GRAY, GRAY, GRAY, alpha], axis=2))
    np.testing.assert_array_equal(doubled[:, :, :3], GRAY.repeat(2, 0).repeat(2, 1).repeat(3, 2))


# ------------------------------------------------------------------------ weights of their own by default


ROW = """
[[weights]]
id = "{id}"
task = "denoise"
source = "file"
file = "{id}.safetensors"
default = true

[weights.model]
network = "local"
params = {{ channels = {channels} }}
channels = {channels}
halo = 2
"""


@pytest.fixture(scope="module")
def two_defaults(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list in which gray and colour photos have weights of their own."""
    folder = tmp_path_factory.mktemp("weights")
    rows = {"coloured": 3, "gray": 1}
    for id, channels in rows.items():
        save_file(Local(channels).state_dict(), folder / f"{id}.safetensors")
    path = folder / "own.toml"
    path.write_text("".join(ROW.format(id=id, channels=channels) for id, channels in rows.items()))
    return path


def restored(restorer: Restorer, pixels: np.ndarray) -> tuple[np.ndarray, str]:
    result = restorer.restore_image(Image.from_array(pixels))
    assert not result.report.notes
    return result.image.pixels, result.report.weights


@given(
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    kind=st.sampled_from(["8 bits", "16 bits", "float"]),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_gray_photos_get_gray_weights_however_they_were_saved(
    two_defaults: Path, height: int, width: int, kind: str, seed: int, data: st.DataObject
) -> None:
    restorer = Restorer("denoise", device="cpu", weights_file=two_defaults)
    rng = np.random.default_rng(seed)
    dtype = np.uint8 if kind == "8 bits" else np.uint16
    top = np.iinfo(dtype).max

    def of_kind(whole: np.ndarray) -> np.ndarray:
        return (whole / top).astype(np.float32) if kind == "float" else whole

    gray = rng.integers(0, top, (height, width, 1), dtype)  # below the top: one can be added
    expected, weights = restored(restorer, of_kind(gray))
    assert weights == "gray"
    thrice = np.repeat(gray, 3, axis=2)
    result, weights = restored(restorer, of_kind(thrice))
    assert weights == "gray"
    np.testing.assert_array_equal(result, np.repeat(expected, 3, axis=2))

    place = tuple(data.draw(st.integers(0, length - 1)) for length in thrice.shape)
    thrice[place] += 1
    assert restored(restorer, of_kind(thrice))[1] == "coloured"

    # A colour that nobody sees is none.
    alpha = np.full((height, width, 1), top, dtype)
    alpha[place[:2]] = 0
    result, weights = restored(restorer, of_kind(np.concatenate([thrice, alpha], axis=2)))
    assert weights == ("gray" if height * width > 1 else "coloured")
    np.testing.assert_array_equal(result[place[:2]], of_kind(thrice)[place[:2]])
    seen = alpha[:, :, 0] != 0
    like_gray, _ = restored(restorer, of_kind(np.concatenate([gray, alpha], axis=2)))
    np.testing.assert_array_equal(result[seen], np.repeat(like_gray[seen], 3, axis=1))


def test_a_tensor_of_gray_and_colour_images(two_defaults: Path) -> None:
    batch = torch.from_numpy(np.stack([np.repeat(GRAY, 3, axis=2), COLOUR])).permute(0, 3, 1, 2) / 255
    restorer = Restorer("denoise", device="cpu", weights_file=two_defaults)
    both = restorer(batch)
    for image, result in zip(batch, both, strict=True):
        assert torch.equal(restorer(image), result)
    assert torch.equal(both[0, 0], both[0, 2])


def test_weights_that_are_here_are_loaded_at_once_and_gray_ones_when_they_are_needed(
    two_defaults: Path,
) -> None:
    told: list[str] = []
    restorer = Restorer(
        "denoise",
        device="cpu",
        weights_file=two_defaults,
        before_loading=lambda entry: told.append(entry.id),
    )
    assert told == ["coloured"]
    for pixels in (COLOUR, GRAY, COLOUR, GRAY):
        restorer(pixels)
    assert told == ["coloured", "gray"]
    report = restorer.restore_image(Image.from_array(GRAY)).report
    assert report.chosen == "the default for denoise of gray photos"  # noise was not looked at
    weights = restorer.choices[3]
    assert weights == Choice("coloured (by the photo also gray)", "the default for denoise")


def test_the_defaults_of_the_package() -> None:
    restorer = Restorer("denoise", device="cpu")
    flat = np.full((40, 50, 3), 90, np.uint8)
    assert restored(restorer, flat[:, :, :1])[1] == "compact-denoise-gray"
    assert restored(restorer, flat + np.arange(3, dtype=np.uint8))[1] == "compact-denoise"
    assert restored(restorer, GRAY)[1] == "compact-denoise-gray-white"


def test_threads_that_share_a_restorer_load_one_network_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two would both make room for their own, and each could throw out the other's."""
    load, inside, together = loading.load_network, [], []

    def watched(entry: WeightsEntry) -> nn.Module:
        inside.append(entry.id)
        time.sleep(0.02)
        together.append(len(inside))
        network = load(entry)
        inside.remove(entry.id)
        return network

    monkeypatch.setattr(loading, "load_network", watched)
    monkeypatch.setattr(loading, "LOADED", 1)
    restorer = Restorer("denoise", tile=64, load=False)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(restorer, [GRAY, COLOUR] * 4))
    assert set(together) == {1}
    for one, other in zip(results, results[2:], strict=False):
        np.testing.assert_array_equal(one, other)


def test_weights_that_are_not_there_keep_no_photo_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is kept, so that they are not tried anew; the way it took would hold every photo's pixels."""

    def missing(entry: WeightsEntry) -> nn.Module:
        raise WeightsError(f"{entry.id} is not here")

    monkeypatch.setattr(loading, "load_network", missing)
    restorer = Restorer("denoise", load=False)
    lengths = []
    for _ in range(4):
        with pytest.raises(WeightsError) as caught:
            restorer.restore_image(Image.from_array(COLOUR))
        lengths.append(len(list(walk_tb(caught.value.__traceback__))))
    assert len(set(lengths[1:])) == 1
