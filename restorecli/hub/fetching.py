"""The one way from a pinned file elsewhere to a proved one here: what is here is proved, the rest fetched."""

import shutil
from contextlib import suppress
from pathlib import Path

from huggingface_hub import constants

from ..errors import WeightsError
from ..proof import problem
from ..spec import Remote
from ..wording import megabytes
from . import address, faults, repository
from .client import Progress


def cached(remote: Remote) -> Path | None:
    """The file, if it is here. Opens no socket, and does not prove it again."""
    return _side(remote).cached(remote)


def fetch(remote: Remote, *, progress: Progress | None = None) -> Path:
    """The file, here and proved by what `remote` knows of it: size, sha256, git blob id.

    Raises WeightsError, and leaves nothing behind but what can be resumed, where it cannot be had or is not
    what it should be.
    """
    folder = _side(remote).folder()
    try:
        found, wrong = _proved_here(remote), None
        if found is None:
            _check_network(remote)
            _check_room(remote, folder)
            found, wrong = _side(remote).download(remote, progress)
    except (*faults.EXPECTED, faults.WebPageError) as error:
        raise faults.explain(error, remote, folder) from error
    if wrong is not None:
        raise _not_meant(remote, wrong)
    return found


def forget(remote: Remote) -> None:
    """Deletes what was downloaded from an address. The Hub's cache is shared and the user's: it stays."""
    if remote.url is not None:
        address.drop(address.place(remote))


def _side(remote: Remote):
    """One of two modules with the same four functions: folder, cached, download, drop."""
    return repository if remote.url is None else address


def _proved_here(remote: Remote) -> Path | None:
    found = cached(remote)
    if found is None:
        return None
    wrong = problem(found, repository.with_the_hubs_hash(remote, found))
    if wrong is None:
        return found
    if remote.url is None and repository.is_as_served(found):
        raise _not_meant(remote, wrong)  # it came whole: fetching it again would give the same
    _side(remote).drop(found)  # damaged on the disk
    return None


def _not_meant(remote: Remote, wrong: str) -> WeightsError:
    return WeightsError(
        f"{remote.name}: what {faults.server(remote)} gave is not the file that is meant: it {wrong}",
        hint="try again; if it stays so, the file was changed, or the row's hash is wrong",
    )


def _check_network(remote: Remote) -> None:
    if constants.HF_HUB_OFFLINE:
        raise WeightsError(
            f"{remote.name}: it is not here yet, and HF_HUB_OFFLINE forbids to fetch it",
            hint="unset HF_HUB_OFFLINE, and try again",
        )
    if remote.url is not None and not remote.url.startswith(("https://", "http://")):
        raise WeightsError(f"{remote.url}: not an address that can be fetched", hint="https://...")


def _check_room(remote: Remote, folder: Path) -> None:
    """Before anything is fetched: 270 MB take a while to not fit."""
    there = next((parent for parent in (folder, *folder.parents) if parent.is_dir()), None)
    if remote.size is None or there is None:
        return
    with suppress(OSError):  # a file system that does not say
        free = shutil.disk_usage(there).free
        if free < remote.size:
            detail = f": it needs {megabytes(remote.size)}, and {megabytes(free)} are free"
            raise faults.no_room(remote, folder, detail)
