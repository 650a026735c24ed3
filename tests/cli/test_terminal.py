"""What a person sees: progress and colours on a terminal only, and no image on one."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from running import Run, make_picture

REPOSITORY = Path(__file__).parents[2]


def on_terminal(*words: object, folder: Path, **variables: str) -> tuple[int, str]:
    """The command with all three streams on a pseudo terminal."""
    master, slave = pty.openpty()
    environment = (
        os.environ | {"PYTHONPATH": str(REPOSITORY), "TERM": "xterm-256color", "COLUMNS": "100"} | variables
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "restorecli", *map(str, words)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=folder,
        env=environment,
    )
    os.close(slave)
    seen = bytearray()
    while True:
        try:
            block = os.read(master, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not block:
            break
        seen += block
    os.close(master)
    return process.wait(), seen.decode()


def test_progress_results_and_colours(tmp_path: Path):
    for number in range(3):
        make_picture(tmp_path / f"{number}.png", size=(300, 300))
    (tmp_path / "broken.png").write_bytes(b"not an image")
    code, seen = on_terminal("denoise", ".", "--model", "identity", "--tile", 32, folder=tmp_path)
    assert code == 1
    assert "━" in seen  # the bar
    assert "tiles" in seen
    assert "0.png -> 0.denoise.png" in seen
    assert re.search(r"\x1b\[[\d;]*31m", seen)  # a red "error:"
    assert "3 restored, 1 failed in " in seen


def test_no_color_is_honoured(tmp_path: Path):
    code, seen = on_terminal("denoise", "nope.png", "--model", "identity", folder=tmp_path)
    assert code == 1
    assert "\x1b[" in seen
    code, seen = on_terminal("denoise", "nope.png", "--model", "identity", folder=tmp_path, NO_COLOR="1")
    assert code == 1
    assert seen.splitlines() == ["error: nope.png: no such file"]


def test_a_terminal_is_no_place_for_an_image(tmp_path: Path):
    make_picture(tmp_path / "a.png")
    code, seen = on_terminal("denoise", "a.png", "-o", "-", "--model", "identity", folder=tmp_path)
    assert code == 2
    assert "an image does not belong on a terminal" in seen
    code, seen = on_terminal("denoise", "-", "-o", "b.png", "--model", "identity", folder=tmp_path)
    assert code == 2
    assert "standard input is a terminal" in seen


def test_nothing_moves_where_nobody_watches(tmp_path: Path, restore: Run):
    make_picture(tmp_path / "a.png", size=(300, 300))
    result = restore("denoise", tmp_path / "a.png", "--tile", 32)
    assert (result.code, result.stderr) == (0, "")
