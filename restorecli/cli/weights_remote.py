"""restore weights pull, mirror: weights that lie elsewhere, and weights of the user's onto the Hub.

No `from __future__ import annotations` here: the commands are built from annotations. huggingface_hub and
torch are imported inside the functions that need them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from .. import registry
from ..errors import RestoreError, UsageError, WeightsError
from ..places import config_folder
from ..proof import digest
from ..row_text import row_text
from ..spec import WeightsEntry
from ..tasks import TASKS
from ..weights import licence, store
from ..wording import counted, megabytes
from .downloads import download_bar, is_watched
from .first_use import size_words, tell_licence
from .options import Json, LicencePolicy, Quiet, WeightsFile
from .output import Output, mode_of
from .weights_files import Ids, rows_for

if TYPE_CHECKING:
    from ..hub.card import Upload

SOME_FAILED = 1


# ------------------------------------------------------------------------------------------------ pull


SUMMED = {
    "planned": "to fetch",
    "pulled": "fetched",
    "here": "here already",
    "by hand": "to get by hand",
    "failed": "failed",
}


@dataclass(frozen=True, slots=True)
class Pulled:
    """What became of one row."""

    id: str
    status: str  # one of SUMMED
    size: int | None = None  # bytes to fetch, or fetched
    path: str | None = None
    proof: str | None = None
    message: str | None = None
    hint: str | None = None


def pull(
    ids: Ids = [],  # noqa: B006 - typer copies it
    task: Annotated[
        str | None,
        typer.Option(help="All weights for this task.", autocompletion=lambda: list(TASKS)),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All weights of the list.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be fetched, and how large it is.")
    ] = False,
    weights_file: WeightsFile = None,
    license: LicencePolicy = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fetch weights from where the list says, prove them, convert them once, and keep them."""
    output = Output(mode_of(json=json, quiet=quiet))
    rows, policy = _chosen(ids, task, all_, weights_file), licence.policy(license)
    pending = [
        row
        for row in rows
        if row.remote is not None and not store.is_here(row) and not licence.is_refused(row, policy)
    ]
    if pending:
        output.note(_sizes(pending))
    results = [_pull_one(row, output, policy, is_named=bool(ids), dry_run=dry_run) for row in rows]
    code = _exit_code({result.status for result in results})
    by_hand = [row for row, result in zip(rows, results, strict=True) if result.status == "by hand"]
    for page in dict.fromkeys(row.page for row in by_hand):  # most pages have many files
        output.note(f"by hand, from {page}: {', '.join(row.id for row in by_hand if row.page == page)}")
    if by_hand:
        output.note("then restore weights import ID FILE")
    output.document({"weights": [asdict(result) for result in results], "exit_code": code})
    if len(results) > 1:
        counts = Counter(result.status for result in results)
        output.note(", ".join(f"{counts[key]} {words}" for key, words in SUMMED.items() if counts[key]))
    if code:
        raise typer.Exit(code)


def _chosen(
    ids: Sequence[str], task: str | None, is_all: bool, weights_file: str | None
) -> list[WeightsEntry]:
    """The rows that are meant; by one of the three ways to say so."""
    if (bool(ids), task is not None, is_all).count(True) != 1:
        raise UsageError("name the weights to pull", hint="restore weights pull ID..., or --task, or --all")
    return [registry.find(id, weights_file) for id in dict.fromkeys(ids)] or rows_for(task, weights_file)


def _sizes(rows: Sequence[WeightsEntry]) -> str:
    known = sum(row.size or row.about_size or 0 for row in rows)
    unknown = sum(row.size is None and row.about_size is None for row in rows)
    is_exact = all(row.size is not None for row in rows)
    size = f"{'' if is_exact else 'about '}{megabytes(known)}" if known else "of unknown size"
    more = f", and {unknown} of unknown size" if unknown and known else ""
    return f"{counted(len(rows), 'file')} to fetch, {size}{more}; converted into {store.folder()}"


def _pull_one(
    entry: WeightsEntry, output: Output, policy: licence.Policy, *, is_named: bool, dry_run: bool
) -> Pulled:
    """Brings one row, and says so; what goes wrong with it is told and does not stop the others."""
    try:
        licence.check([entry], policy)
        result = _brought(entry, output, is_named=is_named, dry_run=dry_run)
    except RestoreError as error:
        message = error.message if entry.id in error.message else f"{entry.id}: {error.message}"
        output.error(message, error.hint)
        return Pulled(entry.id, "failed", message=message, hint=error.hint)
    if result.status == "planned":
        words = f"{size_words(entry)}, licence {entry.licence}, from {store.address(entry)}"
        output.result(f"{entry.id}  {words}", entry.id)
    elif result.status == "pulled" and result.size is not None:
        words = f"{megabytes(result.size)}, proved by {result.proof}, kept in {result.path}"
        output.result(f"{entry.id}  {words}", entry.id)
        tell_licence(entry, output)
    elif result.status == "here":
        output.result(f"{entry.id}  is here already", entry.id)
    return result


