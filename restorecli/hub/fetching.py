"""The one way to a file that lies elsewhere: what is here is proved, what is not is fetched and proved."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from huggingface_hub import constants

from ..errors import WeightsError
from ..places import CACHE_VARIABLE
from ..spec import Remote
from . import address, faults, repository
from .proof import problem

Progress = Callable[[int, int | None], None]  # bytes that are here, bytes in all where that is known


def is_offline() -> bool:
    """Whether the user has forbidden the network, by HF_HUB_OFFLINE."""
    return constants.HF_HUB_OFFLINE


def cached(remote: Remote) -> Path | None:
    """The file, if it is here. Opens no socket, and does not prove it again."""
    return repository.cached(remote) if remote.url is None else address.cached(remote)


def fetch(remote: Remote, *, progress: Progress | None = None) -> Path:
    """The file, here and proved by what `remote` knows of it: size, sha256, git blob id.

    Raises WeightsError, and leaves nothing behind but what can be resumed, where it cannot be had or is not
    what it should be.
    """
    folder = repository.folder() if remote.url is None else address.folder()
    try:
        found = _proved_here(remote)
        if found is not None:
            return found
        _check_network(remote)
        _check_room(remote, folder)
        fresh = _download(remote, progress)
    except (*faults.EXPECTED, faults.WebPageError) as error:
        raise faults.explain(error, remote, folder) from error
    return fresh


def forget(remote: Remote) -> None:
    """Deletes what was downloaded from an address. The Hub's cache is shared and the user's: it stays."""
    if remote.url is not None:
        address.drop(address.place(remote))


def _proved_here(remote: Remote) -> Path | None:
    found = cached(remote)
    if found is None:
        return None
    wrong = problem(found, _as_meant(remote, found))
    if wrong is None:
        return found
    if remote.url is None and repository.is_as_served(found):
        raise _not_meant(remote, wrong)  # it came whole: fetching it again would give the same
    _drop(remote, found)  # damaged on the disk
    return None


def _download(remote: Remote, progress: Progress | None) -> Path:
    if remote.url is not None:
        path, wrong = address.download(remote, progress)
    else:
        path = repository.download(remote, progress)
        wrong = problem(path, _as_meant(remote, path))
        if wrong is not None:
            _drop(remote, path)
    if wrong is not None:
        raise _not_meant(remote, wrong)
    return path


def _as_meant(remote: Remote, path: Path) -> Remote:
    """Without a hash of ours a file of the Hub is proved by the Hub's own."""
    is_unproved = remote.url is None and not (remote.sha256 or remote.git_blob)
    return repository.by_the_hubs_word(remote, path) if is_unproved else remote


def _drop(remote: Remote, path: Path) -> None:
    (repository if remote.url is None else address).drop(path)


def _not_meant(remote: Remote, wrong: str) -> WeightsError:
    return WeightsError(
        f"{remote.name}: what {faults.server(remote)} gave is not the file that is meant: it {wrong}",
        hint="try again; if it stays so, the file was changed, or the row's hash is wrong",
    )


def _check_network(remote: Remote) -> None:
    if is_offline():
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
            variable = CACHE_VARIABLE if remote.url else "HF_HOME"
            detail = f": it needs {remote.size / 1e6:.1f} MB, and {free / 1e6:.1f} MB are free"
            raise faults.no_room(remote.name, folder, variable, detail)
