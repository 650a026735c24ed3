"""A file at any address, in our own cache: a raw file of the authors at a commit.

    CACHE/downloads/<16 digits of the address>-NAME         proved
    CACHE/downloads/<16 digits of the address>-NAME.part    what came before the connection broke

Fetched with the Hub client's session: proxies, retries with backoff, Retry-After and HF_HUB_OFFLINE as there.
No token is sent.
"""

import hashlib
import re
import time
from pathlib import Path

from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import WeakFileLock, hf_raise_for_status, http_stream_backoff

from ..places import cache_folder
from ..proof import problem
from ..spec import Remote
from .client import Progress, quiet
from .faults import NO_ROOM, TRANSPORT_ERROR, WebPageError

RETRIES = 3  # in a row, without a single byte: after 1, 2 and 4 seconds
NOT_SATISFIABLE = 416


def folder() -> Path:
    return cache_folder() / "downloads"


def place(remote: Remote) -> Path:
    url = remote.url or ""
    name = re.sub(r"[^\w.-]", "_", remote.name)[-80:]
    return folder() / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}-{name}"


def cached(remote: Remote) -> Path | None:
    path = place(remote)
    return path if path.is_file() else None


def download(remote: Remote, progress: Progress | None) -> tuple[Path, str | None]:
    """The file, or what is wrong with what came; then nothing of it is left."""
    target = place(remote)
    part = target.with_name(target.name + ".part")
    locks = folder() / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(locks / f"{target.name}.lock"):
        if target.is_file() and problem(target, remote) is None:
            return target, None  # another process was faster
        was_begun = part.exists()
        wrong = _bring(remote, part, progress)
        if wrong is not None and was_begun:
            wrong = _bring(remote, part, progress)  # its beginning was bad, perhaps since a power cut
        if wrong is None:
            part.replace(target)
        return target, wrong


def drop(path: Path) -> None:
    path.unlink(missing_ok=True)


def _bring(remote: Remote, part: Path, progress: Progress | None) -> str | None:
    try:
        with quiet():
            _stream(remote, part, progress)
    except OSError as error:
        if error.errno in NO_ROOM:
            part.unlink(missing_ok=True)  # the room is needed
        raise
    wrong = problem(part, remote)
    if wrong is not None:
        part.unlink()
    return wrong


def _stream(remote: Remote, part: Path, progress: Progress | None) -> None:
    """All of it into `part`, from where that ends; again after each break, as long as something comes."""
    failures = 0
    while True:
        begun = _length(part)
        if remote.size is not None and begun == remote.size:
            return
        if remote.size is not None and begun > remote.size:
            part.unlink()
            begun = 0
        try:
            _append(remote, part, begun, progress)
            return
        except HfHubHTTPError as error:
            if error.response.status_code != NOT_SATISFIABLE or not begun:
                raise  # answered, and tried again where that may help
            part.unlink()  # longer than what lies there
        except TRANSPORT_ERROR:
            failures = 0 if _length(part) > begun else failures
            if failures == RETRIES:
                raise
            time.sleep(2.0**failures)
            failures += 1


def _append(remote: Remote, part: Path, begun: int, progress: Progress | None) -> None:
    headers = {"Accept-Encoding": "identity"}  # or lengths and ranges would be those of packed bytes
    if begun:
        headers["Range"] = f"bytes={begun}-"
    with http_stream_backoff(
        "GET", remote.url or "", headers=headers, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT,
        retry_on_exceptions=(),
    ) as response:  # fmt: skip
        hf_raise_for_status(response)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise WebPageError
        goes_on = response.headers.get("Content-Range", "").startswith(f"bytes {begun}-")
        here = begun if response.status_code == 206 and goes_on else 0
        length = response.headers.get("Content-Length")
        total = remote.size or (here + int(length) if length else None)
        with part.open("ab" if here else "wb") as stream:
            for chunk in response.iter_bytes():  # as it comes: none waits for more, to be lost with it
                stream.write(chunk)
                here += len(chunk)
                if progress is not None:
                    progress(here, total)


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