def _brought(entry: WeightsEntry, output: Output, *, is_named: bool, dry_run: bool) -> Pulled:
    found, kept = store.located(entry), store.record(entry)
    if found is not None:
        if not found[0].is_file():
            raise WeightsError(f"{entry.id}: {found[0]} is missing", hint=store.remedy(entry))
        return Pulled(entry.id, "here", path=str(found[0]), proof=kept.proof if kept else None)
    remote = entry.remote
    if remote is None:
        message = f"{entry.id}: its authors give it where only a browser gets in: {entry.page}"
        hint = f"get it there, then restore weights import {entry.id} FILE"
        if is_named:
            raise WeightsError(message, hint=hint)
        return Pulled(entry.id, "by hand", message=message, hint=hint)
    if dry_run:
        return Pulled(entry.id, "planned", size=entry.size or entry.about_size)
    from ..weights.load import bring

    with download_bar(output, entry.id) as progress:
        kept = bring(entry, remote, progress=progress)
    return Pulled(entry.id, "pulled", kept.source.size, str(kept.path), kept.proof)


def _exit_code(statuses: set[str]) -> int:
    """1 if some failed, 3 if none of what was asked for can be had."""
    if not statuses & {"here", "planned", "pulled"}:
        return WeightsError.exit_code
    return SOME_FAILED if "failed" in statuses else 0


# ---------------------------------------------------------------------------------------------- mirror


def mirror(
    ids: Ids = [],  # noqa: B006 - typer copies it
    repo: Annotated[
        str, typer.Option("--repo", metavar="USER/NAME", help="A repository on the Hub; made if need be.")
    ] = "",
    private: Annotated[
        bool, typer.Option("--private", help="Only you, and whom you let in, may see it.")
    ] = False,
    i_hold_the_rights: Annotated[
        bool,
        typer.Option(
            "--i-hold-the-rights", help="Make public what its licence does not allow others to make public."
        ),
    ] = False,
    weights_file: WeightsFile = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Put converted weights onto the Hub with a model card; print their rows for your own weights.toml."""
    output = Output(mode_of(json=json, quiet=quiet))
    if not ids or "/" not in repo:
        raise UsageError(
            "name the weights and the repository", hint="restore weights mirror ID... --repo USER/NAME"
        )
    rows = [registry.find(id, weights_file) for id in dict.fromkeys(ids)]
    if not private and not i_hold_the_rights:
        _check_may_be_public(rows)
    uploads = [_upload(row) for row in rows]
    size = sum(upload.size for upload in uploads)
    files = counted(len(uploads), "file")
    output.note(f"{files} of converted weights, {megabytes(size)}, and a model card to {repo}")
    from ..hub.publishing import publish

    revision = publish(repo, uploads, private=private, show_progress=is_watched(output))
    mirrored = [_mirrored(upload, repo, revision) for upload in uploads]
    output.document({"repo": repo, "revision": revision, "weights": [asdict(row) for row in mirrored]})
    for row in mirrored:
        first, *rest = row_text(row).splitlines()
        output.result(first, store.address(row))
        for line in (*rest, ""):
            output.result(line)
    output.note(
        f"append these rows to {config_folder() / 'weights.toml'}, and restore takes them from {repo}"
    )


def _check_may_be_public(rows: Iterable[WeightsEntry]) -> None:
    closed = [row for row in rows if not licence.is_permissive(row)]
    if closed:
        named = ", ".join(f"{row.id} ({row.licence})" for row in closed)
        raise UsageError(
            f"not to be made public by others than who holds the rights: {named}",
            hint="--private keeps it to you; --i-hold-the-rights if you do",
        )


def _upload(entry: WeightsEntry) -> "Upload":
    from ..hub.card import Upload

    kept = store.record(entry)
    if kept is not None:
        return Upload(entry, kept.path, kept.sha256, kept.size, kept.proof, kept.origin)
    path = registry.weights_path(entry)
    if path is None or not path.is_file():
        brings = "pull" if entry.remote is not None else "import"
        file = "" if entry.remote is not None else " FILE"
        raise WeightsError(f"{entry.id} is not here", hint=f"restore weights {brings} {entry.id}{file}")
    found = digest(path)
    return Upload(entry, path, found.sha256, found.size, store.SHA256, f"restorecli's own {path.name}")


def _mirrored(upload: "Upload", repo: str, revision: str) -> WeightsEntry:
    """The row that takes the weights from where they were put."""
    entry = upload.entry
    told = {"origin": upload.origin, "proved_by": upload.proof}
    return replace(
        entry, source="hub", repo=repo, revision=revision, file=upload.name, url=None, instructions="",
        sha256=upload.sha256, git_blob=None, size=upload.size, about_size=None,
        provenance={**entry.provenance, "mirrored": told},
    )  # fmt: skip
