"""restore doctor: what is here, what is missing, and what to type.

No `from __future__ import annotations` here: the command is built from annotations.
"""

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from .. import __version__, registry
from ..errors import RestoreError, WeightsError
from ..places import cache_folder
from ..proof import digest
from ..spec import WeightsEntry
from ..tasks import TASKS
from ..weights import store
from ..wording import megabytes
from .options import Json, Quiet
from .output import Output, mode_of


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    section: str
    name: str
    value: str
    good: bool = True
    hint: str | None = None  # what to type where it is not


def doctor(json: Json = False, quiet: Quiet = False) -> None:
    """Show versions, devices, formats, weights and caches, what is missing and what to type."""
    output = Output(mode_of(json=json, quiet=quiet))
    findings = [*_versions(), *_devices(), *_formats(), *_weights(), *_caches(), *_network()]
    output.document([asdict(finding) for finding in findings])
    section = ""
    for finding in findings:
        if finding.section != section:
            section = finding.section
            output.result(section)
        output.result(f"  {'ok' if finding.good else '--'}  {finding.name:<23} {finding.value}")
        if finding.hint:
            output.result(f"      {'':<23} {finding.hint}")
    if any(finding.section == "weights" and finding.hint for finding in findings):
        raise typer.Exit(WeightsError.exit_code)


def _versions() -> Iterator[Finding]:
    from importlib import metadata

    yield Finding("versions", "restorecli", f"{__version__}, {registry.PACKAGE}")
    yield Finding("versions", "Python", f"{platform.python_version()}, {sys.executable}")
    yield Finding("versions", "system", f"{platform.system()} {platform.release()}, {platform.machine()}")
    for package in ("torch", "numpy", "pillow", "opencv-python-headless", "huggingface-hub", "safetensors"):
        try:
            yield Finding("versions", package, metadata.version(package))
        except metadata.PackageNotFoundError:
            yield Finding("versions", package, "not installed", False, f"pip install {package}")


def _devices() -> Iterator[Finding]:
    import torch

    from ..engine.device import pick_device

    _, choice = pick_device("auto")
    yield Finding("devices", "chosen by auto", f"{choice.value}: {choice.reason}")
    for kind in ("cuda", "mps", "xpu"):
        there = getattr(torch, kind).is_available()
        name = torch.cuda.get_device_name() if there and kind == "cuda" else "there" if there else "not there"
        # A machine without a GPU is not broken: nothing to repair, so no hint.
        yield Finding("devices", kind, name, there)
    yield Finding("devices", "CPU threads", f"{torch.get_num_threads()} of {os.cpu_count()}")


def _formats() -> Iterator[Finding]:
    from ..images import CODECS

    always = [codec for codec in CODECS.values() if codec.library is None]
    written = ", ".join(codec.words for codec in always if codec.encode is not None)
    yield Finding("formats", ", ".join(codec.words for codec in always), f"read; {written} written")
    for codec in CODECS.values():
        if codec.library is not None:
            version = codec.library.version()
            hint = None if version else codec.library.remedy
            value = version or codec.library.absent
            yield Finding("formats", codec.words, value, version is not None, hint)


def _weights() -> Iterator[Finding]:
    try:
        rows = registry.entries()
    except RestoreError as error:  # of a list of the user's own
        yield Finding("weights", "list", error.message, False, error.hint or "mend that file")
        return
    yield Finding("weights", "list", f"{len(rows)} rows in {', '.join(map(str, registry.lists()))}")
    away = 0
    for entry in rows:
        found = store.located(entry)
        if found is None:
            away += 1
        else:
            yield _one_weights_file(entry, *found)
    if away:
        yield Finding("weights", "not here", f"{away} rows: {registry.LISTING} shows how to get them")
    for task in TASKS:
        if not any(entry.task == task and entry.default for entry in rows):
            yield Finding("weights", task, "no default weights in this version yet", False)


def _one_weights_file(entry: WeightsEntry, path: Path, sha256: str | None) -> Finding:
    if not path.is_file():
        return Finding("weights", entry.id, f"{path} is missing", False, store.remedy(entry))
    size = megabytes(path.stat().st_size)
    if sha256 is None:
        return Finding("weights", entry.id, f"{size}, no sha256 in the list")
    if digest(path).sha256 != sha256:
        return Finding("weights", entry.id, f"{size}, sha256 is wrong", False, store.remedy(entry))
    return Finding("weights", entry.id, f"{size}, sha256 right")


def _caches() -> Iterator[Finding]:
    from ..hub.client import settings

    for name, folder in (("restorecli", cache_folder()), ("Hugging Face Hub", settings().cache)):
        yield Finding("caches", name, f"{folder}{'' if folder.exists() else ' (not there yet)'}")


def _network() -> Iterator[Finding]:
    """What pulling weights would go by; nothing is asked of any server."""
    from ..hub.client import settings

    found = settings()
    value = "forbidden by HF_HUB_OFFLINE" if found.is_offline else "to fetch weights and test sets, no more"
    yield Finding("network", "use", value, not found.is_offline)
    yield Finding("network", "the Hub", found.endpoint)
    yield Finding("network", "token", "there" if found.has_token else "none: public repositories only")
    proxies = [name for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY") if os.environ.get(name)]
    yield Finding("network", "proxy", f"by {proxies[0]}" if proxies else "none")
