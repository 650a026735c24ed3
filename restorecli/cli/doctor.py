"""restore doctor: what is here, what is missing, and what to type.

No `from __future__ import annotations` here: the command is built from annotations.
"""

import hashlib
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from .. import __version__, registry
from ..errors import WeightsError
from ..spec import WeightsEntry
from ..tasks import TASKS
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
    findings = [*_versions(), *_devices(), *_formats(), *_weights(), *_caches()]
    output.document([asdict(finding) for finding in findings])
    section = ""
    for finding in findings:
        if finding.section != section:
            section = finding.section
            output.result(section)
        output.result(f"  {'ok' if finding.good else '--'}  {finding.name:<22} {finding.value}")
        if finding.hint:
            output.result(f"      {'':<22} {finding.hint}")
    if any(finding.hint == registry.REINSTALL for finding in findings):
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
    from importlib import metadata, util

    from PIL import features

    yield Finding("formats", "PNG, BMP, GIF, PPM", "read; PNG and BMP written")
    for name, codec in (("JPEG", "jpg"), ("TIFF", "libtiff"), ("WebP", "webp"), ("AVIF", "avif")):
        there = bool(features.check(codec))
        hint = None if there else "pip install --upgrade --force-reinstall pillow"
        yield Finding(
            "formats", name, features.version(codec) or "there" if there else "not there", there, hint
        )
    heic = util.find_spec("pillow_heif") is not None
    value = f"pillow-heif {metadata.version('pillow-heif')}" if heic else "an extra that is not installed"
    yield Finding("formats", "HEIC", value, heic, None if heic else "pip install 'restorecli[heic]'")


def _weights() -> Iterator[Finding]:
    yield Finding("weights", "list", f"{len(registry.entries())} rows in {registry.list_file()}")
    for entry in registry.entries():
        yield _one_weights_file(entry)
    for task in TASKS:
        if not any(entry.task == task and entry.default for entry in registry.entries()):
            yield Finding("weights", task, "no default weights in this version yet", False)


def _one_weights_file(entry: WeightsEntry) -> Finding:
    path = registry.weights_path(entry)
    assert path is not None
    if not path.is_file():
        return Finding("weights", entry.id, f"{path} is missing", False, registry.REINSTALL)
    proved = entry.sha256 is None or hashlib.sha256(path.read_bytes()).hexdigest() == entry.sha256
    value = f"{path.stat().st_size / 1e6:.1f} MB, {'sha256 right' if proved else 'sha256 is wrong'}"
    hint = None if proved else registry.REINSTALL
    return Finding("weights", entry.id, value, proved, hint)


def _caches() -> Iterator[Finding]:
    from huggingface_hub.constants import HF_HUB_CACHE

    cache = Path(HF_HUB_CACHE)
    yield Finding("caches", "Hugging Face Hub", f"{cache}{'' if cache.exists() else ' (not there yet)'}")
