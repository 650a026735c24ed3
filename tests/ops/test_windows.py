"""The authors' windows: geometry, and that every pixel comes from the quarter it is in."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from restorecli.errors import InputError
from restorecli.ops.windows import PAPER_WINDOWS, QuadTree, in_quad_tree

TREES = sorted(PAPER_WINDOWS)


@pytest.mark.parametrize(
    ("name", "size", "windows", "shape"),
    [
        (("panet", "denoise"), (512, 768), 256, (50, 66)),
        (("rnan", "denoise"), (512, 768), 64, (84, 116)),
        (("dagl", "demosaic"), (512, 768), 64, (84, 116)),
        (("dagl", "denoise"), (512, 768), 256, (76, 92)),
        (("rnan", "denoise"), (321, 481), 64, (60, 80)),
        (("dagl", "denoise"), (321, 481), 64, (80, 100)),
    ],
)
def test_windows_of_the_papers_images(
    name: tuple[str, str], size: tuple[int, int], windows: int, shape: tuple[int, int]
) -> None:
    seen: list[tuple[int, ...]] = []

    def network(x: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(x.shape[-2:]))
        return x

    in_quad_tree(network, torch.zeros(1, 1, *size), PAPER_WINDOWS[name])
    assert len(seen) == windows
    assert set(seen) == {shape}


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(TREES),
    height=st.integers(44, 150),
    width=st.integers(44, 150),
    scale=st.sampled_from((1, 2, 3, 4)),
)
def test_identity_gives_the_image_back(name: tuple[str, str], height: int, width: int, scale: int) -> None:
    x = torch.arange(height * width, dtype=torch.float32).view(1, 1, height, width)

    def enlarge(window: torch.Tensor) -> torch.Tensor:
        return window.repeat_interleave(scale, 2).repeat_interleave(scale, 3)

    assert torch.equal(in_quad_tree(enlarge, x, PAPER_WINDOWS[name], scale), enlarge(x))


@pytest.mark.parametrize(
    ("tree", "smallest"),
    [(QuadTree(10, 6400), 19), (QuadTree(12, 10000, 4), 20), (QuadTree(24, 10000, 4), 44)],
)
def test_smallest_image(tree: QuadTree, smallest: int) -> None:
    assert tree.smallest() == smallest
    in_quad_tree(lambda x: x, torch.zeros(1, 1, smallest, smallest), tree)
    with pytest.raises(InputError, match=f"need {smallest} pixels"):
        in_quad_tree(lambda x: x, torch.zeros(1, 1, smallest - 1, smallest + 9), tree)


def test_even_a_small_image_is_cut_once() -> None:
    sizes = []
    in_quad_tree(lambda x: sizes.append(tuple(x.shape)) or x, torch.zeros(1, 1, 30, 40), QuadTree(10, 6400))
    assert sizes == [(1, 1, 25, 30)] * 4


def test_rnan_windows_are_even() -> None:
    tree = PAPER_WINDOWS["rnan", "dejpeg"]
    assert all(tree.side(length) % 4 == 0 for length in range(20, 500))
