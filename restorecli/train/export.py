"""What a training's folder becomes: fp16 safetensors, the row of weights.toml, the model card, a plot."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from ..errors import InputError, UsageError
from ..report import curves
from ..row_text import row_text
from ..spec import WeightsEntry
from ..tasks import TASKS
from . import checkpoint
from .loop import RECIPE, made, read_log
from .recipe import Recipe, load_recipe
from .training import build_network

LICENCE = "MIT"
MEASURED = (
    "By `restore train evaluate`, on sets that were not trained on: mean PSNR (dB) and SSIM of the input, or "
    "of the plainest way to fill it in, and of the result. Blind, except where the level was told."
)


@dataclass(frozen=True, slots=True)
class Trained:
    """A training's recipe and state, read back from its folder."""

    recipe: Recipe
    state: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What its weights are called where nobody says otherwise."""
        return f"{self.recipe.model.network}-{self.recipe.name}"

    def weights(self) -> dict[str, Tensor]:
        """The averaged weights in half precision."""
        return {name: tensor.to(torch.float16).contiguous() for name, tensor in self.state["average"].items()}


def read_training(folder: Path) -> Trained:
    state = checkpoint.load(folder)
    if state is None:
        raise InputError(f"{folder}: no checkpoint in it", hint="restore train RECIPE.toml --out FOLDER")
    return Trained(load_recipe(folder / RECIPE), state)


def find_weights(name: str, rows: Iterable[WeightsEntry]) -> tuple[WeightsEntry, nn.Module | None]:
    """The averaged weights in a training's folder, as they would ship; or one of `rows`, by its id.

    In either case the network alone, whatever might be found in a photo before.
    """
    if not Path(name).is_dir():
        known = {row.id: row for row in rows}
        if name not in known:
            hint = f"ids: {', '.join(known)}"
            raise UsageError(f"{name}: neither a training's folder nor the id of weights", hint=hint)
        return _alone(known[name]), None
    trained = read_training(Path(name))
    scale, task = trained.recipe.model.scale, TASKS[trained.recipe.task]
    if (scale > 1) != task.enlarges:
        raise UsageError(f"{trained.name} enlarges {scale} times: not what {task.name} is measured by")
    network = build_network(trained.recipe)
    network.load_state_dict({key: tensor.float() for key, tensor in trained.weights().items()})
    return _alone(replace(_row(trained, trained.name), source="none", file=None)), network.eval()


def _alone(row: WeightsEntry) -> WeightsEntry:
    return replace(row, model=replace(row.model, finds_kernel=False))


def curve(log: Path) -> str:
    """The validation scores of a training's log over time, as an SVG that needs nothing to be drawn."""
    if not log.exists():
        raise InputError(f"{log}: no such log", hint="restore train RECIPE.toml --out FOLDER")
    rows = [row for row in read_log(log) if row["event"] == "validation"]
    if len(rows) < 2:
        raise InputError(f"{log}: fewer than two validations so far")
    scores = {name: [row["psnr"][name] for row in rows] for name in rows[-1]["psnr"]}
    return curves([row["seconds"] / 60 for row in rows], scores, f"minutes; {rows[-1]['step']} steps")


def export(trained: Trained, folder: Path, name: str, figures: str = "") -> str:
    """Writes NAME.safetensors and its card NAME.md into the folder; gives the row for weights.toml.

    `figures` is the Markdown of what was measured, for the card.
    """
    # One key only: safetensors writes several in random order, and the file's sha256 is in the row.
    content = save(trained.weights(), metadata={"licence": LICENCE})
    with made(folder, "--to"):
        (folder / f"{name}.safetensors").write_bytes(content)
        (folder / f"{name}.md").write_text(model_card(trained, name, len(content), figures))
    return weights_row(trained, name, content)


def provenance(trained: Trained) -> dict[str, object]:
    recipe, state = trained.recipe, trained.state
    return {
        "recipe": f"restorecli/train/recipes/{recipe.name}.toml",
        "recipe_sha256": recipe.sha256,
        "steps": state["step"],
        "minutes": round(state["seconds"] / 60, 1),
        "device": state["device"],
        "started_from": state["origin"] or "random weights",
        "data": [f"{source.origin} ({source.licence})" for source in recipe.sources],
        "torch": torch.__version__,
    }


def weights_row(trained: Trained, name: str, content: bytes) -> str:
    sha256 = hashlib.sha256(content).hexdigest()
    row = replace(_row(trained, name), sha256=sha256, size=len(content), provenance=provenance(trained))
    return row_text(row)


def _row(trained: Trained, name: str) -> WeightsEntry:
    """What is known of the weights before they are in a file."""
    recipe = trained.recipe
    return WeightsEntry(
        id=name,
        task=recipe.task,
        model=recipe.model,
        source="embedded",
        file=f"data/weights/{name}.safetensors",
        licence=LICENCE,
        default=True,
        level=None if recipe.model.scale == 1 else recipe.model.scale,
        white_noise=recipe.white_noise,
        trained_for=recipe.trained_for,
        limits=recipe.limits,
    )


def model_card(trained: Trained, name: str, size: int, figures: str) -> str:
    recipe, model = trained.recipe, trained.recipe.model
    parameters = sum(tensor.numel() for tensor in trained.state["average"].values())
    facts = provenance(trained)
    lines = [
        f"# {name}",
        "",
        f"{recipe.trained_for}",
        "",
        f"- Network: `{model.network}` {json.dumps(dict(model.params))}, {parameters / 1e6:.2f} million "
        f"parameters, {size / 1e6:.2f} MB in fp16.",
        f"- Licence of the weights: {LICENCE}.",
        f"- Made by `restore train {recipe.name}`: {facts['steps']} steps in {facts['minutes']} minutes on "
        f"{facts['device']}, from {facts['started_from']}.",
        f"- Recipe: `{facts['recipe']}`, sha256 `{recipe.sha256}`.",
        "",
        "## Training images",
        "",
        *(f"- {source.origin}: {source.licence}" for source in recipe.sources),
        "",
        "## Limits",
        "",
        recipe.limits,
    ]
    if figures:
        lines += ["", "## Measured", "", MEASURED, "", figures.rstrip("\n")]
    return "\n".join(lines) + "\n"
