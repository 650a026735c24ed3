"""Each question is asked once: weights are resolved once, their licence checked once."""

import ast
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType

import pytest
from running import make_picture

from restorecli import Restorer, registry
from restorecli.cli.app import main
from restorecli.engine.restorer import Restorer as RestorerClass
from restorecli.selection import select
from restorecli.weights import licence, load

WATCHED: dict[CodeType, str] = {
    function.__code__: name
    for name, function in (
        ("select", select),
        ("licence.check", licence.check),
        ("load_network", load.load_network),
        ("chosen_for", RestorerClass.chosen_for),
    )
}


def calls_of(work: Callable[[], object]) -> dict[str, int]:
    counts: Counter[str] = Counter()

    def watch(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code in WATCHED:
            counts[WATCHED[frame.f_code]] += 1

    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
    return dict(counts)


@pytest.mark.parametrize("model", ["auto", "compact-denoise", "identity"])
def test_the_command_asks_each_question_once(tmp_path: Path, model: str):
    photo = make_picture(tmp_path / "a.png", size=(32, 32))
    words = ["denoise", str(photo), "--model", model, "-q"]
    once = {"select": 1, "licence.check": 1, "load_network": 1, "chosen_for": 1}
    assert calls_of(lambda: main(words)) == once
    assert photo.with_name("a.denoise.png").exists()


def test_two_photos_ask_no_more_than_which_weights_they_get(tmp_path: Path):
    for name in ("a.png", "b.png"):
        make_picture(tmp_path / name, size=(32, 32))
    found = calls_of(lambda: main(["denoise", str(tmp_path), "-q"]))
    assert found == {"select": 1, "licence.check": 1, "load_network": 1, "chosen_for": 2}


def test_a_list_of_weights_is_the_restorers_own(tmp_path: Path):
    """It holds as long as the Restorer does, and for no other."""
    path = tmp_path / "list.toml"
    path.write_text(
        '[[weights]]\nid = "mine"\ntask = "denoise"\nsource = "manual"\npage = "https://example.org"\n'
        'instructions = "Look."\n[weights.model]\nnetwork = "compact"\n'
    )
    restorer = Restorer("denoise", model="mine", weights_file=path, load=False)
    assert restorer.estimate(8, 8).tiles == 1
    assert restorer.entry.id == "mine"
    assert "mine" not in {row.id for row in registry.entries()}


def test_no_module_keeps_state():
    """Caches (functools) have their arguments as keys; everything else is handed down."""
    for path in registry.PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not isinstance(node, ast.Global), f"{path}: line {node.lineno}: global"
