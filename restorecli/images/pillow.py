"""What Pillow does for the codecs, without its warnings: opening, every mode to gray or RGB, saving."""

import io
import threading
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms, features

from ..errors import InputError
from . import exif
from .codec import Decoded, Header, Library
from .image import Image, Metadata, Origin

Convert = Callable[[Pillow.Image], Pillow.Image]

_BAND_PIXELS = 1 << 22  # converted at a time, so that a large image is never held twice by Pillow
_PLAIN = {
    "1": "L",
    "L": "L",
    "LA": "LA",
    "La": "LA",
    "RGB": "RGB",
    "RGBX": "RGB",
    "RGBA": "RGBA",
    "RGBa": "RGBA",
    "YCbCr": "RGB",
    "HSV": "RGB",
}
_NOTES = {
    "1": "1 bit read as 8-bit gray",
    "YCbCr": "YCbCr converted to RGB",
    "HSV": "HSV converted to RGB",
}


class _QuietPillow:
    """Pillow warns about odd metadata on stderr. What matters here becomes an error or a note instead.

    Filters are global, and several threads may read: the first one in sets the filter, the last one out
    takes it back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers = 0
        self._context = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            self._readers += 1
            if self._readers == 1:
                self._context = warnings.catch_warnings()
                self._context.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._readers -= 1
            if self._readers == 0:
                self._context.__exit__(None, None, None)


quiet_pillow = _QuietPillow()


def part_of_pillow(feature: str) -> Library:
    """What a build of Pillow may lack."""

    def version() -> str | None:
        return (features.version(feature) or "there") if features.check(feature) else None

    return Library(version, "not there", "pip install --upgrade --force-reinstall pillow")


def reader(opener: Callable[[BinaryIO], Pillow.Image], name: str) -> Callable[[BinaryIO], Header]:
    """For the `read` of a codec that Pillow reads without loss."""

    def read(stream: BinaryIO) -> Header:
        picture = opened(opener, stream)
        return header_of(picture, origin_of(name, picture), metadata_of(picture.info))

    return read


def opened(opener: Callable[[BinaryIO], Pillow.Image], stream: BinaryIO) -> Pillow.Image:
    """By its class: Image.open would warn about 90 megapixels and refuse 180, and our limit is the user's."""
    stream.seek(0)
    return opener(stream)


def origin_of(
    name: str, picture: Pillow.Image, *, bits: int = 0, mode: str = "", lossless: bool = True
) -> Origin:
    """`bits` and `mode` of the file, where Pillow does not tell."""
    bits = bits or {"1": 1, "I": 16}.get(picture.mode, 8)
    mode = mode or picture.mode
    mode += ";16" * (bits == 16 and mode in ("L", "LA", "RGB", "RGBA"))
    return Origin(name, mode, bits, frames=getattr(picture, "n_frames", 1), lossless=lossless)


def metadata_of(info: Mapping[Any, Any]) -> Metadata:
    """Of what Pillow calls the info of a picture."""
    block = info.get("exif")
    block = block.removeprefix(b"Exif\0\0") if block else None
    across, down = (float(value) for value in info.get("dpi", (0, 0)))
    # PNG and BMP count dots per metre: 300 dpi come back as 299.9994
    dpi = (round(across, 2), round(down, 2)) if across > 0 and down > 0 else None
    return Metadata(
        icc=info.get("icc_profile") or None,
        exif=block,
        xmp=bytes_of(info.get("xmp")),
        dpi=dpi or (exif.resolution(block) if block else None),
    )


def bytes_of(value: Any) -> bytes | None:
    return (value.encode() if isinstance(value, str) else bytes(value)) if value else None


def header_of(
    picture: Pillow.Image,
    origin: Origin,
    metadata: Metadata,
    decoder: Callable[[], Decoded] | None = None,
) -> Header:
    """`decoder` is for pixels that Pillow would not hand out as they are."""
    width, height = picture.size
    orientation = exif.orientation(metadata.exif) if metadata.exif else 1
    upright = exif.upright_metadata(metadata, orientation)
    decoder = decoder or partial(decode, picture, metadata.icc)
    return Header(width, height, origin, upright, orientation, decoder)


