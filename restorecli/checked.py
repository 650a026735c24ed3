"""TOML tables to frozen dataclasses, with every key and type checked.

    read_table(WeightsEntry, table, "weights.toml: row 'x'")

What a key may hold is read from the dataclass's own annotations, so that a table and its type cannot drift
apart. A problem is a CheckError that says where, which key, and what was expected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from types import MappingProxyType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from .errors import UsageError
from .wording import near

Table = TypeVar("Table")
LARGEST = 10**300  # whole number that is taken for a number: a float holds no larger ones


class CheckError(UsageError):
    """A table holds something that its type does not allow."""


def read_table(
    kind: type[Table],
    table: Mapping[str, object],
    where: str,
    given: Mapping[str, object] = MappingProxyType({}),
) -> Table:
    """Builds a dataclass from a table; nested dataclasses from nested tables. `given` was read otherwise."""
    assert is_dataclass(kind)
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name not in given}
    for key in table:
        if key not in hints:
            raise CheckError(f"{where}: unknown key {key!r}", hint=_nearest(key, hints))
    values: dict[str, Any] = dict(given)
    for field in fields(kind):
        if field.name in given:
            continue
        if field.name in table:
            values[field.name] = _checked(hints[field.name], table[field.name], f"{where}: {field.name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise CheckError(f"{where}: key {field.name!r} is missing")
    return kind(**values)


def _nearest(key: str, known: Mapping[str, object]) -> str:
    meant = near(key, known)
    return f"did you mean {meant[0]!r}?" if meant else f"known keys: {', '.join(known)}"


def _checked(kind: Any, value: object, where: str) -> object:
    """The value as `kind` wants it (tables to dataclasses, lists to tuples), or CheckError."""
    if is_dataclass(kind) and isinstance(kind, type):
        if isinstance(value, Mapping):
            return read_table(kind, value, where)
    elif get_origin(kind) is tuple:
        if isinstance(value, Sequence) and not isinstance(value, str):
            return _checked_items(get_args(kind), value, where)
    elif get_origin(kind) in (Union, UnionType):
        for option in get_args(kind):
            if _fits(option, value):
                return _checked(option, value, where)
    elif _fits(kind, value):
        return float(value) if kind is float and isinstance(value, int) else value
    raise CheckError(f"{where}: {value!r} is not {_in_words(kind)}")


def _checked_items(kinds: tuple[Any, ...], values: Sequence[object], where: str) -> tuple[object, ...]:
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        kinds = (kinds[0],) * len(values)
    if len(kinds) != len(values):
        raise CheckError(f"{where}: {len(values)} values where {len(kinds)} belong")
    return tuple(
        _checked(kind, value, f"{where}[{place}]")
        for place, (kind, value) in enumerate(zip(kinds, values, strict=True))
    )


def _fits(kind: Any, value: object) -> bool:
    origin = get_origin(kind) or kind
    if origin is Literal:
        # 1 == True == 1.0 in Python; in a table they are different things.
        return any(value == option and type(value) is type(option) for option in get_args(kind))
    if isinstance(value, bool):
        return origin in (bool, object)
    if origin is float:
        return isinstance(value, float) or (isinstance(value, int) and abs(value) < LARGEST)
    if origin is tuple:
        return isinstance(value, Sequence) and not isinstance(value, str)
    if is_dataclass(origin):
        return isinstance(value, Mapping)
    return isinstance(value, origin)


def _in_words(kind: Any) -> str:
    origin = get_origin(kind) or kind
    if origin is Literal:
        return f"one of {', '.join(repr(option) for option in get_args(kind))}"
    if origin in (Union, UnionType):
        options = [option for option in get_args(kind) if option is not type(None)]
        return " or ".join(_in_words(option) for option in options)
    if is_dataclass(origin) or origin is Mapping:
        return "a table"
    words = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", tuple: "a list"}
    return words.get(origin) or getattr(origin, "__name__", str(kind))
