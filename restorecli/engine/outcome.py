"""What a batch of files is told, and what it tells of each; one that fails is an Outcome like any other."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, TypeVar

from ..errors import OutOfMemoryError
from ..images import DEFAULT_MAX_PIXELS, Image, Receipt, WriteOptions
from .plan import Job
from .restorer import Report

# Pixels that may wait on either side of the network. One image larger than this waits alone, so that a batch
# of 100-megapixel photos holds one ahead, one in the network and one behind.
WAITING_BYTES = 64 * 2**20
WAITING_IMAGES = 32

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Transfer:
    """How images are read and written."""

    max_pixels: int = DEFAULT_MAX_PIXELS
    lossless: bool = False
    write: WriteOptions = field(default_factory=WriteOptions)
    standard_input: bytes | None = None
    standard_output: BinaryIO | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one job: a receipt and a report, or the error."""

    job: Job
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    size: tuple[int, int] | None = None  # height, width of the result
    report: Report | None = None
    receipt: Receipt | None = None
    error: Exception | None = None  # anything but a RestoreError is a bug of ours


def attempt(work: Callable[[], Result]) -> tuple[Result | None, Exception | None]:
    """The result, or the error. The outer edge of one file: a bug in it must not cost the other files."""
    try:
        return work(), None
    except MemoryError:
        return None, OutOfMemoryError("not enough memory for this image", hint="a smaller --tile may fit")
    except BrokenPipeError:
        raise  # nobody reads what we write: the whole command ends
    except Exception as error:
        return None, error


def bytes_of(image: Image | None) -> int:
    if image is None:
        return 0
    return image.pixels.nbytes + (image.alpha.nbytes if image.alpha is not None else 0)
