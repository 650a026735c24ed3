"""Profile, EXIF, XMP, print size and orientation travel through every format."""

import io
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pillow_heif
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from independent import make_exif, make_png, patches, photo, png_pieces
from PIL import Image as Pillow
from PIL import ImageCms

from restorecli.images import Image, Metadata, WriteOptions, exif, read, read_size, write

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="1" dc:creator="me"/></x:xmpmeta>'
)
TURNED_XMP = XMP.replace(b'Orientation="1"', b'Orientation="6"')
HOLDS = {
    "png": {"icc", "exif", "xmp", "dpi"},
    "tiff": {"icc", "exif", "xmp", "dpi"},
    "jpg": {"icc", "exif", "xmp", "dpi"},
    "webp": {"icc", "exif", "xmp"},
    "avif": {"icc", "exif", "xmp"},
    "heic": {"icc", "exif", "xmp"},
    "bmp": {"dpi"},
}
FULL = Metadata(icc=ICC, exif=make_exif(), xmp=XMP, dpi=(300.0, 150.0))


def full_image() -> Image:
    return replace(Image.from_array(patches(48, 64)), metadata=FULL)


def encoded(image: Image, format: str, **options) -> bytes:
    stream = io.BytesIO()
    write(image, stream, WriteOptions(format=format, **options))
    return stream.getvalue()


def tags_of(block: bytes) -> dict:
    """EXIF as an independent reader sees it: the first directory and the Exif directory below it."""
    tags = Pillow.Exif()
    tags.load(block)
    return dict(tags) | dict(tags.get_ifd(0x8769))


@pytest.mark.parametrize("format", HOLDS)
def test_everything_the_format_holds_is_kept_and_the_rest_is_named(format):
    receipt = write(full_image(), io.BytesIO(), WriteOptions(format=format))
    assert set(receipt.kept) == HOLDS[format]
    assert {entry.split(":")[0] for entry in receipt.lost} == {"icc", "exif", "xmp", "dpi"} - HOLDS[format]

    data = encoded(full_image(), format)
    again = read(data).metadata
    if "icc" in HOLDS[format]:
        assert again.icc == ICC
        tags = tags_of(again.exif)
        assert (tags[0x010F], tags[0xA002], tags[0xA003]) == ("Maker", 64, 48)
        assert tags.get(0x0112, 1) == 1
        assert b"NOTE with offsets" in tags[0x927C]
        assert b'creator="me"' in again.xmp
    if "dpi" in HOLDS[format]:
        assert again.dpi == pytest.approx((300, 150), abs=0.02)  # PNG and BMP count whole dots per metre


@pytest.mark.parametrize("format", ["png", "jpg", "webp", "avif", "heic"])
def test_other_programs_find_the_metadata(format):
    pillow_heif.register_heif_opener()  # only in this test: the product does not touch Pillow's own list
    picture = Pillow.open(io.BytesIO(encoded(full_image(), format)))
    assert picture.info["icc_profile"] == ICC
    assert picture.getexif()[0x010F] == "Maker"
    xmp = picture.info.get("xmp") or picture.info["XML:com.adobe.xmp"].encode()
    assert b'creator="me"' in xmp


def test_exif_is_kept_byte_for_byte_where_nothing_had_to_change():
    block = exif.upright(make_exif(1))
    image = replace(full_image(), metadata=Metadata(exif=block))
    assert dict(png_pieces(encoded(image, "png")))[b"eXIf"] == block


def test_tiff_metadata_lies_in_tags_of_its_own():
    with tifffile.TiffFile(io.BytesIO(encoded(full_image(), "tiff"))) as file:
        tags = file.pages[0].tags
        assert tags[34675].value == ICC
        assert tags[700].value == XMP
        assert tags[271].value == "Maker"
        assert tags[34665].value["PixelXDimension"] == 64
        assert tags[282].value == (300, 1)


def test_descriptive_tags_of_a_tiff_become_exif():
    stream = io.BytesIO()
    tifffile.imwrite(
        stream,
        photo(9, 7),
        photometric="rgb",
        description="a cat",
        metadata=None,
        resolution=(118.11, 118.11),
        resolutionunit=3,
    )
    image = read(stream.getvalue())
    assert image.metadata.dpi == pytest.approx((300, 300), rel=1e-4)
    assert tags_of(image.metadata.exif)[270] == "a cat"
    assert not set(tags_of(image.metadata.exif)) & {256, 257, 273, 279}
    with tifffile.TiffFile(io.BytesIO(encoded(image, "tiff"))) as file:
        assert file.pages[0].tags[270].value == "a cat"


