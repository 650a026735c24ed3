"""A JPEG with a hole in it is never restored in silence: libjpeg knows of it, though Pillow does not say."""

import io
import random
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from PIL import Image as Pillow

from restorecli.errors import InputError
from restorecli.images import lost_in_place, read, read_size
from restorecli.registry import PACKAGE

KINDS = {
    "4:2:0": {},
    "4:4:4": {"subsampling": 0},
    "progressive": {"progressive": True},
    "restart markers": {"restart_marker_blocks": 4},
    "gray": {"mode": "L"},
    "CMYK": {"mode": "CMYK"},
}


def jpeg(mode: str = "RGB", **options: object) -> bytes:
    stream = io.BytesIO()
    with Pillow.open(PACKAGE / "data" / "images" / "city.png") as photo:
        photo.convert(mode).save(stream, "JPEG", quality=88, **options)
    return stream.getvalue()


def with_a_hole(data: bytes, seed: int) -> bytes:
    start = data.index(b"\xff\xda") + 40
    place = random.Random(seed).randrange(start, len(data) - 600)
    return data[:place] + data[place + 512 :]


def libjpeg_warns(data: bytes) -> bool:
    """The whole picture through libjpeg, strictly."""
    colours = simplejpeg.decode_jpeg_header(data)[2]
    try:
        simplejpeg.decode_jpeg(data, "CMYK" if colours in ("CMYK", "YCCK") else "RGB")
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("kind", KINDS)
def test_a_hole_is_said(kind: str):
    whole = jpeg(**KINDS[kind])  # type: ignore[arg-type] - of several types
    assert not read(whole).origin.damage
    known = [data for data in (with_a_hole(whole, seed) for seed in range(8)) if libjpeg_warns(data)]
    # The later scans of a progressive JPEG can be any bits: of a hole in them nobody knows.
    assert len(known) == 8 or (kind == "progressive" and len(known) > 4)
    for data in known:
        with pytest.raises(InputError, match="the file is damaged: ") as caught:
            read(data)
        assert "--damaged restores what is left" in (caught.value.hint or "")
        left = read(data, damaged=True)
        assert left.origin.damage
        assert left.notes[-1].startswith("the file is damaged: ")
        assert "damaged" in (lost_in_place(left.origin, ".jpg") or "")
        assert read_size(data) == left.pixels.shape[:2]


def test_a_file_that_is_cut_off_is_read_as_far_as_it_goes():
    whole = jpeg()
    data = whole[: len(whole) * 2 // 3]
    with pytest.raises(InputError, match="cut off") as caught:
        read(data)
    assert "--damaged" in (caught.value.hint or "")
    left = read(data, damaged=True)
    height = left.pixels.shape[0] // 2
    np.testing.assert_array_equal(left.pixels[: height - 16], read(whole).pixels[: height - 16])
    assert left.origin.damage


def test_scans_that_are_missing_are_said():
    """libjpeg makes a soft picture of those that are there."""
    whole = jpeg(progressive=True)
    last = whole.rindex(b"\xff\xc4")  # the tables of the last scan
    with pytest.raises(InputError, match="scans are missing"):
        read(whole[:last] + b"\xff\xd9")


def test_zeros_before_the_end_are_no_damage():
    """As some cameras write them; anything else there is."""
    whole = jpeg()
    assert whole.endswith(b"\xff\xd9")
    padded = whole[:-2] + b"\0" * 37 + b"\xff\xd9"
    np.testing.assert_array_equal(read(padded).pixels, read(whole).pixels)
    with pytest.raises(InputError, match="extraneous bytes"):
        read(whole[:-2] + bytes(range(1, 38)) + b"\xff\xd9")


def test_the_command_takes_it_only_when_told_and_never_in_place(tmp_path: Path):
    from restorecli.cli.app import main

    photo = tmp_path / "a.jpg"
    data = with_a_hole(jpeg(), 1)
    photo.write_bytes(data)
    words = ["denoise", str(photo), "--model", "identity", "-q"]
    assert main(words) == 1
    assert main([*words, "--in-place", "--damaged"]) == 1
    assert photo.read_bytes() == data
    assert main([*words, "--damaged"]) == 0
    assert (tmp_path / "a.denoise.jpg").exists()
