"""What a file holds beside its picture comes back, or the receipt and the notes say that it does not."""

import io
import struct
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from independent import photo
from PIL import Image as Pillow

from restorecli.errors import InputError, OutputError
from restorecli.images import Image, WriteOptions, lost_in_place, read, write
from restorecli.images.iptc import from_resources, jpeg_segment

CAPTION = b"\x1c\x02\x78\x00\x0bJ\xc3\xb6rg's cat"  # IPTC 2:120
RESOURCES = b"8BIM\x04\x0c\x03abc" + struct.pack(">L", 3) + b"old\0"  # a thumbnail with a name of its own
RESOURCES += b"8BIM\x04\x04\0\0" + struct.pack(">L", len(CAPTION)) + CAPTION
MP4 = b"\0\0\0\x18ftypmp42" + bytes(500)


def jpeg(**options) -> bytes:
    stream = io.BytesIO()
    Pillow.fromarray(photo(24, 32)).save(stream, "JPEG", **options)
    return stream.getvalue()


def tiff(pixels: np.ndarray, **options) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, metadata=None, **options)
    return stream.getvalue()


def again(image: Image, format: str) -> tuple[Image, bytes]:
    stream = io.BytesIO()
    write(image, stream, WriteOptions(format=format))
    return read(stream.getvalue()), stream.getvalue()


@pytest.mark.parametrize("format", ["tiff", "jpg", "png", "webp"])
@pytest.mark.parametrize("text", ["Jörg ©", "写真"])
def test_names_of_any_alphabet_keep_their_bytes(format, text):
    stored = text.encode() + b"\0"
    picture, data = again(read(tiff(photo(9, 7), extratags=[(315, 2, len(stored), stored, True)])), format)
    assert text.encode() + b"\0" in data
    assert text.encode() + b"\0" in again(picture, "tiff")[1]


@pytest.mark.parametrize(
    ("channels", "extra", "colours", "has_alpha"),
    [(5, [0, 0, 0, 0], 1, False), (4, [0], 3, False), (5, [0, 0], 3, False), (5, [2, 0], 3, True)],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_channels_that_are_not_read_are_said_and_never_replaced(channels, extra, colours, has_alpha, dtype):
    pixels = np.arange(6 * 5 * channels, dtype=dtype).reshape(6, 5, channels)
    kind = "minisblack" if colours == 1 else "rgb"
    image = read(tiff(pixels, photometric=kind, planarconfig="contig", extrasamples=extra))
    np.testing.assert_array_equal(image.pixels, pixels[:, :, :colours])
    assert (image.alpha is not None) == has_alpha
    spare = channels - colours - (image.alpha is not None)
    assert f"{spare} of {channels} channels" in " ".join(image.notes)
    assert f"{spare} of {channels} channels" in (lost_in_place(image.origin, "TIFF") or "")


def test_channels_that_cannot_be_read_are_not_called_damage():
    pixels = np.zeros((6, 5, 5), np.uint8)
    with pytest.raises(InputError, match="not supported"):
        read(tiff(pixels, photometric="separated", planarconfig="contig", extrasamples=[2]))


def test_captions_of_newsrooms_travel_between_jpeg_and_tiff():
    from_jpeg = read(jpeg(extra=jpeg_segment(CAPTION)))
    from_tiff = read(tiff(photo(9, 7), extratags=[(34377, 7, len(RESOURCES), RESOURCES, True)]))
    for image in (from_jpeg, from_tiff):
        assert image.metadata.iptc == CAPTION
        for format in ("jpg", "tiff"):
            picture, data = again(image, format)
            assert picture.metadata.iptc == CAPTION
            assert b"old" not in data
    receipt = write(from_jpeg, io.BytesIO(), WriteOptions(format="png"))
    assert receipt.lost == ("iptc: PNG has no place for it",)
    assert CAPTION not in again(from_jpeg, "png")[1]
    stripped = io.BytesIO()
    write(from_jpeg, stripped, WriteOptions(format="jpg", strip=True))
    assert CAPTION not in stripped.getvalue()


@pytest.mark.parametrize("cut", range(len(RESOURCES)))
def test_resources_that_are_cut_off_do_no_harm(cut):
    found = from_resources(RESOURCES[:cut])
    assert found is None or CAPTION.startswith(found)


def test_a_comment_comes_back():
    image = read(jpeg(comment=b"from the attic"))
    assert again(image, "jpg")[0].metadata.comment == b"from the attic"
    assert "comment" in write(image, io.BytesIO(), WriteOptions(format="jpg")).kept


def test_a_video_behind_the_picture_is_said_and_never_replaced():
    plain = read(jpeg())
    assert (plain.notes, lost_in_place(plain.origin, "JPEG")) == ((), None)
    moving = read(jpeg() + b"MotionPhoto_Data" + MP4)
    assert moving.notes == ("left out: a video behind the picture",)
    assert "video" in (lost_in_place(moving.origin, "JPEG") or "")


def test_a_resolution_that_only_the_exif_block_knows_is_kept():
    tags = Pillow.Exif()
    tags[282], tags[283], tags[296] = 118.0, 118.0, 3  # per centimetre
    image = read(jpeg(exif=tags.tobytes()))
    for format in ("tiff", "png", "jpg", "webp"):
        assert again(image, format)[0].metadata.dpi == pytest.approx((299.72, 299.72), abs=0.5)
        assert write(image, io.BytesIO(), WriteOptions(format=format)).lost == ()
    other = replace(image, metadata=replace(image.metadata, dpi=(72.0, 72.0)))
    lost = write(other, io.BytesIO(), WriteOptions(format="webp")).lost
    assert lost == ("dpi: WEBP has no place for it",)


@pytest.mark.parametrize("format", ["avif", "heic"])
def test_a_picture_too_wide_for_a_format_is_refused_in_words(format):
    with pytest.raises(OutputError, match="cannot hold these"):
        write(np.zeros((1, 70_000, 3), np.uint8), io.BytesIO(), WriteOptions(format=format))