def stored_turned(format: str, orientation: int) -> tuple[bytes, np.ndarray]:
    """A file with the orientation, and the upright pixels."""
    seen = patches(48, 64)
    stored = {  # how a camera held like that would store what is seen
        1: seen,
        2: seen[:, ::-1],
        3: seen[::-1, ::-1],
        4: seen[::-1],
        5: seen.swapaxes(0, 1),
        6: np.rot90(seen, 1),
        7: seen[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(seen, -1),
    }[orientation]
    stored = np.ascontiguousarray(stored)
    block = b"Exif\0\0" + make_exif(orientation, size=stored.shape[1::-1])
    stream = io.BytesIO()
    if format == "png":
        return make_png(stored, extra=((b"eXIf", block[6:]),)), seen
    if format in ("tiff", "tiff-planar"):
        planar = format == "tiff-planar"
        tags = [(274, "H", 1, orientation, True)]
        array = np.moveaxis(stored, -1, 0) if planar else stored
        layout = "separate" if planar else "contig"
        tifffile.imwrite(stream, array, photometric="rgb", planarconfig=layout, extratags=tags, metadata=None)
    elif format == "heic":
        picture = pillow_heif.from_pillow(Pillow.fromarray(stored))
        picture.info["exif"] = block  # the encoder makes a rotation box of it
        picture.save(stream, quality=-1, chroma=444)
    else:
        options = {
            "jpeg": {"quality": 100, "subsampling": 0},
            "webp": {"lossless": True},
            "avif": {"quality": 100, "subsampling": "4:4:4"},
        }
        Pillow.fromarray(stored).save(stream, format, exif=block, **options[format])
    return stream.getvalue(), seen


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["png", "jpeg", "tiff", "tiff-planar", "webp", "avif", "heic"])
def test_pixels_are_turned_upright_and_the_tag_says_so(format, orientation):
    data, seen = stored_turned(format, orientation)
    image = read(data)
    assert image.pixels.shape == seen.shape
    assert read_size(data) == seen.shape[:2]
    assert np.abs(image.pixels.astype(int) - seen).max() <= (3 if format in ("jpeg", "avif", "heic") else 0)
    if image.metadata.exif:
        assert exif.orientation(image.metadata.exif) == 1
    again = read(encoded(image, "png"))
    assert np.array_equal(again.pixels, image.pixels)
    if image.metadata.exif and not format.startswith("tiff"):
        tags = tags_of(again.metadata.exif)
        assert (tags[0xA002], tags[0xA003]) == (64, 48)
        assert b"thumbnail" not in again.metadata.exif


def test_print_size_turns_with_the_pixels():
    stream = io.BytesIO()
    Pillow.fromarray(patches(32, 48)).save(stream, "JPEG", exif=b"Exif\0\0" + make_exif(6), dpi=(300, 150))
    assert read(stream.getvalue()).metadata.dpi == (150.0, 300.0)


def test_xmp_agrees_with_the_upright_pixels():
    stream = io.BytesIO()
    Pillow.fromarray(patches(32, 48)).save(stream, "JPEG", exif=b"Exif\0\0" + make_exif(6), xmp=TURNED_XMP)
    image = read(stream.getvalue())
    assert image.metadata.xmp == XMP
    assert (image.height, image.width) == (48, 32)


def test_an_orientation_that_only_xmp_tells_turns_nothing():
    """As browsers and viewers do it; and an encoder must not turn the result by it."""
    for format in ("tiff", "jpg", "heic"):
        image = replace(full_image(), metadata=Metadata(xmp=TURNED_XMP))
        stream = io.BytesIO()
        if format == "tiff":
            tags = [(700, "B", len(TURNED_XMP), TURNED_XMP, True)]
            tifffile.imwrite(stream, image.pixels, photometric="rgb", extratags=tags)
        else:
            Pillow.fromarray(image.pixels).save(stream, "JPEG", xmp=TURNED_XMP, quality=100, subsampling=0)
        read_back = read(stream.getvalue())
        assert (read_back.height, read_back.width) == (48, 64)
        again = read(encoded(read_back, "tiff" if format == "tiff" else format))
        assert (again.height, again.width) == (48, 64)


def test_strip_leaves_profile_and_print_size_only():
    receipt = write(full_image(), io.BytesIO(), WriteOptions(format="png", strip=True))
    assert set(receipt.kept) == {"icc", "dpi"}
    assert set(receipt.lost) == {"exif: stripped", "xmp: stripped"}
    again = read(encoded(full_image(), "png", strip=True)).metadata
    assert again == Metadata(icc=ICC, dpi=(300.0, 150.01))


