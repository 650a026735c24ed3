"""What a run leaves beside its table: the scores of every image, and the page."""

from collections.abc import Iterator
from pathlib import Path

from ..atomic import atomic_file
from ..errors import FileThereError, OutputError, UsageError
from ..report import write_report
from .gallery import Gallery
from .page import page_of
from .results import Results
from .tables import per_image_csv


def check_targets(per_image: Path | None, report: Path | None, *, overwrite: bool) -> None:
    """Said before minutes of work, not after."""
    for target, suffixes in ((per_image, (".csv", ".json")), (report, (".html", ".htm"))):
        if target is None:
            continue
        if target.suffix.lower() not in suffixes:
            raise UsageError(f"{target}: must end in {' or '.join(suffixes)}")
        if target.exists() and not overwrite:
            raise FileThereError(target)
        if not target.absolute().parent.is_dir():
            raise OutputError(f"{target.parent}: there is no such folder", hint=f"mkdir -p {target.parent}")


def write_files(
    results: Results,
    gallery: Gallery | None,
    per_image: Path | None,
    report: Path | None,
    *,
    overwrite: bool,
) -> Iterator[Path]:
    """Each file as it is there."""
    if per_image is not None:
        as_csv = per_image.suffix.lower() == ".csv"
        text = per_image_csv(results) if as_csv else results.to_json()
        with atomic_file(per_image, overwrite=overwrite) as stream:
            stream.write(text.encode())
        yield per_image
    if report is not None:
        yield write_report(page_of(results, gallery), report, overwrite=overwrite)
