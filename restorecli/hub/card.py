"""The model card of a repository with weights: one section for each, kept where others are added later."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import ModelCard, ModelCardData

from ..spec import Published, WeightsEntry
from ..wording import level_text, megabytes

# What the Hub has a name for; any other licence is "other" there, with its name beside it.
HUB_LICENCES = frozenset(
    ("apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc-by-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0",
     "cc-by-sa-4.0", "cc0-1.0", "isc", "mit", "unknown", "unlicense", "zlib")
)  # fmt: skip
SEVERAL = "several-see-below"
TAGS = ["image-restoration", "restorecli"]
INTRODUCTION = """# Weights for restorecli

Converted to safetensors by `restore weights mirror`. Licence and origin of each file stand in its section;
the rows that `restore` needs to find them go into your own list, `weights.toml` in its config folder.
"""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of converted weights, and what is known about it."""

    entry: WeightsEntry
    path: Path
    sha256: str
    size: int
    proof: str  # of the file that it was made from
    origin: str  # where that came from

    @property
    def name(self) -> str:
        """Its name in the repository."""
        return f"{self.entry.id}.safetensors"


def model_card(uploads: Sequence[Upload], old: ModelCard | None) -> ModelCard:
    """A new card, or the old one with the sections of these weights replaced or added."""
    text = old.text.strip("\n") if old is not None else INTRODUCTION
    for upload in uploads:
        text = f"{_without(text, upload.entry.id).rstrip()}\n\n{section(upload)}"
    data = old.data if old is not None else ModelCardData(library_name="restorecli")
    assert isinstance(data, ModelCardData)
    data.license, data.license_name = _licence(uploads, data.license)
    data.pipeline_tag = data.pipeline_tag or "image-to-image"
    tags: list[str] = [*(data.tags or []), *TAGS, *(upload.entry.task for upload in uploads)]
    data.tags = list(dict.fromkeys(tags))
    return ModelCard(f"---\n{data.to_yaml()}\n---\n\n{text}")


def section(upload: Upload) -> str:
    """What a reader of the repository wants to know about one file."""
    entry, model = upload.entry, upload.entry.model
    level = f", level {level_text(entry.level)}" if entry.level is not None else ""
    lines = [
        f"## {entry.id}",
        "",
        entry.trained_for or f"{model.network} for {entry.task}{level}.",
        "",
        f"- File: `{upload.name}`, {megabytes(upload.size, 2)}, sha256 `{upload.sha256}`.",
        f"- Network: `{model.network}` {json.dumps(dict(model.params))}, "
        f"{'gray' if model.channels == 1 else 'colour'}; task: {entry.task}{level}.",
        f"- Licence of the weights: {entry.licence}.",
        f"- Origin: {entry.page or upload.origin}.",
        f"- Converted by restorecli from {upload.origin}, proved by {upload.proof}.",
        f"- Use: `restore {entry.task} photo.png --model {entry.id}`",
    ]
    if entry.limits:
        lines += ["", f"Limits: {entry.limits}"]
    if entry.published:
        lines += ["", *_figures(entry.published)]
    return "\n".join(lines) + "\n"


def _figures(published: Iterable[Published]) -> list[str]:
    rows = [
        f"| {figure.set} | {level_text(figure.level)} | {figure.psnr:.2f} | {figure.protocol} |"
        for figure in published
    ]
    heading = ["PSNR (dB) as its authors published it, not measured by whoever put it here:", ""]
    return [*heading, "| set | level | PSNR | protocol |", "| --- | --- | --- | --- |", *rows]


def _without(text: str, name: str) -> str:
    return re.sub(rf"(?ms)^## {re.escape(name)}$.*?(?=^## |\Z)", "", text)


def _licence(uploads: Sequence[Upload], old: str | None) -> tuple[str, str | None]:
    """The Hub's name of the one licence that holds for all, and ours where the Hub has none for it."""
    names = {upload.entry.licence for upload in uploads}
    licences = {name.lower() if name.lower() in HUB_LICENCES else "other" for name in names}
    if old is not None:
        licences.add(old)
    if len(licences) > 1:
        return "other", SEVERAL
    (licence,) = licences
    if licence != "other":
        return licence, None
    return "other", names.pop() if len(names) == 1 and old is None else SEVERAL
