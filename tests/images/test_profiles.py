"""CMYK and LAB are converted and said; RGB never is, whatever its profile."""

import io
import struct

import numpy as np
import pytest
import tifffile
from independent import photo
from PIL import Image as Pillow
from PIL import ImageCms

from restorecli.images import WriteOptions, read, write


def cmyk_profile() -> bytes:
    """A printer whose inks have odd colours, so that the profile is seen to be used.

    A table of the sixteen corners (each ink off or on) in Lab; between them lcms interpolates.
    """
    corners = []
    for corner in range(16):
        cyan, magenta, yellow, black = (corner >> bit & 1 for bit in (3, 2, 1, 0))
        lightness = 100 - 20 * cyan - 25 * magenta - 5 * yellow - 40 * black
        corners.append((max(lightness, 5), 40 * magenta - 30 * cyan, 50 * yellow - 20 * cyan))
    table = b"".join(bytes([round(light * 2.55), round(a) + 128, round(b) + 128]) for light, a, b in corners)
    ramp = bytes(range(256))
    identity = b"".join(struct.pack(">l", 65536 * (i % 4 == 0)) for i in range(9))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + ramp * 4 + table + ramp * 3
    white = b"XYZ \0\0\0\0" + struct.pack(">lll", 63190, 65536, 54061)
    text = b"text\0\0\0\0public domain\0"
    description = b"desc\0\0\0\0" + struct.pack(">L", 5) + b"test\0" + bytes(78)
    tags = [(b"desc", description), (b"cprt", text), (b"wtpt", white), (b"A2B0", lut)]
    head, body = struct.pack(">L", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags:
        head += name + struct.pack(">LL", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = start + len(body)
    header = (
        struct.pack(">L4sL4s4s4s", size, b"\0" * 4, 0x02400000, b"prtr", b"CMYK", b"Lab ")
        + bytes(12)
        + b"acsp"
    )
    header = header.ljust(68, b"\0") + struct.pack(">lll", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + head + body


def inks() -> Pillow.Image:
    values = np.random.default_rng(0).integers(0, 256, (5, 6, 4))
    flat = np.kron(values, np.ones((16, 16, 1))).astype(np.uint8)
    return Pillow.frombytes("CMYK", (96, 80), flat.tobytes())


def saved(picture: Pillow.Image, format: str, **options) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, format, **options)
    return stream.getvalue()


@pytest.mark.parametrize(("format", "options"), [("TIFF", {}), ("JPEG", {"quality": 100, "subsampling": 0})])
def test_cmyk_is_converted_by_its_profile(format, options):
    profile = cmyk_profile()
    data = saved(inks(), format, icc_profile=profile, **options)
    expected = ImageCms.profileToProfile(
        Pillow.open(io.BytesIO(data)),
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
    )
    image = read(data)
    assert np.array_equal(image.pixels, np.asarray(expected))
    assert not np.array_equal(image.pixels, np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB")))
    assert image.notes == ("CMYK converted to sRGB by its profile",)
    assert image.origin.mode == "CMYK"


def test_the_result_of_a_conversion_carries_the_profile_of_its_own_colours():
    image = read(saved(inks(), "TIFF", icc_profile=cmyk_profile()))
    stream = io.BytesIO()
    receipt = write(image, stream, WriteOptions(format="png"))
    assert "icc" in receipt.kept
    profile = ImageCms.ImageCmsProfile(io.BytesIO(Pillow.open(stream).info["icc_profile"]))
    assert profile.profile.xcolor_space.strip() == "RGB"
    assert "sRGB" in ImageCms.getProfileDescription(profile)


def test_cmyk_without_a_profile_is_converted_plainly_and_said():
    picture = inks()
    image = read(saved(picture, "TIFF"))
    assert np.array_equal(image.pixels, np.asarray(picture.convert("RGB")))
    assert image.notes == ("CMYK converted to RGB plainly: it has no profile",)
    assert image.metadata.icc is None


@pytest.mark.parametrize(
    "profile", [b"rubbish", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()]
)
def test_cmyk_with_a_profile_that_does_not_fit_is_converted_plainly_and_said(profile):
    image = read(saved(inks(), "TIFF", icc_profile=profile))
    assert image.notes == ("CMYK converted to RGB plainly: its profile does not fit",)
    assert image.metadata.icc is None


def test_16_bit_cmyk_is_said_to_be_read_as_8():
    values = np.random.default_rng(0).integers(0, 65536, (6, 8, 4)).astype(np.uint16)
    tifffile.imwrite(stream := io.BytesIO(), values, photometric="separated")
    image = read(stream.getvalue())
    assert "16 bits per channel read as 8" in image.notes
    assert image.pixels.dtype == np.uint8


def test_lab_is_converted():
    gray = np.zeros((4, 5, 3), np.uint8)
    gray[:, :, 0] = np.linspace(0, 255, 20).reshape(4, 5)
    tifffile.imwrite(stream := io.BytesIO(), gray, photometric="cielab")
    image = read(stream.getvalue())
    assert image.notes == ("LAB converted to sRGB as CIELAB",)
    assert np.abs(np.diff(image.pixels.astype(int), axis=2)).max() <= 1  # no colour came in
    assert image.pixels[0, 0, 0] <= 1
    assert image.pixels[-1, -1, 0] >= 254


@pytest.mark.parametrize("profile", [b"not even a profile", cmyk_profile()])
def test_rgb_is_never_converted(profile):
    array = photo(12, 14)
    image = read(saved(Pillow.fromarray(array), "PNG", icc_profile=profile))
    assert np.array_equal(image.pixels, array)
    assert image.metadata.icc == profile
    assert image.notes == ()
