"""The authors' windows: geometry, and that every pixel comes from the quarter it is in."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from restorecli.errors import InputError
from restorecli.ops.windows import PAPER_WINDOWS, QuadTree, in_quad_tree, quad_tree_cuts
from restorecli.spec import TaskName

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
    name: tuple[str, TaskName], size: tuple[int, int], windows: int, shape: tuple[int, int]
) -> None:
    seen: list[tuple[int, ...]] = []

    def network(x: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(x.shape[-2:]))
        return x

    in_quad_tree(network, torch.zeros(1, 1, *size), PAPER_WINDOWS[name])
    assert len(seen) == windows
    assert set(seen) == {shape}


@given(
    name=st.sampled_from(TREES),
    height=st.integers(44, 150),
    width=st.integers(44, 150),
    scale=st.sampled_from((1, 2, 3, 4)),
)
def test_identity_gives_the_image_back(
    name: tuple[str, TaskName], height: int, width: int, scale: int
) -> None:
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


@given(
    name=st.sampled_from(TREES),
    height=st.integers(44, 200),
    width=st.integers(44, 260),
    scale=st.sampled_from((1, 2, 3, 4)),
)
def test_cuts_take_the_same_pixels_from_the_same_windows(
    name: tuple[str, TaskName], height: int, width: int, scale: int
) -> None:
    """Each window's number at its pixels: its first row and column, which no other window has."""
    tree = PAPER_WINDOWS[name]
    x = torch.arange(height * width, dtype=torch.float64).view(1, 1, height, width)
    whole = in_quad_tree(
        lambda window: window[..., :1, :1].expand(-1, -1, window.shape[2] * scale, window.shape[3] * scale),
        x,
        tree,
        scale,
    )
    rows, columns = quad_tree_cuts(height, width, tree, scale)
    for cuts, length in ((rows, height), (columns, width)):
        assert (cuts.bounds[0], cuts.bounds[-1]) == (0, length)
        assert all(left < right for left, right in pairwise(cuts.bounds))
        assert all(left < right for left, right in pairwise(cuts.starts))
        assert all(
            start <= first and last <= start + cuts.size
            for start, (first, last) in zip(cuts.starts, pairwise(cuts.bounds), strict=True)
        )
    tops = torch.tensor(rows.starts).repeat_interleave(torch.tensor(rows.bounds).diff() * scale)
    lefts = torch.tensor(columns.starts).repeat_interleave(torch.tensor(columns.bounds).diff() * scale)
    assert torch.equal(whole[0, 0], (tops[:, None] * width + lefts).double())


def test_a_long_image_runs_equal_windows_once() -> None:
    rows, columns = quad_tree_cuts(19, 1000, QuadTree(10, 6400))
    assert rows.starts == (0,)
    assert len(columns.starts) == 4


@pytest.mark.parametrize(("size", "scale"), [((18, 200), 1), ((23, 1000), 3), ((21, 21), 3)])
def test_both_refuse_the_same_sizes(size: tuple[int, int], scale: int) -> None:
    """With scale 3 a window of 23 rows is cut into 22, 21, and 21 cannot be cut."""
    tree = PAPER_WINDOWS["paedsr", "upscale"]
    with pytest.raises(InputError, match="too small"):
        in_quad_tree(lambda x: x.repeat_interleave(scale, 2), torch.zeros(1, 1, *size), tree, scale)
    with pytest.raises(InputError, match=f"{size[1]}x{size[0]} is too small"):
        quad_tree_cuts(*size, tree, scale)
