"""Drawn patterns: thresholds after Bayer, and pictures that stay pictures."""

import pytest
import torch
from torch import Generator

from restorecli.ops.patterns import ordered, with_flat, with_pattern


def test_the_thresholds_are_those_of_bayer():
    expected = torch.tensor([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])
    torch.testing.assert_close(ordered(2) * 16 - 0.5, expected.float())


@pytest.mark.parametrize("doublings", [1, 2, 3])
def test_each_threshold_stands_once_so_that_every_gray_is_shown_by_its_share(doublings):
    thresholds = ordered(doublings)
    for share in (0.25, 0.5, 0.75):
        assert (thresholds < share).float().mean() == share
    assert thresholds.unique().numel() == thresholds.numel() == 4**doublings


@pytest.mark.parametrize("seed", range(40))
def test_a_pattern_has_two_colours_a_channel_and_leaves_the_rest_alone(seed):
    generator = Generator().manual_seed(seed)
    photo = torch.rand(3, 40, 56, generator=generator)
    before = photo.clone()
    drawn = with_pattern(photo, generator)
    assert torch.equal(photo, before)
    assert drawn.shape == photo.shape
    assert 0 <= drawn.min() <= drawn.max() <= 1
    changed = (drawn != photo).any(0)
    rows, columns = changed.any(1).nonzero().flatten(), changed.any(0).nonzero().flatten()
    part = drawn[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert all(channel.unique().numel() <= 2 for channel in part)


@pytest.mark.parametrize("seed", range(12))
def test_a_flat_part_has_one_colour_and_leaves_the_rest_alone(seed):
    generator = Generator().manual_seed(seed)
    photo = torch.rand(3, 40, 56, generator=generator)
    before = photo.clone()
    drawn = with_flat(photo, generator)
    assert torch.equal(photo, before)
    changed = (drawn != photo).any(0)
    assert changed.any()
    assert len(drawn[:, changed].unique(dim=1).T) == 1
    assert 0 <= drawn.min() <= drawn.max() <= 1
