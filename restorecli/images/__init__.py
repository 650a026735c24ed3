"""Images come back as they came: reading, writing, and what lies between pixels and files. No torch here."""

from ..atomic import TEMPORARY_SUFFIX, sweep_temporaries
from .alpha import grow_under_transparency, hidden_black, shows_gray
from .bayer import PATTERNS, Mosaic, Pattern, as_mosaic, is_mosaic, to_mosaic, to_three_channels
from .fit import lost_in_place
from .formats import READABLE_SUFFIXES, WRITABLE, output_extension
from .image import Image, Origin, Subsampling
from .metadata import Metadata
from .read import DEFAULT_MAX_PIXELS, read, read_size
from .write import Receipt, WriteOptions, write

__all__ = [
    "DEFAULT_MAX_PIXELS",
    "PATTERNS",
    "READABLE_SUFFIXES",
    "TEMPORARY_SUFFIX",
    "WRITABLE",
    "Image",
    "Metadata",
    "Mosaic",
    "Origin",
    "Pattern",
    "Receipt",
    "Subsampling",
    "WriteOptions",
    "as_mosaic",
    "grow_under_transparency",
    "hidden_black",
    "is_mosaic",
    "lost_in_place",
    "output_extension",
    "read",
    "read_size",
    "shows_gray",
    "sweep_temporaries",
    "to_mosaic",
    "to_three_channels",
    "write",
]
