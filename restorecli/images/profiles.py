"""Colour spaces that a network cannot take, converted to sRGB. RGB is never converted."""

import io
from collections.abc import Callable

from PIL import Image as Pillow
from PIL import ImageCms

Converter = Callable[[Pillow.Image], Pillow.Image]


def to_srgb(mode: str, icc: bytes | None) -> tuple[Converter, str, bytes | None]:
    """How to convert CMYK or LAB pixels; the note for the user; the profile of the result."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    try:
        source = (
            ImageCms.createProfile("LAB")
            if mode == "LAB"
            else ImageCms.ImageCmsProfile(io.BytesIO(icc or b""))
        )
        transform = ImageCms.buildTransform(
            source, srgb, mode, "RGB", renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
    except (ImageCms.PyCMSError, OSError):
        # No profile, a broken one, or one of another colour space: without one there is only the plain way.
        what = "its profile does not fit" if icc else "it has no profile"
        return lambda band: band.convert("RGB"), f"{mode} converted to RGB plainly: {what}", None
    how = "by its profile" if mode == "CMYK" else "as CIELAB"

    def convert(band: Pillow.Image) -> Pillow.Image:
        converted = ImageCms.applyTransform(band, transform)
        assert converted is not None
        return converted

    return convert, f"{mode} converted to sRGB {how}", srgb.tobytes()
