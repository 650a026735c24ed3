"""What is asked for help must be light: measured in fresh processes."""

import os
import resource
import subprocess
import sys

import pytest

HEAVY = ("torch", "cv2", "numpy", "huggingface_hub", "PIL", "safetensors")
LIGHT_COMMANDS = (
    ["--help"],
    ["--version"],
    ["--show-completion", "bash"],
    ["denoise", "--help"],
    ["upscale", "--help"],
    ["doctor", "--help"],
    ["weights", "list"],
    ["weights", "list", "--json"],
    ["train", "--help"],
    ["train", "evaluate", "--help"],
    ["bench", "--help"],
    [],
)
PROGRAM = f"""
import atexit, sys
from restorecli.cli.app import main
def tell():
    sys.stderr.write("heavy: " + ",".join(name for name in {HEAVY!r} if name in sys.modules) + "\\n")
atexit.register(tell)
sys.exit(main(sys.argv[1:]))
"""


def run(program: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | variables)


@pytest.mark.parametrize("arguments", LIGHT_COMMANDS, ids=" ".join)
def test_light_commands_import_nothing_heavy(arguments: list[str]):
    ran = run(PROGRAM, *arguments)
    assert ran.stderr.splitlines()[-1] == "heavy: ", ran.stderr
    assert ran.returncode == 0, ran.stderr


COMPLETING = PROGRAM.replace("(sys.argv[1:])", "()").replace("def tell", "sys.argv[0] = 'restore'\ndef tell")


@pytest.mark.parametrize(
    ("words", "position", "expected"),
    [
        ("restore de", "1", ["denoise", "dejpeg", "demosaic", "derain", "deblur"]),
        ("restore derain --model i", "3", ["identity"]),
        ("restore upscale --scale ", "3", ["2", "3", "4"]),
    ],
)
def test_completion_is_light_and_knows_its_words(words: str, position: str, expected: list[str]):
    ran = run(COMPLETING, _RESTORE_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=position)
    assert ran.stdout.split() == expected
    assert ran.stderr == "heavy: \n"


def test_rich_is_loaded_only_where_it_is_seen():
    ran = run(PROGRAM.replace(repr(HEAVY), repr(("rich",))), "--help")
    assert ran.stderr == "heavy: \n"


def test_the_package_itself_is_light_and_its_names_load_on_use():
    program = f"""
import sys, restorecli
assert not [name for name in {HEAVY!r} if name in sys.modules]
assert restorecli.RestoreError.exit_code == 1
assert not [name for name in {HEAVY!r} if name in sys.modules]
assert restorecli.Image.__name__ == "Image" and "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def spent() -> float:
    """The processor seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def least(*arguments: str, times: int = 4) -> float:
    """Processor seconds, the least of a few runs: what other processes take away is not ours."""
    found = []
    for _ in range(times):
        before = spent()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        found.append(spent() - before)
    return min(found)


def test_help_takes_at_most_three_times_as_long_as_importing_typer():
    typer = least("-c", "import typer")
    assert least("-m", "restorecli", "--help") < 3 * typer
    assert least("-m", "restorecli", "--version") < 3 * typer
