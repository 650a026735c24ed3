"""restore weights import, verify, remove: files on this machine; and what all of `restore weights` shares.

No `from __future__ import annotations` here: the commands are built from annotations. torch is imported
inside the command that needs it.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import registry
from ..errors import UsageError, WeightsError
from ..proof import digest
from ..spec import WeightsEntry
from ..tasks import TASKS
from ..weights import licence, store
from ..wording import megabytes, near, reason
from .first_use import tell_licence
from .options import Json, LicencePolicy, Quiet, WeightsFile, complete_ids
from .output import Output, mode_of

Id = Annotated[str, typer.Argument(metavar="ID", help="A row of the list.", autocompletion=complete_ids)]
Ids = Annotated[
    list[str],
    typer.Argument(
        metavar="ID...", help="Rows of the list.", show_default=False, autocompletion=complete_ids
    ),
]


def rows_for(task: str | None, weights_file: str | None) -> list[WeightsEntry]:
    """The rows of the list for a task; all without one."""
    if task is not None and task not in TASKS:
        raise UsageError(f"unknown task {task!r}", hint=f"--task {(near(task, TASKS) or [*TASKS])[0]}")
    return [row for row in registry.entries(weights_file) if task in (None, row.task)]


def import_weights(
    id: Id,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What you got: .pt, .pth, .safetensors, .zip.")
    ],
    member: Annotated[
        str | None, typer.Option(metavar="NAME", help="The one to take of a zip with several.")
    ] = None,
    unproved: Annotated[
        bool, typer.Option("--unproved", help="Take a file that fits although its hash is another.")
    ] = False,
    weights_file: WeightsFile = None,
    license: LicencePolicy = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Take a weights file that you got by hand: check, convert and keep it, and say how far it is proved."""
    output = Output(mode_of(json=json, quiet=quiet))
    entry = registry.find(id, weights_file)
    licence.check([entry], licence.policy(license))
    if entry.source in ("embedded", "file"):
        raise UsageError(f"{id} has its file already: {registry.weights_path(entry)}")
    from ..weights.importing import import_file, means

    kept = import_file(entry, file, member=member, unproved=unproved)
    name = kept.origin if "/" in kept.origin else str(file.absolute())
    if kept.proof == store.KEYS and not means(entry, name):
        output.warn(f"{kept.origin} is not named {entry.file or store.address(entry)}: is it the right one?")
    proved = f"proved by its {kept.proof}"
    if kept.proof == store.KEYS:
        why = "its hash is another" if store.is_pinned(entry) else "its authors give no hash"
        proved = f"proved by keys and shapes only: {why}"
    output.document({"id": id, **stored_data(kept)})
    output.result(f"{id}: {kept.origin}, {megabytes(kept.source.size)}, {proved}", id)
    tell_licence(entry, output)
    output.note(f"restore {entry.task} photo.png --model {id}")


def stored_data(kept: store.Stored) -> dict[str, Any]:
    return asdict(kept) | {"path": str(kept.path)}


def verify(
    ids: Ids = [],  # noqa: B006 - typer copies it
    weights_file: WeightsFile = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Read the weights that are here again, and compare their sha256. Without an ID: all that are here."""
    output = Output(mode_of(json=json, quiet=quiet))
    rows = [registry.find(id, weights_file) for id in ids]
    rows = rows or [row for row in registry.entries(weights_file) if store.located(row)]
    results = [_verified(row) for row in rows]
    output.document(results)
    for result in results:
        if result["problem"] is None:
            output.result(f"ok       {result['id']}  ({result['proof']})", result["id"])
        else:
            output.result(f"damaged  {result['id']}: {result['problem']}")
    bad = [row for row, result in zip(rows, results, strict=True) if result["problem"]]
    if bad:
        named = ", ".join(entry.id for entry in bad)
        output.error(f"not what they should be: {named}", _remedy(bad))
        raise typer.Exit(WeightsError.exit_code)


def _remedy(damaged: list[WeightsEntry]) -> str | None:
    """What to type: copies are brought again, the package's own files come with it."""
    copies = [entry.id for entry in damaged if registry.weights_path(entry) is None]
    steps = [f"restore weights remove {' '.join(copies)}, and bring them again"] if copies else []
    if any(entry.source == "embedded" for entry in damaged):
        steps.append(registry.REINSTALL)
    return "; ".join(steps) or None


def _verified(entry: WeightsEntry) -> dict[str, Any]:
    found = store.located(entry)
    if found is None:
        raise WeightsError(f"{entry.id} is not here", hint=f"restore weights info {entry.id}")
    path, sha256 = found
    problem = None
    try:
        if sha256 not in (None, digest(path).sha256):
            problem = f"{path}: its sha256 differs"
    except OSError as error:
        problem = f"{path}: {reason(error)}"
    kept = store.record(entry)
    proof = kept.proof if kept else store.SHA256 if sha256 else "no hash in its row"
    return {"id": entry.id, "path": str(path), "proof": proof, "problem": problem}


def remove(ids: Ids, weights_file: WeightsFile = None, json: Json = False, quiet: Quiet = False) -> None:
    """Delete weights that were fetched or imported; the list still knows them."""
    output = Output(mode_of(json=json, quiet=quiet))
    entries = [registry.find(id, weights_file) for id in ids]
    for entry in entries:
        if entry.source in ("embedded", "file"):
            whose = "restorecli's own" if entry.source == "embedded" else "a file of yours"
            raise UsageError(f"{entry.id} is {whose}, not a copy in the cache")
    freed = {entry.id: store.remove(entry) for entry in entries}
    output.document([{"id": id, "bytes": size} for id, size in freed.items()])
    for id, size in freed.items():
        output.result(f"{id}: {f'{megabytes(size)} freed' if size else 'was not here'}", id)
