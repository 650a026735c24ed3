"""What a result is called and where it goes: beside its input, into a folder, in its place, to a pipe."""

import os
import string
from dataclasses import dataclass
from pathlib import Path, PurePath

from ..errors import InputError, UsageError
from ..images import can_write, output_extension, written_suffixes
from ..places import STANDARD_STREAM
from .files import Found, Inputs, absolute, is_folder

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
        if self.in_place and (self.output is not None or self.template is not None):
            other = "--output" if self.output is not None else "--name"
            raise UsageError(f"--in-place and {other} contradict each other", hint="give one of them")
        if self.template is not None:
            check_template(self.template)
            if self.output is not None and self.folder is None:
                raise UsageError(
                    "--name and --output FILE contradict each other", hint="-o FOLDER/ with --name"
                )

    @property
    def folder(self) -> Path | None:
        """The output folder, if -o is sure to mean one: it ends with a slash, or it is there."""
        if self.output in (None, STANDARD_STREAM):
            return None
        assert self.output is not None
        separators = tuple(filter(None, (os.sep, os.altsep)))
        return Path(self.output) if self.output.endswith(separators) or is_folder(Path(self.output)) else None


def check_template(template: str) -> None:
    """UsageError unless the template has only fields that exist and stays inside its folder."""
    fields = ", ".join(f"{{{field}}}" for field in FIELDS)
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise UsageError(f"--name {template}: {error}", hint=f"fields: {fields}") from error
    for _, field, spec, conversion in parts:
        if field is not None and (field not in FIELDS or spec or conversion):
            raise UsageError(f"--name {template}: unknown field {{{field}}}", hint=f"fields: {fields}")
    _refuse_leaving(template, template)
    has_name = any(field in ("stem", "ext") for _, field, _, _ in parts)
    if not has_name and not PurePath(template).suffix:
        raise UsageError(
            f"--name {template}: no image format", hint=f"end it with .{{ext}}: {template}.{{ext}}"
        )


def _refuse_leaving(name: str, template: str) -> None:
    path = PurePath(name)
    if not name or path.is_absolute() or ".." in path.parts:
        raise UsageError(f"--name {template!r} leaves the output folder", hint="-o FOLDER/ names the folder")


def output_folder(inputs: Inputs, naming: Naming) -> Path | None:
    """The output folder, or None where results go to one named file, beside their input, or to a pipe."""
    output = naming.output
    if output is None:
        return None
    if output == STANDARD_STREAM:
        if not inputs.alone:
            raise UsageError("-o - writes one image to standard output", hint="name exactly one input file")
        return None
    if naming.folder is not None:
        if os.path.lexists(naming.folder) and not is_folder(naming.folder):
            raise UsageError(f"{output} is a file, not a folder")
        return naming.folder
    suffix = PurePath(output).suffix.lower()
    if inputs.alone:
        if not can_write(suffix):
            what = f"the format {suffix} cannot be written" if suffix else "no image format in the name"
            hint = f"-o {output}/ for a folder; formats: {' '.join(written_suffixes())}"
            raise UsageError(f"-o {output}: {what}", hint=hint)
        return None
    if can_write(suffix) or os.path.lexists(output):
        raise UsageError(f"-o {output} is one file, and there are several inputs", hint="-o FOLDER/")
    return Path(output)


def target_of(found: Found, naming: Naming, folder: Path | None) -> Path | None:
    source = found.path
    if naming.in_place:
        return _in_place(source)
    if folder is None and naming.output is not None:
        return None if naming.output == STANDARD_STREAM else Path(naming.output)
    if source is None:
        if folder is not None or naming.template is not None:
            raise UsageError(
                "standard input has no name to go by", hint="-o FILE, or -o - for standard output"
            )
        return None
    template = naming.template or (BESIDE if folder is None else IN_FOLDER)
    extension = output_extension(source, lossless=naming.lossless).removeprefix(".")
    name = template.format(
        stem=source.stem,
        ext=extension,  # of the result
        suffix=source.suffix.removeprefix("."),  # of the input
        parent=Path(absolute(source)).parent.name,
        task=naming.task,
        model=naming.model,
        level=naming.level,
    )
    _refuse_leaving(name, template)
    if not can_write(PurePath(name).suffix):
        hint = f"end --name with .{{ext}}, or with one of {' '.join(written_suffixes())}"
        raise UsageError(f"{name}: not an image format that can be written", hint=hint)
    return (source.parent if folder is None else folder / found.place) / name


def _in_place(source: Path | None) -> Path:
    if source is None:
        raise UsageError("--in-place needs a file, not standard input", hint="-o - for standard output")
    # Through a link: the picture is replaced, and the link stays a link.
    target = source.resolve() if source.is_symlink() else source
    if not can_write(target.suffix):
        raise InputError(
            f"{source}: {target.suffix or 'a file without suffix'} cannot be written in place",
            hint="leave --in-place off: the result is written beside it",
        )
    return target
