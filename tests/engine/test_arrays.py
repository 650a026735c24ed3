import numpy as np
import pytest
import torch
from PIL import Image as PillowImage

import restorecli
from restorecli.engine.restorer import Restorer, restore
from restorecli.errors import UsageError
from restorecli.images import Image

SHAPES = [(9, 11), (9, 11, 1), (9, 11, 2), (9, 11, 3), (9, 11, 4)]


def array_of(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (
        rng.random(shape).astype(dtype)
        if dtype.startswith("f")
        else rng.integers(0, 250, shape).astype(dtype)
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["u1", "u2", ">u2", "f2", "f4", "f8"])
def test_arrays_come_back_as_what_they_were(shape: tuple[int, ...], dtype: str) -> None:
    array = array_of(shape, dtype)
    before = array.copy()
    array.flags.writeable = False
    result = Restorer("denoise", model="identity")(array)
    assert result.shape == shape
    assert result.dtype == array.dtype
    np.testing.assert_allclose(result, before, rtol=0, atol=1e-6 if dtype.startswith("f") else 0)
    np.testing.assert_array_equal(array, before)


def test_any_memory_layout() -> None:
    array = array_of((30, 40, 3), "u1")
    restorer = Restorer("denoise", model="identity")
    for view in (array[::-1, ::2], array.transpose(1, 0, 2), np.asfortranarray(array)):
        np.testing.assert_array_equal(restorer(view), view)


@pytest.mark.parametrize("shape", [(1, 9, 11), (3, 9, 11), (1, 3, 9, 11), (4, 1, 9, 11)])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_tensors_come_back_as_what_they_were(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    tensor = torch.rand(shape, generator=torch.Generator().manual_seed(0)).to(dtype).requires_grad_()
    result = Restorer("denoise", model="identity")(tensor)
    assert result.shape == tensor.shape
    assert result.dtype == dtype
    assert not result.requires_grad
    torch.testing.assert_close(result, tensor.detach(), rtol=0, atol=1e-6)


def test_values_out_of_range_are_clamped() -> None:
    result = Restorer("denoise", model="identity")(np.array([[-0.5, 0.25, 1.5]], np.float32))
    np.testing.assert_allclose(result, [[0, 0.25, 1]], atol=1e-7)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((4, 4, 5), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((2, 4, 4, 3), np.uint8),
        np.zeros((4, 4), np.int32),
        np.zeros((4, 4), bool),
        np.full((4, 4), 200.0),
        np.full((4, 4), np.nan),
        torch.zeros(4, 4),
        torch.zeros(2, 4, 4),
        torch.zeros(3, 0, 4),
        torch.zeros(1, 1, 3, 4, 4),
        torch.zeros(3, 4, 4, dtype=torch.uint8),
        torch.full((3, 4, 4), float("nan")),
        torch.full((3, 4, 4), 255.0),
        [[1, 2], [3, 4]],
        "photo.png",
    ],
    ids=repr,
)
def test_what_is_no_image_is_refused_in_one_line(bad: object) -> None:
    with pytest.raises(UsageError) as caught:
        Restorer("denoise", model="identity")(bad)  # pyright: ignore[reportArgumentType, reportCallIssue]
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_what_was_read_can_be_restored_and_written_with_its_metadata(tmp_path) -> None:
    noisy = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    PillowImage.fromarray(noisy).save(tmp_path / "in.png", dpi=(300, 300))
    restored = Restorer("denoise", model="identity")(restorecli.read(tmp_path / "in.png"))
    restorecli.write(restored, tmp_path / "out.png")
    restorecli.write(restored, tmp_path / "out.png", restorecli.WriteOptions(overwrite=True))
    with PillowImage.open(tmp_path / "out.png") as image:
        assert round(image.info["dpi"][0]) == 300
    restorecli.write(noisy, tmp_path / "array.png")  # pixels alone are enough
    with PillowImage.open(tmp_path / "array.png") as image:
        assert np.array_equal(np.array(image), noisy)


def test_restore_gives_back_the_kind_it_was_given(tmp_path) -> None:
    pixels = array_of((9, 11, 4), "u1")
    pixels[:, :, 3] = 255
    path = tmp_path / "photo.png"
    restorecli.write(Image.from_array(pixels), path)
    for source in (path, str(path), path.read_bytes(), pixels):
        result = restore(source, model="identity")
        assert isinstance(result, np.ndarray)
        np.testing.assert_array_equal(result, pixels)
    assert isinstance(restore(Image.from_array(pixels), model="identity"), Image)
    assert isinstance(restore(torch.zeros(3, 4, 4), model="identity"), torch.Tensor)
    assert restorecli.restore is restore
