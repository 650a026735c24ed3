"""A row of a weights file as text."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass

from .facts import FACTS, Facts
from .spec import ModelSpec, WeightsEntry

_FOLLOWING = tuple(field.name for field in fields(Facts))


def row_text(entry: WeightsEntry) -> str:
    """The row that reads back as this entry: what is as a row has it anyway is left out."""
    values = _changed(entry)
    tables = {name: values.pop(name) for name in ("model", "provenance") if name in values}
    text = f"[[weights]]\n{_lines(values)}"
    for name, table in tables.items():
        assert isinstance(table, Mapping)
        text += f"\n[weights.{name}]\n{_lines(table)}"
    return text


def _changed(item: object) -> dict[str, object]:
    """The fields of a dataclass that are not at their default, dataclasses inside as tables.

    Of a model, what follows from its params is left out.
    """
    assert is_dataclass(item)
    values: dict[str, object] = {}
    for field in fields(item):
        value = getattr(item, field.name)
        usual = field.default if field.default_factory is MISSING else field.default_factory()
        follows = isinstance(item, ModelSpec) and item.network in FACTS and field.name in _FOLLOWING
        if value != usual and not follows:
            values[field.name] = _plain(value)
    return values


def _plain(value: object) -> object:
    if is_dataclass(value):
        return _changed(value)
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _lines(table: Mapping[str, object]) -> str:
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in table.items())


def _key(name: str) -> str:
    is_bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if is_bare else json.dumps(name, ensure_ascii=False)


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(inner) for inner in value) + "]"
    # Texts, numbers, true and false are the same in JSON; but TOML wants U+007F escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
