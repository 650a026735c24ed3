"""What an image file says about its pixels, kept as the bytes that stood in the file."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Metadata:
    """Metadata that travels with an image. None or empty: the file had none."""

    icc: bytes | None = None  # colour profile of the pixels as they are
    exif: bytes | None = None  # the TIFF structure without "Exif\0\0"; orientation 1, no thumbnail
    xmp: bytes | None = None
    iptc: bytes | None = None
    comment: bytes | None = None  # of a JPEG
    dpi: tuple[float, float] | None = None
    png_chunks: tuple[tuple[bytes, bytes], ...] = ()  # (type, data): texts, gamma and the like, for PNG only

    def stripped(self) -> "Metadata":
        """Without what tells about the photographer; the colour profile and the print size stay."""
        return replace(self, exif=None, xmp=None, iptc=None, comment=None, png_chunks=())
