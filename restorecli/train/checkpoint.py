"""A training's whole state on disk: replaced in one step, in parts where files must stay small.

The state is written under a new name first; then `checkpoint.json`, which names it, is replaced. A kill at
any moment leaves either the old state or the new one.
"""

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import torch

from ..atomic import sweep_temporaries, write_whole
from ..errors import InputError

INDEX = "checkpoint.json"


def save(folder: Path, state: dict[str, Any], *, part_bytes: int | None = None) -> None:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    part_bytes = part_bytes or len(content)
    stem = f"checkpoint-{state['step']:08d}-{os.getpid()}"
    parts: list[str] = []
    for start in range(0, len(content), part_bytes):
        parts.append(f"{stem}.{len(parts):03d}.part")
        write_whole(folder / parts[-1], content[start : start + part_bytes])
    index = {"step": state["step"], "parts": parts, "sha256": hashlib.sha256(content).hexdigest()}
    write_whole(folder / INDEX, json.dumps(index).encode())
    for path in folder.glob("checkpoint-*.part"):
        if path.name not in parts:
            path.unlink()
    sweep_temporaries(folder)


def load(folder: Path) -> dict[str, Any] | None:
    """The state saved last, or None where there is none."""
    index_path = folder / INDEX
    if not index_path.exists():
        return None
    index = json.loads(index_path.read_text())
    content = b"".join((folder / part).read_bytes() for part in index["parts"])
    if hashlib.sha256(content).hexdigest() != index["sha256"]:
        raise InputError(f"{index_path}: the checkpoint's parts are damaged")
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
