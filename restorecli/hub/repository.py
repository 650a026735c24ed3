"""A file in a repository of the Hub, through the Hub's own client: its cache, its locks, its resuming.

A revision of 40 hex digits that is in the cache needs no network.
"""

import dataclasses
import re
import time
from pathlib import Path

from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from huggingface_hub.utils import tqdm, validate_repo_id

from ..errors import WeightsError
from ..proof import problem
from ..spec import Remote
from .client import Progress, quiet
from .faults import TRANSPORT_ERROR

PAUSES = (1.0, 4.0)  # seconds before the second and third try, where the client itself does not try again
PASSING = (500, 502, 503, 504)


def folder() -> Path:
    return Path(constants.HF_HUB_CACHE)


def cached(remote: Remote) -> Path | None:
    repo, revision, file = _names(remote)
    try:
        found = try_to_load_from_cache(repo, file, revision=revision, repo_type=remote.repo_type)
    except OSError:  # a folder that may not be read is as good as none
        return None
    return Path(found) if isinstance(found, str) else None


def download(remote: Remote, progress: Progress | None) -> tuple[Path, str | None]:
    """The file, or what is wrong with what came; then nothing of it is left."""
    path = _into_cache(remote, progress)
    wrong = problem(path, with_the_hubs_hash(remote, path))
    if wrong is not None:
        drop(path)
    return path, wrong


def _into_cache(remote: Remote, progress: Progress | None) -> Path:
    """What the client raises comes out as it is."""
    repo, revision, file = _names(remote)
    for pause in (*PAUSES, None):
        try:
            with quiet():
                return Path(
                    hf_hub_download(
                        repo, file, revision=revision, repo_type=remote.repo_type,
                        tqdm_class=_bar(progress, remote.size),
                    )
                )  # fmt: skip
        except RuntimeError as error:  # what Xet raises, after two minutes and a half, where a server is gone
            raise ConnectionError(str(error)) from error
        except TRANSPORT_ERROR as error:
            if pause is None or not _may_pass(error):
                raise
            time.sleep(pause)
    raise AssertionError  # the last round returns or raises


def _may_pass(error: BaseException) -> bool:
    """The client tries again by itself until it has the first byte; a reset after that is left to us."""
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in PASSING and not isinstance(error, LocalEntryNotFoundError)
    return True


def _names(remote: Remote) -> tuple[str, str, str]:
    if not remote.repo or not remote.revision or not remote.file:
        raise WeightsError(f"{remote.name or remote.repo}: its row lacks repo, revision or file")
    try:
        validate_repo_id(remote.repo)
    except HFValidationError as error:
        raise WeightsError(f"{remote.repo}: no name of a repository on the Hub", hint="USER/NAME") from error
    return remote.repo, remote.revision, remote.file


def with_the_hubs_hash(remote: Remote, path: Path) -> Remote:
    """Without a hash of ours a file of the Hub is proved by the Hub's own, by which the cache names it:
    sha256 of large ones, git blob of small ones."""
    if remote.url or remote.sha256 or remote.git_blob:
        return remote
    name = path.resolve().name
    if re.fullmatch(r"[0-9a-f]{64}", name):
        return dataclasses.replace(remote, sha256=name)
    return dataclasses.replace(remote, git_blob=name) if re.fullmatch(r"[0-9a-f]{40}", name) else remote


def is_as_served(path: Path) -> bool:
    """Whether a cached file is, byte for byte, what the Hub says that it gave."""
    told = with_the_hubs_hash(Remote(), path)
    return told != Remote() and problem(path, told) is None


def drop(path: Path) -> None:
    """Deletes a file from the cache: the name in the snapshot, and what it leads to."""
    while path.is_symlink():
        target = path.parent / path.readlink()
        path.unlink()
        path = target
    path.unlink(missing_ok=True)


def _bar(progress: Progress | None, size: int | None) -> type[tqdm]:
    """The client reports to a class of progress bars: one that draws nothing, and tells us instead."""

    class Bar(tqdm):
        def __init__(self, *_: object, total: float | None = None, initial: float = 0, **__: object) -> None:
            super().__init__(disable=True)
            self.total, self.n = total, initial

        def update(self, n: float | None = 1) -> bool | None:
            self.n += n or 0
            if progress is not None:
                progress(int(self.n), size if size is not None else int(self.total) if self.total else None)

        # What Xet has on the wire, which may be less than the file: without these it would make a second bar.
        def update_transfer(self, n: float) -> None: ...
        def set_transfer_postfix_str(self, *_: object, **__: object) -> None: ...

    return Bar
