"""What follows from a network's params: its channels, how much it enlarges, which sizes it takes.

Light, where networks/ loads torch: reading the list of weights needs it. tests/networks/test_facts.py runs
every network against it, and holds the defaults here against those of the classes.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

from .checked import CheckError
from .spec import ModelSpec


@dataclass(frozen=True, slots=True)
class Facts:
    """What a network with given params takes and gives."""

    channels: int = 3  # 1: gray only
    scale: int = 1  # sides of what comes out, relative to what went in
    multiple_of: int = 1  # sides of what goes in are multiples of this


# What a model's numbers may be.
RANGES: dict[str, tuple[float, float]] = {
    "scale": (1, 16),
    "multiple_of": (1, 4096),
    "tile": (0, 16384),  # 0: the whole image
    "overlap": (0, 8192),
    "halo": (0, 1024),
    "value_range": (1e-3, 65536),
}
MOST_PARTS = 4096  # blocks, features: whole numbers of params

# By the network's name in NETWORKS. Only the params that matter are named, with their class's defaults.
FACTS: dict[str, Callable[..., Facts]] = {
    "identity": lambda **_: Facts(),  # takes any channels
    "local": lambda channels=3, unshuffle=1, scale=1, **_: Facts(channels, scale, unshuffle),
    "compact": lambda encoder=(1, 1, 1), shuffle=2, scale=1, channels=3, **_: Facts(
        channels, scale, shuffle * 2 ** len(encoder)
    ),
    "panet": lambda colors=3, **_: Facts(colors),
    "paedsr": lambda scale=2, **_: Facts(3, scale),
    "rnan": lambda colors=3, scale=1, **_: Facts(colors, scale, 2),
    "dagl": lambda colors=3, **_: Facts(colors),
    "mhnet": lambda encoder=(1, 1, 1, 28), **_: Facts(3, 1, 2 ** len(encoder)),
}


def facts_of(network: str, params: Mapping[str, object]) -> Facts:
    """The facts of a network by its name in NETWORKS and its params.

    A name or params that fit no network give the usual: they are refused where the network is built, by name.
    """
    try:
        found = FACTS[network](**params)
    except (KeyError, TypeError):
        return Facts()
    numbers = (found.channels, found.scale, found.multiple_of)
    return found if all(type(number) is int for number in numbers) else Facts()


def with_facts(model: ModelSpec, table: Mapping[str, object], where: str) -> ModelSpec:
    """The model with what follows from its params; a table that says otherwise is refused, and impossible
    numbers are.

    Of a network that is not known here, the table's own words count.
    """
    _check_params(model.params, f"{where}: params")
    if model.network not in FACTS:
        return _in_range(model, where)
    facts = asdict(facts_of(model.network, model.params))
    for key, fact in facts.items():
        if table.get(key, fact) != fact:
            raise CheckError(
                f"{where}: {key}: {table[key]!r}, but {model.network} with these params has {fact}",
                hint="leave it out: it follows from the params",
            )
    return _in_range(replace(model, **facts), where)


def _in_range(model: ModelSpec, where: str) -> ModelSpec:
    for key, (low, high) in RANGES.items():
        value = getattr(model, key)
        if value is not None and not low <= value <= high:
            raise CheckError(f"{where}: {key}: {value} is not {low:g} to {high:g}")
    if model.channels not in (1, 3):
        raise CheckError(f"{where}: channels: {model.channels} is not 1 or 3")
    return model


def _check_params(value: object, where: str) -> None:
    """Numbers that no network is built with: it would take days to say so, or all memory."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _check_params(inner, f"{where}: {key}")
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _check_params(inner, where)
        if len(value) > MOST_PARTS:
            raise CheckError(f"{where}: more than {MOST_PARTS} values")
    elif type(value) is int and not 0 <= value <= MOST_PARTS:
        raise CheckError(f"{where}: {value} is not 0 to {MOST_PARTS}")
