"""Tables are checked against their dataclass: every key, every type, in words that name the place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest

from restorecli.checked import CheckError, read_table


@dataclass(frozen=True)
class Inner:
    kind: Literal["a", "b"]
    share: float = 0.5


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner
    count: int = 1
    on: bool = False
    level: float | str | None = None
    sizes: tuple[int, ...] = ()
    more: tuple[Inner, ...] = ()
    free: Mapping[str, object] = field(default_factory=dict)


GOOD = {
    "name": "x",
    "inner": {"kind": "a", "share": 1},
    "level": 2,
    "sizes": [1, 2],
    "more": [{"kind": "b"}],
    "free": {"anything": [1, "two"]},
}


def test_a_good_table_becomes_its_dataclass():
    assert read_table(Outer, GOOD, "f.toml") == Outer(
        "x",
        Inner("a", 1.0),
        level=2.0,
        sizes=(1, 2),
        more=(Inner("b"),),
        free={"anything": [1, "two"]},
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nam": "x"}, "unknown key 'nam'"),
        ({"inner": {"kind": "c"}}, "inner: kind: 'c' is not one of 'a', 'b'"),
        ({"inner": {}}, "inner: key 'kind' is missing"),
        ({"inner": {"kind": "a", "sahre": 1}}, "inner: unknown key 'sahre'"),
        ({"inner": 3}, "inner: 3 is not a table"),
        ({"count": 1.5}, "count: 1.5 is not a whole number"),
        ({"count": True}, "count: True is not a whole number"),
        ({"on": 1}, "on: 1 is not true or false"),
        ({"level": [1]}, "level: [1] is not a number or a text"),
        ({"sizes": [1, "2"]}, "sizes[1]: '2' is not a whole number"),
        ({"sizes": "12"}, "sizes: '12' is not a list"),
        ({"more": [{"kind": "b"}, {"kind": "z"}]}, "more[1]: kind: 'z' is not one of 'a', 'b'"),
    ],
)
def test_a_wrong_table_is_refused_with_place_and_key(change: dict, message: str):
    with pytest.raises(CheckError) as caught:
        read_table(Outer, {**GOOD, **change}, "f.toml: row 'x'")
    assert caught.value.message == f"f.toml: row 'x': {message}"


def test_a_mistyped_key_gets_a_suggestion():
    with pytest.raises(CheckError) as caught:
        read_table(Outer, {**GOOD, "countt": 1}, "f.toml")
    assert caught.value.hint == "did you mean 'count'?"
