"""Metadata that no picture has does not stop it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from restorecli.images import Image, Metadata, read, write


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tiff", ".bmp"])
def test_a_resolution_that_is_none_is_left_out_and_said(tmp_path: Path, suffix: str):
    """As many dots per metre as a PNG can name."""
    pixels = np.zeros((4, 4, 3), np.uint8)
    image = replace(Image.from_array(pixels), metadata=Metadata(dpi=(109_090_909.0, 109_090_909.0)))
    receipt = write(image, tmp_path / f"a{suffix}")
    assert "dpi: no resolution" in receipt.lost
    left = read(tmp_path / f"a{suffix}").metadata.dpi
    assert left is None or max(left) < 97  # BMP has always one
