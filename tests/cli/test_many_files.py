"""Folders with broken files, runs that are killed, disks that are full: what is there is whole."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import Run, make_picture, pixels_of, tree

from restorecli.batch import plan
from restorecli.cli.app import main

REPOSITORY = Path(__file__).parents[2]
NOBODY = 65534


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "restorecli", *map(str, words), "--model", "identity", "--device", "cpu"]


def start(*words: object, **options) -> subprocess.Popen[bytes]:
    """The command in a process of its own, one thread for torch so that many runs do not crowd each other."""
    variables = {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command(*words), env=os.environ | variables, **(streams | options))


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def test_what_another_command_finished_meanwhile_is_passed_over(
    tmp_path: Path, restore: Run, monkeypatch: pytest.MonkeyPatch
):
    """Two of the same command at once: each result is written once, and neither command fails."""
    names = [make_picture(tmp_path / f"{number}.png", size=(16, 16)) for number in range(3)]
    make_plan = plan.make_plan

    def planned(*words: Any) -> Any:
        made = make_plan(*words)
        (tmp_path / "1.denoise.png").write_bytes(b"theirs")
        return made

    monkeypatch.setattr(plan, "make_plan", planned)
    result = restore("denoise", *names, "--json", "--fail-fast")
    assert (result.code, result.stderr) == (0, "")
    assert [row["status"] for row in result.json["files"]] == ["restored", "skipped", "restored"]
    assert (tmp_path / "1.denoise.png").read_bytes() == b"theirs"


# --------------------------------------------------------------------------- broken in different ways


def broken_files(folder: Path) -> list[str]:
    """25 files with an image's name, each broken in a way of its own."""
    whole = make_picture(folder / "whole.png", size=(64, 64)).read_bytes()
    (folder / "whole.png").unlink()
    kept = {}
    for suffix in ("jpg", "webp", "tiff", "gif"):
        path = make_picture(folder / f"whole.{suffix}", size=(64, 64))
        kept[suffix] = path.read_bytes()
        path.unlink()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    bomb = bytearray(whole)
    bomb[16:24] = b"\0\1\0\0\0\1\0\0"  # 65536 x 65536, checksum left as it was
    contents = {
        "empty.png": b"",
        "one_byte.png": b"\x89",
        "signature.png": whole[:8],
        "header.png": whole[:33],
        "half.png": whole[: len(whole) // 2],
        "last_byte.png": whole[:-1],
        "no_end.png": whole[:-12],
        "flipped.png": bytes(flipped),
        "bomb.png": bytes(bomb),
        "zeros.png": bytes(1000),
        "noise.png": random.Random(0).randbytes(1000),
        "text.png": b"this is not an image\n",
        "page.png": b"<!DOCTYPE html><html><body>404</body></html>",
        "document.png": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "archive.png": b"PK\x03\x04" + bytes(100),
        "packed.png": b"\x1f\x8b\x08" + bytes(100),
        "video.png": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(100),
        "half_jpeg.jpg": kept["jpg"][: len(kept["jpg"]) // 2],
        "header_jpeg.jpg": kept["jpg"][:20],
        "half_webp.webp": kept["webp"][: len(kept["webp"]) // 2],
        "header_tiff.tiff": kept["tiff"][:8],
        "half_gif.gif": kept["gif"][:40],
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "dangling.png").symlink_to(folder / "nowhere")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    os.mkfifo(folder / "pipe.png")
    return [*contents, "dangling.png", "loop.png", "pipe.png"]


def test_25_of_500_are_broken(tmp_path: Path, restore: Run):
    folder = tmp_path / "in"
    for number in range(475):
        make_picture(folder / f"{number:03}.png", seed=number, size=(16, 16))
    broken = broken_files(folder)
    assert len(broken) == 25
    result = restore("denoise", folder, "-o", tmp_path / "out/")
    assert result.code == 1
    assert "475 restored, 25 failed in " in result.stderr
    assert tree(tmp_path / "out") == [f"{number:03}.png" for number in range(475)]
    named = {Path(line.removeprefix("error: ").split(": ")[0]).name for line in result.errors}
    assert (len(result.errors), named) == (25, set(broken))
    assert "internal error" not in result.stderr
    # A second run does only what is not done.
    again = restore("denoise", folder, "-o", tmp_path / "out/")
    assert "0 restored, 25 failed, 475 skipped in " in again.stderr


# ------------------------------------------------------------------------------------- killed and ended


@pytest.fixture
def many(tmp_path: Path) -> Path:
    for number in range(60):
        make_picture(tmp_path / "in" / f"{number:02}.png", seed=number, size=(48, 48))
    return tmp_path


def assert_whole(folder: Path, source: Path) -> None:
    """Every result is the whole of its input (identity), and nothing else lies there."""
    for name in tree(folder):
        np.testing.assert_array_equal(pixels_of(folder / name), pixels_of(source / name))


def wrote_more(process: subprocess.Popen[bytes], out: Path, there: int) -> bool:
    return process.poll() is not None or (out.exists() and len(tree(out)) > there)


def killed_and_started_again(many: Path, kills: int, restore: Run) -> None:
    out = many / "out"
    random_delay = random.Random(7)
    for _ in range(kills):
        process = start("denoise", many / "in", "-o", f"{out}/")
        there = len(tree(out)) if out.exists() else 0
        wait_until(partial(wrote_more, process, out, there))
        time.sleep(random_delay.uniform(0, 0.05))
        process.kill()
        process.communicate()
        assert_whole_but_for_temporaries(out, many / "in")
    result = restore("denoise", many / "in", "-o", f"{out}/")
    assert result.code == 0
    assert tree(out) == tree(many / "in")
    assert_whole(out, many / "in")


def assert_whole_but_for_temporaries(folder: Path, source: Path) -> None:
    for name in tree(folder):
        if not name.endswith(".restore-tmp"):
            np.testing.assert_array_equal(pixels_of(folder / name), pixels_of(source / name))


def test_killed_at_any_moment_no_file_is_half_written_and_the_rest_follows(many: Path, restore: Run):
    killed_and_started_again(many, 1, restore)


@pytest.mark.slow
def test_killed_many_times(many: Path, restore: Run):
    for number in range(60, 500):
        make_picture(many / "in" / f"{number:03}.png", seed=number, size=(48, 48))
    killed_and_started_again(many, 12, restore)


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_signal_ends_cleanly(tmp_path: Path, number: signal.Signals):
    # One picture that takes long (many tiles), after one that is done at once.
    make_picture(tmp_path / "in" / "a.png", size=(16, 16))
    make_picture(tmp_path / "in" / "b.png", size=(1500, 1500))
    out = tmp_path / "out"
    process = start("denoise", tmp_path / "in", "-o", f"{out}/", "--tile", 16, "--ensemble")
    wait_until(lambda: (out / "a.png").exists())
    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert tree(out) == ["a.png"]
    (line,) = stderr.decode().splitlines()
    assert line.startswith("interrupted: 1 restored in ")


def test_a_second_signal_ends_at_once(tmp_path: Path):
    program = (
        "import os, signal, time\n"
        "from restorecli.cli.stopping import Stopped, tidy_stop\n"
        "with tidy_stop():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        time.sleep(20)\n"
        "    except Stopped:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        time.sleep(20)\n"
    )
    began = time.monotonic()
    ran = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=False, capture_output=True)
    assert (ran.returncode, ran.stderr) == (130, b"")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("words", [["-o", "-"], ["--json"], ["-q"], []])
def test_nobody_reads_the_output(
    tmp_path: Path, restore: Run, words: list[str], monkeypatch: pytest.MonkeyPatch
):
    make_picture(tmp_path / "a.png", size=(600, 600))
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as nobody:
        monkeypatch.setattr(sys, "stdout", nobody)
        assert main(["denoise", str(tmp_path / "a.png"), "--model", "identity", *words]) == 141


# ----------------------------------------------------------------------------- no permission, disk full


# The interpreter may lie where only root can read: everything is loaded before the rights are given up.
AS_NOBODY = f"""
import json, os, sys
from restorecli.cli.app import main
from restorecli.batch import plan
commands = json.loads(sys.argv[1])
assert main(commands.pop(0)) == 0
os.setgid({NOBODY})
os.setuid({NOBODY})
for words in commands:
    sys.stderr.write(f"exit {{main(words)}}\\n")
"""


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root can become somebody else")
def test_no_permission(open_folder: Path, tmp_path: Path):
    for name in ("a.png", "closed.png"):
        make_picture(open_folder / "in" / name)
    (open_folder / "in" / "closed.png").chmod(0)
    (open_folder / "in" / "locked").mkdir(mode=0o700)
    (open_folder / "out").mkdir()
    (open_folder / "out").chmod(0o777)
    warm = make_picture(tmp_path / "warm.png")
    commands = [
        command("denoise", warm)[3:],
        command("denoise", open_folder / "in", "-r", "-o", f"{open_folder}/out/")[3:],
        command("denoise", open_folder / "in" / "a.png")[3:],  # beside it, where only the owner writes
    ]
    program = [sys.executable, "-c", AS_NOBODY, json.dumps(commands)]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    ran = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    locked, closed, summary, first, beside, second = ran.stderr.splitlines()
    assert "locked: permission denied" in locked.lower()
    assert "closed.png: cannot be opened: permission denied" in closed
    assert summary.startswith("1 restored, 2 failed in ")
    assert "a.denoise.png: cannot be written: permission denied" in beside
    assert (first, second) == ("exit 1", "exit 1")
    assert tree(open_folder / "out") == ["a.png"]
    assert tree(open_folder / "in") == ["a.png", "closed.png"]


def test_disk_full(tmp_path: Path, restore: Run):
    make_picture(tmp_path / "in" / "large.png", size=(200, 200))
    make_picture(tmp_path / "in" / "small.png", size=(16, 16))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        result = restore("denoise", tmp_path / "in", "-o", f"{tmp_path}/out/")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert result.code == 1
    assert tree(tmp_path / "out") == ["small.png"]
    (error,) = result.errors
    assert "large.png: cannot be written: file too large" in error
