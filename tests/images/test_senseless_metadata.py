"""Metadata that no picture has does not stop it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from restorecli.errors import InputError
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


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "camera raw file"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG drawing"),
        (b"<html><body>404</body></html>", "web page"),
    ],
)
def test_what_is_no_image_is_called_by_its_name(head: bytes, message: str):
    with pytest.raises(InputError, match=message):
        read(head)
