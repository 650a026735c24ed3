"""Images come back as they came: reading, writing, and what lies between pixels and files. No torch here."""

from ..atomic import TEMPORARY_SUFFIX, sweep_temporaries
from .bayer import PATTERNS, Mosaic, Pattern, as_mosaic, is_mosaic, to_mosaic, to_three_channels
from .codec import Codec
from .codecs import CODECS, can_read, can_write, output_extension, written_suffixes
from .image import Image, Metadata, Origin, Source, Subsampling
from .pixels import flattened, grow_under_transparency, hidden_black, is_gray, shows_gray, to_8_bit
from .read import DEFAULT_MAX_PIXELS, read, read_size
from .write import Receipt, WriteOptions, lost_in_place, write

__all__ = [
    "CODECS",
    "DEFAULT_MAX_PIXELS",
    "PATTERNS",
    "TEMPORARY_SUFFIX",
    "Codec",
    "Image",
    "Metadata",
    "Mosaic",
    "Origin",
    "Pattern",
    "Receipt",
    "Source",
    "Subsampling",
    "WriteOptions",
    "as_mosaic",
    "can_read",
    "can_write",
    "flattened",
    "grow_under_transparency",
    "hidden_black",
    "is_gray",
    "is_mosaic",
    "lost_in_place",
    "output_extension",
    "read",
    "read_size",
    "shows_gray",
    "sweep_temporaries",
    "to_8_bit",
    "to_mosaic",
    "to_three_channels",
    "write",
    "written_suffixes",
]