def decode(picture: Pillow.Image, icc: bytes | None) -> Decoded:
    """All pixels of the picture. Broken data raises whatever the decoder raises; the caller translates."""
    mode = picture.mode
    if mode.startswith("I;16"):
        return Decoded(gather(picture), None, icc=icc)
    if mode in ("CMYK", "LAB"):
        convert, note, profile = _to_srgb(mode, icc)
        return Decoded(gather(picture, convert), None, (note,), profile)
    if mode in ("P", "PA"):
        target = "RGBA" if picture.has_transparency_data else "RGB"
    elif mode in _PLAIN:
        target = _PLAIN[mode]
        if "transparency" in picture.info and target in ("L", "RGB"):  # one colour that stands for nothing
            target = {"L": "LA", "RGB": "RGBA"}[target]
    else:
        raise InputError(f"pixels of type {mode} are not supported", hint="convert it to 8 or 16 bit first")
    array = gather(picture, lambda band: band if band.mode == target else band.convert(target))
    return split(array, icc, (_NOTES[mode],) if mode in _NOTES else ())


def gather(picture: Pillow.Image, convert: Convert = lambda band: band) -> np.ndarray:
    """(H, W, C) of the converted picture, band by band."""
    picture.load()
    width, height = picture.size
    rows = max(1, _BAND_PIXELS // width)
    pixels: np.ndarray | None = None
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        band = np.asarray(convert(picture.crop((0, top, width, bottom))))
        band = band[:, :, None] if band.ndim == 2 else band
        if pixels is None:
            pixels = np.empty((height, width, band.shape[2]), band.dtype.newbyteorder("="))
        pixels[top:bottom] = band
    assert pixels is not None
    picture.im = Pillow.new("L", (1, 1)).im  # frees the decoded picture now, and not when its header goes
    return pixels


def split(array: np.ndarray, icc: bytes | None, notes: tuple[str, ...] = ()) -> Decoded:
    """Of (H, W) or (H, W, 1 to 4): two and four channels end with alpha."""
    array = array[:, :, None] if array.ndim == 2 else array
    colours = 3 if array.shape[2] > 2 else 1
    alpha = np.ascontiguousarray(array[:, :, colours]) if array.shape[2] > colours else None
    return Decoded(np.ascontiguousarray(array[:, :, :colours]), alpha, notes, icc)


def spread(stored: np.ndarray, top: int) -> np.ndarray:
    """Values up to `top`, over the whole of 16 bits."""
    if top == 65535:
        return stored.astype(np.uint16)
    return ((np.minimum(stored, top).astype(np.uint32) * 65535 + top // 2) // top).astype(np.uint16)


def _to_srgb(mode: str, icc: bytes | None) -> tuple[Convert, str, bytes | None]:
    """How to convert CMYK or LAB, which no network takes; a note for the user; the profile of the result."""
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


def save(stream: BinaryIO, image: Image, format: str, **options: Any) -> None:
    """`format` as Pillow calls it. Into memory first: it writes in small pieces, and some encoders seek."""
    encoded = io.BytesIO()
    as_picture(image).save(encoded, format, **options, **metadata_options(image))
    stream.write(encoded.getbuffer())


def as_picture(image: Image) -> Pillow.Image:
    array = image.pixels if image.alpha is None else np.dstack([image.pixels, image.alpha])
    return Pillow.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)


def metadata_options(image: Image) -> dict[str, Any]:
    metadata = image.metadata
    options: dict[str, Any] = {"icc_profile": metadata.icc, "xmp": metadata.xmp, "dpi": metadata.dpi}
    if metadata.exif:
        options["exif"] = b"Exif\0\0" + metadata.exif
    return {name: value for name, value in options.items() if value}
