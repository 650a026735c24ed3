"""A recipe: everything that decides what a training gives, as one TOML file and one frozen value."""

import hashlib
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ..checked import CheckError, read_table
from ..errors import UsageError
from ..facts import with_facts
from ..spec import ModelSpec
from ..tasks import TASKS, part
from ..wording import reason
from .mixes import Mix, Steered

EMBEDDED = Path(__file__).parent / "recipes"


@dataclass(frozen=True, slots=True)
class Source:
    """A folder of clean images below the data folder."""

    folder: str
    licence: str
    origin: str
    noise_below: float = 0.0  # images whose own noise is above this are left out; 0 takes all


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to learn. One of `minutes` and `steps` is given.

    With `minutes` the learning rate follows the clock, so that it has run out when the time has; with
    `steps` the result can be repeated to the same numbers.
    """

    minutes: float = 0.0
    steps: int = 0
    batch: int = 12
    crop: int = 96  # side of the target
    learning_rate: float = 2e-3
    warm_up: float = 0.02  # share of the schedule
    weight_decay: float = 1e-4
    clip: float = 1.0
    ema: float = 0.999
    muon: bool = False  # matrices learn by Muon instead of AdamW
    known_level_share: float = 0.35  # of the samples; the rest is restored blind
    other_level_share: float = 0.0  # of those: told another level than the true one, to learn to follow it
    # l1: the mean error. psnr: the mean of the images' PSNR: those that are nearly right count as much.
    loss: Literal["l1", "psnr"] = "l1"
    bf16: bool = True


@dataclass(frozen=True, slots=True)
class Check:
    """One validation score: the held-out images damaged by a name of ops/degrade.py."""

    name: str
    damage: str
    level: float = 0.0
    gray: bool = False


@dataclass(frozen=True, slots=True)
class Validation:
    every_minutes: float = 4.0
    every_steps: int = 0  # where the schedule counts steps
    hold_out_every: int = 40
    crop: int = 256
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipe:
    name: str
    task: str
    seed: int
    model: ModelSpec
    schedule: Schedule
    sources: tuple[Source, ...]
    mix: Mix  # how samples are damaged; in the file a table with the name that a task gives it
    validation: Validation = field(default_factory=Validation)
    white_noise: bool = False  # its weights are for photos whose noise is white
    trained_for: str = ""
    limits: str = ""
    sha256: str = ""

    @property
    def step(self) -> int:
        """The sides of what the network gives are multiples of this."""
        return self.model.multiple_of * self.model.scale


def find_recipe(name: str) -> Path:
    """A path, or the name of a recipe that made an embedded default."""
    path = Path(name)
    embedded = EMBEDDED / f"{name}.toml"
    if path.exists() or not embedded.exists():
        return path
    return embedded


def load_recipe(path: Path) -> Recipe:
    """Reads and checks a recipe; an error names the file and the key."""
    try:
        content = path.read_bytes()
    except OSError as error:
        names = ", ".join(sorted(recipe.stem for recipe in EMBEDDED.glob("*.toml")))
        raise UsageError(
            f"{path}: {reason(error)}", hint=f"a TOML file, or one of the recipes inside: {names}"
        ) from error
    try:
        table = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CheckError(f"{path}: not TOML: {error}") from error
    return _read(table, str(path), hashlib.sha256(content).hexdigest())


def _read(table: dict[str, Any], where: str, sha256: str) -> Recipe:
    known = {name: where_it_is for task in TASKS.values() for name, where_it_is in task.mixes.items()}
    given = [name for name in known if name in table]
    if len(given) != 1:
        names = ", ".join(f"[{name}]" for name in known)
        raise CheckError(f"{where}: give one of {names}: how samples are damaged")
    (name,) = given
    mix = read_table(part(known[name]), table[name], f"{where}: {name}")
    rest = {key: value for key, value in table.items() if key != name}
    recipe = read_table(Recipe, rest, where, given={"mix": mix})
    model = with_facts(recipe.model, rest["model"], f"{where}: model")
    recipe = replace(recipe, model=model, sha256=sha256)
    _check(recipe, where)
    return recipe


def _check(recipe: Recipe, where: str) -> None:
    """What the types cannot say."""
    if recipe.task not in TASKS:
        raise CheckError(f"{where}: task: {recipe.task!r} is not one of {', '.join(map(repr, TASKS))}")
    if recipe.mix.scale != recipe.model.scale:
        raise CheckError(
            f"{where}: the mix makes images {recipe.mix.scale} times smaller, not the model's scale"
        )
    if recipe.model.channels == 1 and getattr(recipe.mix, "gray_share", 0.0) < 1:
        raise CheckError(f"{where}: gray weights learn from gray samples", hint="gray_share = 1.0 in the mix")
    if recipe.schedule.other_level_share and not isinstance(recipe.mix, Steered):
        raise CheckError(f"{where}: schedule: other_level_share has no meaning for damage without a level")
    if (recipe.schedule.minutes > 0) == (recipe.schedule.steps > 0):
        raise CheckError(f"{where}: schedule: give either minutes or steps")
    if not recipe.sources:
        raise CheckError(f"{where}: sources: no folder of images in it")
    if recipe.schedule.crop % recipe.step:
        raise CheckError(f"{where}: schedule: crop is no multiple of {recipe.step}")