def test_exif_of_a_larger_result_names_its_size():
    image = full_image().with_pixels(np.repeat(np.repeat(patches(48, 64), 2, axis=0), 2, axis=1))
    for format in ("png", "jpg", "tiff"):
        tags = tags_of(read(encoded(image, format)).metadata.exif)
        assert (tags[0xA002], tags[0xA003]) == (128, 96)


def test_exif_too_large_for_jpeg_is_left_out_and_said():
    block = make_exif() + bytes(70_000)
    receipt = write(
        replace(full_image(), metadata=Metadata(exif=block)), io.BytesIO(), WriteOptions(format="jpg")
    )
    assert receipt.lost == ("exif: larger than JPEG allows",)
    assert receipt.kept == ()


def test_exif_in_a_raw_profile_text_turns_the_image_too():
    block = b"Exif\0\0" + make_exif(8)
    text = b"Raw profile type exif\0" + b"\nexif\n%8d\n" % len(block) + block.hex().encode()
    stored = photo(6, 9)
    image = read(make_png(stored, extra=((b"tEXt", text),)))
    assert np.array_equal(image.pixels, np.rot90(stored, 1))
    assert image.metadata.png_chunks == ()  # else the orientation would be there twice


def test_png_metadata_behind_the_pixels_counts_too():
    stored = photo(6, 9)
    xmp = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP)
    raw = b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n9\n" + make_exif(6).hex().encode())
    for chunks in (((b"eXIf", make_exif(6)), (b"iTXt", xmp)), ((b"zTXt", raw), (b"iTXt", xmp))):
        image = read(make_png(stored, after=chunks))
        assert np.array_equal(image.pixels, np.rot90(stored, -1))
        assert image.metadata.xmp == XMP
        assert tags_of(image.metadata.exif)[0x010F] == "Maker"
        assert image.metadata.png_chunks == ()


def test_a_gray_profile_does_not_go_with_colours():
    gray_profile = ICC[:16] + b"GRAY" + ICC[20:]
    image = replace(Image.from_array(photo(6, 6, 1)), metadata=Metadata(icc=gray_profile))
    assert write(image, io.BytesIO(), WriteOptions(format="png")).kept == ("icc",)
    coloured = image.with_pixels(photo(6, 6, 3))
    assert write(coloured, io.BytesIO(), WriteOptions(format="png")).lost == ("icc: made for other channels",)


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: make_exif(6)[: len(tail)] + tail))
def test_broken_exif_is_harmless(block):
    assert 1 <= exif.orientation(block) <= 8
    assert isinstance(exif.upright(block), bytes)
    assert len(exif.resized(block, 100, 50)) == len(block)


@given(st.integers(0, 400), st.integers(0, 255), st.sampled_from("<>"))
def test_exif_with_one_wrong_byte_never_breaks_the_reading(position, value, order):
    block = bytearray(make_exif(3, order=order))
    block[position % len(block)] = value
    image = read(make_png(photo(4, 6), extra=((b"eXIf", bytes(block)),)))
    assert image.pixels.shape in ((4, 6, 3), (6, 4, 3))
    for format in ("jpg", "tiff"):
        assert encoded(image, format)


def test_odd_metadata_warns_nobody_in_any_thread():
    """Warnings are errors in tests, and filters are global: readers must not undo each other's."""
    stream = io.BytesIO()
    Pillow.fromarray(photo(8, 9)).save(stream, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\0" + bytes(30))
    with pytest.warns(UserWarning, match="EXIF"):
        Pillow.open(stream).getexif()
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(read, [stream.getvalue()] * 100))
    assert all(image.width == 9 for image in images)
    assert list(warnings.filters) == before


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_only_the_changed_values_change(order, orientation):
    block = make_exif(orientation, order=order)
    changed = exif.upright(block)
    code = order + "H"
    without_thumbnail = block[: block.index(b"\xff\xd8thumbnail")]
    assert len(changed) == len(without_thumbnail)
    differing = [at for at, (a, b) in enumerate(zip(changed, without_thumbnail, strict=True)) if a != b]
    assert len(differing) <= 2 + 4  # the orientation, and the offset of the thumbnail's directory
    assert exif.orientation(changed) == 1
    assert exif.orientation(block) == orientation
    assert struct.pack(code, 1) in changed
