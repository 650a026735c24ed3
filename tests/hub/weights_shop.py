"""Weights of a tiny network on the loopback server, and the user's list that has their rows."""

import hashlib
from pathlib import Path

import torch
from loopback_hub import LoopbackHub, git_blob
from safetensors.torch import save

from restorecli import registry
from restorecli.networks.compact import Compact
from restorecli.row_text import row_text
from restorecli.spec import ModelSpec, Published, WeightsEntry

PARAMS = {"width": 4, "encoder": [1], "middle": 1, "decoder": [1]}


def weights_bytes(seed: int = 0) -> bytes:
    torch.manual_seed(seed)
    return save({key: tensor.contiguous() for key, tensor in Compact(**PARAMS).state_dict().items()})


def tiny(id: str, source: str, **more) -> WeightsEntry:
    model = ModelSpec("compact", PARAMS, multiple_of=4, halo=24, tile=64)
    return WeightsEntry(id, "denoise", model, source, **more)  # pyright: ignore[reportArgumentType]


class Shop:
    """Three rows: one on the Hub, one at an address, one to get by hand; and the list that has them."""

    def __init__(self, hub: LoopbackHub, folder: Path) -> None:
        content = weights_bytes()
        revision = hub.add("lab/tiny", {"tiny.safetensors": content})
        hub.raw["tiny.pt"] = content
        sha256 = hashlib.sha256(content).hexdigest()
        self.on_hub = tiny(
            "tiny-denoise-s25", "hub", repo="lab/tiny", revision=revision, file="tiny.safetensors",
            sha256=sha256, size=len(content), licence="MIT", level=25.0, limits="Tiny.",
            published=(Published("Set12", 30.43, "gray, no border crop", 25.0), Published("BSD68", 29.0)),
        )  # fmt: skip
        self.at_url = tiny(
            "tiny-denoise-web", "url", url=f"{hub.endpoint}/raw/tiny.pt", git_blob=git_blob(content),
            page="https://github.com/lab/tiny", about_size=9000,
        )  # fmt: skip
        self.by_hand = tiny(
            "tiny-denoise-hand", "manual", page="https://drive.test/x", instructions="Get it."
        )
        self.file = folder / "config" / "weights.toml"
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.write(self.on_hub, self.at_url, self.by_hand)

    def write(self, *rows: WeightsEntry) -> None:
        self.file.write_text("\n".join(map(row_text, rows)), encoding="utf-8")
        registry._layered.cache_clear()
