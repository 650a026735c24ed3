"""One image in, one result out: between what a plan names and pixels."""

import os
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import PurePath
from typing import BinaryIO

from ..atomic import Follower, attributes_of
from ..errors import FileThereError, InputError, OutputError
from ..images import (
    DEFAULT_MAX_PIXELS,
    Image,
    Receipt,
    WriteOptions,
    lost_in_place,
    output_extension,
    read,
    write,
)
from ..wording import reason
from .plan import Job


@dataclass(frozen=True, slots=True)
class Transfer:
    """How images are read and written."""

    max_pixels: int = DEFAULT_MAX_PIXELS
    damaged: bool = False  # what is left of damaged files is restored; never in place
    lossless: bool = False
    write: WriteOptions = field(default_factory=WriteOptions)
    standard_input: bytes | None = None
    standard_output: BinaryIO | None = None

    def load(self, job: Job) -> Image:
        """The image of a job, or the error that says why it cannot become its result."""
        if job.target is not None and not self.write.overwrite and os.path.lexists(job.target):
            # It was not there when all was planned: a second command is at the same files.
            raise FileThereError(job.target)
        source = self.standard_input if job.source is None else job.source
        assert source is not None
        image = read(source, max_pixels=self.max_pixels, damaged=self.damaged)
        if job.in_place and job.target is not None:
            lost = lost_in_place(image.origin, job.target.suffix)
            if lost is not None:
                hint = "leave --in-place off: the result is written beside it"
                raise InputError(f"{job.source}: not replaced: {lost}", hint=hint)
        return image

    def save(self, image: Image, job: Job, source: os.stat_result | None) -> Receipt:
        """Writes the result of what `source` was when it was read, in folders that are made where missing."""
        target = job.target
        if target is None:
            return self._send(image)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise OutputError(f"{target}: {error.filename} is a file, not a folder") from error
        except OSError as error:
            raise OutputError(f"{target}: cannot be written: {reason(error)}") from error
        if source is None:
            return write(image, target, self.write)
        held = attributes_of(target)
        receipt = write(image, Follower(target, source, job.in_place), self.write)
        gone = sorted(held.keys() - attributes_of(target).keys())
        return replace(receipt, lost=(*receipt.lost, *(f"extended attribute {name}" for name in gone)))

    def _send(self, image: Image) -> Receipt:
        """Encoded as a whole before the first byte leaves: a reader never sees half an image."""
        stream = self.standard_output
        assert stream is not None
        stored_as = PurePath(f"image.{image.origin.format.lower()}")
        extension = output_extension(stored_as, lossless=self.lossless)
        buffer = BytesIO()
        receipt = write(image, buffer, replace(self.write, format=extension))
        sent = 0
        try:
            with buffer.getbuffer() as data:  # let go whatever happens: the buffer cannot close before
                while sent < len(data):  # unbuffered (PYTHONUNBUFFERED), a stream says how much it took
                    with data[sent:] as rest:
                        sent += stream.write(rest)
            stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"standard output: cannot be written: {reason(error)}") from error
        return replace(receipt, path="-")
