"""What went wrong on the way to or from a server, as one line and the next thing to type."""

import errno
from pathlib import Path
from urllib.parse import urlsplit

from huggingface_hub import constants
from huggingface_hub.errors import (
    EntryNotFoundError,
    FileMetadataError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from ..errors import WeightsError
from ..places import CACHE_VARIABLE
from ..spec import Remote
from ..wording import reason

# The base of all that the Hub's client's transport raises. Which library that is has changed twice.
TRANSPORT_ERROR: type[BaseException] = HfHubHTTPError.__bases__[0]
EXPECTED = (OSError, EntryNotFoundError, TRANSPORT_ERROR)
UNREACHABLE = (TRANSPORT_ERROR, ConnectionError)

LOG_IN = "hf auth login, or set HF_TOKEN"
LATER = "try again later: what was fetched so far is kept where the server can resume"
REACH = "check the network; HTTPS_PROXY names a proxy, HF_ENDPOINT a mirror of the Hub"
PORTAL = "open any page in a browser, as the network may want you to log in first; then try again"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class WebPageError(Exception):
    """The server answered with a page for people where a file should be."""


def server(remote: Remote) -> str:
    """Who is asked for the file."""
    if remote.url is None:
        return constants.ENDPOINT
    parts = urlsplit(remote.url)
    return f"{parts.scheme}://{parts.netloc}"


def explain(error: BaseException, remote: Remote, folder: Path) -> WeightsError:
    """An error of a download, told. `folder` is where the file would have been kept."""
    if isinstance(error, LocalEntryNotFoundError) and error.__cause__ is not None:
        error = error.__cause__  # the client found nothing in its cache because of this
    if isinstance(error, (FileMetadataError, WebPageError)):
        return WeightsError(
            f"{remote.name}: {server(remote)} answers with something else than the file: a login page?",
            hint=PORTAL,
        )
    if isinstance(error, HfHubHTTPError):
        return _refused(error, remote)
    if isinstance(error, UNREACHABLE):
        return _unreachable(error, remote.name, server(remote))
    if isinstance(error, OSError) and error.errno is not None:
        return _not_kept(error, remote, folder)
    return WeightsError(f"{remote.name}: did not come whole: {_first_line(error)}", hint=LATER)


def _unreachable(error: BaseException, name: str, host: str) -> WeightsError:
    return WeightsError(f"{name}: {host} cannot be reached: {_first_line(error)}", hint=REACH)


def _refused(error: HfHubHTTPError, remote: Remote) -> WeightsError:
    status, name, host = error.response.status_code, remote.name, server(remote)
    if remote.url is not None:
        told = _status_words(status)
        return WeightsError(f"{name}: {remote.url} {told} ({status})", hint=LATER if status >= 429 else None)
    if isinstance(error, GatedRepoError):
        return WeightsError(
            f"{name}: {remote.repo} asks for consent before it gives files",
            hint=f"ask for access at {host}/{remote.repo}, then {LOG_IN}",
        )
    if isinstance(error, RevisionNotFoundError):
        return WeightsError(f"{name}: {remote.repo} has no revision {remote.revision}")
    if isinstance(error, EntryNotFoundError):
        return WeightsError(f"{name}: {remote.repo} has no file {remote.file} at {remote.revision}")
    if isinstance(error, RepositoryNotFoundError) or status in (401, 403, 404):
        return WeightsError(
            f"{name}: {host} has no {remote.repo}, or shows it only to some who are logged in ({status})",
            hint=LOG_IN,
        )
    return WeightsError(f"{name}: {host} {_status_words(status)} ({status})", hint=LATER)


def _status_words(status: int) -> str:
    if status in (404, 410):
        return "is not there"
    if status in (401, 403):
        return "is not for everybody"
    return "gets too many requests" if status == 429 else "is out of order" if status >= 500 else "refuses"


def _not_kept(error: OSError, remote: Remote, folder: Path) -> WeightsError:
    if error.errno in NO_ROOM:
        return no_room(remote, folder, f" ({reason(error)})")
    return WeightsError(
        f"{remote.name}: cannot be kept in {folder}: {reason(error)}",
        hint=f"{_variable(remote)}=FOLDER names another folder",
    )


def no_room(remote: Remote, folder: Path, detail: str) -> WeightsError:
    return WeightsError(
        f"{remote.name}: no room for it in {folder}{detail}",
        hint=f"make room, or name another folder: {_variable(remote)}=FOLDER",
    )


def _variable(remote: Remote) -> str:
    """What names the folder that the file is kept in."""
    return CACHE_VARIABLE if remote.url else "HF_HOME"


def explain_upload(error: BaseException, repo: str) -> WeightsError:
    """An error on the way to the Hub."""
    if isinstance(error, RuntimeError) and error.__cause__ is not None:
        error = error.__cause__  # the client wraps what a file's upload raised
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        if status in (401, 403, 404):
            return WeightsError(
                f"{repo}: {constants.ENDPOINT} does not let you write to it ({status})",
                hint=f"{LOG_IN}: with a token that may write",
            )
        return WeightsError(f"{repo}: {constants.ENDPOINT} {_status_words(status)} ({status})")
    if isinstance(error, UNREACHABLE):
        return _unreachable(error, repo, constants.ENDPOINT)
    return WeightsError(f"{repo}: cannot be written to: {_first_line(error)}")


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__
