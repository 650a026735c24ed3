"""What a result is called and where it goes: beside its input, into a folder, in its place, to a pipe."""

import os
import string
from dataclasses import dataclass
from pathlib import Path, PurePath

from ..errors import InputError, UsageError
from ..images import can_write, output_extension, written_suffixes
from ..places import STANDARD_STREAM
from .inputs import Found, is_folder

BESIDE = "{stem}.{task}.{ext}"
IN_FOLDER = "{stem}.{ext}"
FIELDS = ("stem", "ext", "task", "model", "level", "suffix", "parent")


@dataclass(frozen=True, slots=True)
class Naming:
    """How results are named and where they go."""

    task: str
    model: str
    level: str = "auto"
    lossless: bool = False
    output: str | None = None
    template: str | None = None
    in_place: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        for option, given in (("--output", self.output), ("--name", self.template)):
            if self.in_place and given is not None:
                raise UsageError(f"--in-place and {option} contradict each other", hint="give one of them")
        if self.template is not None:
            _check_template(self.template)
            if self.output is not None and self.folder is None:
                hint = "-o FOLDER/ with --name"
                raise UsageError("--name and --output FILE contradict each other", hint=hint)

    @property
    def folder(self) -> Path | None:
        """The output folder, if -o is sure to mean one: it ends with a slash, or it is there."""
        if self.output is None or self.output == STANDARD_STREAM:
            return None
        separators = tuple(filter(None, (os.sep, os.altsep)))
        folder = Path(self.output)
        return folder if self.output.endswith(separators) or is_folder(folder) else None

    def folder_for(self, *, alone: bool) -> Path | None:
        """The output folder; None: to one named file, beside the input, or to a pipe."""
        output = self.output
        if output == STANDARD_STREAM and not alone:
            raise UsageError("-o - writes one image to standard output", hint="name exactly one input file")
        if output is None or output == STANDARD_STREAM:
            return None
        if self.folder is not None:
            if os.path.lexists(self.folder) and not is_folder(self.folder):
                raise UsageError(f"{output} is a file, not a folder")
            return self.folder
        suffix = PurePath(output).suffix.lower()
        if not alone:
            if can_write(suffix) or os.path.lexists(output):
                raise UsageError(f"-o {output} is one file, and there are several inputs", hint="-o FOLDER/")
            return Path(output)
        if not can_write(suffix):
            what = f"the format {suffix} cannot be written" if suffix else "no image format in the name"
            hint = f"-o {output}/ for a folder; formats: {' '.join(written_suffixes())}"
            raise UsageError(f"-o {output}: {what}", hint=hint)
        return None

    def target_of(self, found: Found, folder: Path | None) -> Path | None:
        """The file that an input becomes; None: standard output."""
        source = found.path
        if self.in_place:
            return _in_place(source, overwrite=self.overwrite)
        if folder is None and self.output is not None:
            return None if self.output == STANDARD_STREAM else Path(self.output)
        if source is None:
            if folder is not None or self.template is not None:
                hint = "-o FILE, or -o - for standard output"
                raise UsageError("standard input has no name to go by", hint=hint)
            return None
        template = self.template or (BESIDE if folder is None else IN_FOLDER)
        name = template.format(
            stem=source.stem,
            ext=output_extension(source, lossless=self.lossless).removeprefix("."),  # of the result
            suffix=source.suffix.removeprefix("."),  # of the input
            parent=_name_of_folder(source),
            task=self.task,
            model=self.model,
            level=self.level,
        )
        _refuse_leaving(name, template)
        if not can_write(PurePath(name).suffix):
            hint = f"end --name with .{{ext}}, or with one of {' '.join(written_suffixes())}"
            raise UsageError(f"{name}: not an image format that can be written", hint=hint)
        return (source.parent if folder is None else folder / found.place) / name


def _check_template(template: str) -> None:
    """UsageError unless the template has only fields that exist and stays inside its folder."""
    hint = "fields: " + ", ".join(f"{{{field}}}" for field in FIELDS)
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise UsageError(f"--name {template}: {error}", hint=hint) from error
    for _, field, spec, conversion in parts:
        if field is not None and (field not in FIELDS or spec or conversion):
            raise UsageError(f"--name {template}: unknown field {{{field}}}", hint=hint)
    _refuse_leaving(template, template)
    if not PurePath(template).suffix and not {"stem", "ext"} & {field for _, field, _, _ in parts}:
        hint = f"end it with .{{ext}}: {template}.{{ext}}"
        raise UsageError(f"--name {template}: no image format", hint=hint)


def _refuse_leaving(name: str, template: str) -> None:
    path = PurePath(name)
    if not name or path.is_absolute() or ".." in path.parts:
        raise UsageError(f"--name {template!r} leaves the output folder", hint="-o FOLDER/ names the folder")


def _name_of_folder(path: Path) -> str:
    """As the user knows it: a linked folder keeps its own name, but what is above it only the link tells."""
    return (path.parent.resolve() if ".." in path.parts else path.parent.absolute()).name


def _in_place(source: Path | None, *, overwrite: bool) -> Path:
    if source is None:
        raise UsageError("--in-place needs a file, not standard input", hint="-o - for standard output")
    # Through a link: the picture is replaced, and the link stays a link.
    target = source.resolve() if source.is_symlink() else source
    if not can_write(target.suffix):
        what = target.suffix or "a file without suffix"
        hint = "leave --in-place off: the result is written beside it"
        raise InputError(f"{source}: {what} cannot be written in place", hint=hint)
    if not overwrite and _is_read_only(target):
        hint = f"to replace it all the same: --in-place --overwrite {source}"
        raise InputError(f"{source}: not replaced: it is read-only", hint=hint)
    return target


def _is_read_only(path: Path) -> bool:
    """As its mode says, which holds nobody back who may write to the folder, or who is root."""
    try:
        return not path.stat().st_mode & 0o222 or not os.access(path, os.W_OK)
    except OSError:  # said where it is read
        return False
