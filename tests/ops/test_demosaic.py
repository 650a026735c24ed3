"""Demosaicing by rule: what was measured stays, and what is smooth is found."""

import pytest
import torch

from restorecli.ops.camera import PATTERNS
from restorecli.ops.demosaic import DEMOSAICINGS, sites


def seen(image: torch.Tensor, pattern: str) -> torch.Tensor:
    return (image * sites(pattern, *image.shape[-2:])).sum(-3)


def ramp(height: int = 18, width: int = 23) -> torch.Tensor:
    """Three channels, each rising evenly."""
    rows, columns = torch.meshgrid(torch.arange(float(height)), torch.arange(float(width)), indexing="ij")
    return torch.stack([0.1 + 0.2 * k + 0.01 * rows + 0.015 * columns for k in range(3)])


def test_half_of_a_mosaic_is_green_and_each_pixel_has_one_colour():
    for pattern in PATTERNS:
        measured = sites(pattern, 6, 8)
        assert measured.sum((1, 2)).tolist() == [12, 24, 12]
        assert (measured.sum(0) == 1).all()
    assert sites("grbg", 4, 4)[0, 0, 1]
    assert sites("grbg", 4, 4)[2, 1, 0]


@pytest.mark.parametrize("name", DEMOSAICINGS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_measured_values_stay_and_even_slopes_are_found(name: str, pattern: str):
    image = ramp()
    result = DEMOSAICINGS[name](seen(image, pattern), pattern)
    measured = sites(pattern, *image.shape[-2:])
    torch.testing.assert_close(result[measured], image[measured])
    inside = (..., slice(4, -4), slice(4, -4))  # mirroring bends a slope at the edges
    torch.testing.assert_close(result[inside], image[inside])


@pytest.mark.parametrize("name", DEMOSAICINGS)
def test_several_mosaics_at_once_are_as_one_by_one(name: str):
    mosaics = torch.rand(2, 12, 14, generator=torch.Generator().manual_seed(1))
    both = DEMOSAICINGS[name](mosaics, "rggb")
    for one, result in zip(mosaics, both, strict=True):
        torch.testing.assert_close(result, DEMOSAICINGS[name](one, "rggb"))


def test_an_edge_is_followed_where_bilinear_steps():
    """A gray picture with an upright edge: the edge-aware way finds it, the others make a zipper."""
    image = torch.zeros(3, 24, 24)
    image[:, :, 11:] = 1
    errors = {
        name: (way(seen(image, "grbg"), "grbg") - image).abs().mean().item()
        for name, way in DEMOSAICINGS.items()
    }
    assert errors["edge-aware"] < 1e-6
    assert min(errors["malvar"], errors["bilinear"]) > 0.01
