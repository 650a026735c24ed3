"""In place nothing is lost: no newer version, no permission, no attribute, and no file that was not named."""

import os
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from restorecli import atomic
from restorecli.atomic import attributes_of
from restorecli.batch.inputs import find_inputs
from restorecli.batch.naming import Naming
from restorecli.batch.pipeline import Outcome, run_batch
from restorecli.batch.plan import Plan, make_plan
from restorecli.batch.transfer import Transfer
from restorecli.errors import OutputError
from restorecli.images import Image, WriteOptions, read, write

linux = pytest.mark.skipif(not hasattr(os, "listxattr"), reason="extended attributes as Linux has them")
posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions as POSIX has them")


@dataclass(frozen=True)
class Restored:
    image: Image
    report: str = ""


def picture(path: Path, value: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(Image.from_array(np.full((8, 8, 3), value, np.uint8)), path, WriteOptions(overwrite=True))
    return path


def value_of(path: Path) -> int:
    return int(read(path).pixels[0, 0, 0])


def planned(*names: Path, recursive: bool = False, **options) -> Plan:
    naming = Naming(**{"task": "denoise", "model": "net", "in_place": True, **options})
    inputs = find_inputs(map(str, names), recursive=recursive, output_folder=naming.folder)
    return make_plan(inputs, naming)


def carried_out(plan: Plan, meanwhile: Callable[[], object] = lambda: None) -> list[Outcome]:
    """Every picture inverted; `meanwhile` happens between reading and writing of each."""

    class Inverting:
        def restore_image(self, image: Image, *, progress: object = None) -> Restored:
            meanwhile()
            return Restored(image.with_pixels(255 - image.pixels))

    outcomes: list[Outcome] = []
    run_batch(plan.jobs, Inverting(), outcomes.append, transfer=Transfer(write=WriteOptions(overwrite=True)))
    return outcomes


# ----------------------------------------------------------------------------------- a newer version


def save_over(path: Path) -> None:
    """As cp does."""
    theirs = picture(path.with_name("theirs.bmp"), 9)
    path.write_bytes(theirs.read_bytes())
    theirs.unlink()


def save_beside_and_rename(path: Path) -> None:
    """As editors do, here with as many bytes and the same time."""
    before = path.stat()
    theirs = picture(path.with_name("theirs.bmp"), 9)
    assert theirs.stat().st_size == before.st_size
    os.utime(theirs, ns=(before.st_atime_ns, before.st_mtime_ns))
    theirs.replace(path)


@pytest.mark.parametrize("save", [save_over, save_beside_and_rename])
@pytest.mark.parametrize("by_link", [False, True])
def test_a_version_that_was_saved_meanwhile_stays(
    tmp_path: Path, save: Callable[[Path], None], by_link: bool
):
    path = picture(tmp_path / "a.bmp")
    named = path
    if by_link:
        named = tmp_path / "link.bmp"
        named.symlink_to("a.bmp")
    (outcome,) = carried_out(planned(named), lambda: save(path))
    assert isinstance(outcome.error, OutputError)
    assert outcome.error.message == f"{path}: changed since it was read; the newer version stays as it is"
    assert str(outcome.error.hint).endswith(f"--in-place {path}")
    assert value_of(path) == 9
    assert {name.name for name in tmp_path.iterdir()} == {"a.bmp", named.name}
    assert [outcome.error for outcome in carried_out(planned(named))] == [None]
    assert value_of(path) == 246


def test_it_is_looked_at_when_all_is_encoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = picture(tmp_path / "a.png")
    close = atomic._close

    def close_late(stream) -> None:
        close(stream)
        path.write_bytes(b"newer")

    monkeypatch.setattr(atomic, "_close", close_late)
    (outcome,) = carried_out(planned(path))
    assert isinstance(outcome.error, OutputError)
    assert path.read_bytes() == b"newer"


def test_what_was_removed_meanwhile_does_not_come_back(tmp_path: Path):
    path = picture(tmp_path / "a.png")
    (outcome,) = carried_out(planned(path), path.unlink)
    assert isinstance(outcome.error, OutputError)
    assert "is gone since it was read" in outcome.error.message
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------------------ modes and attributes


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o444])
@pytest.mark.parametrize("options", [{}, {"output": "out/"}, {"in_place": True, "overwrite": True}])
def test_a_result_has_the_permissions_of_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, options: dict
):
    monkeypatch.chdir(tmp_path)
    path = picture(Path("a.png"))
    path.chmod(mode)
    plan = planned(path, **{"in_place": False, **options})
    before = os.umask(0o022)
    try:
        (outcome,) = carried_out(plan)
    finally:
        os.umask(before)
    assert outcome.error is None
    assert outcome.job.target is not None
    assert outcome.job.target.stat().st_mode & 0o7777 == mode


@posix
def test_nobody_else_reads_a_private_result_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = picture(tmp_path / "a.png")
    path.chmod(0o600)
    close, modes = atomic._close, []

    def look(stream) -> None:
        modes.append(os.fstat(stream.fileno()).st_mode & 0o777)
        close(stream)

    monkeypatch.setattr(atomic, "_close", look)
    carried_out(planned(path, in_place=False))
    assert modes == [0o600]


@posix
def test_a_result_that_is_replaced_gets_the_permissions_of_its_source_too(tmp_path: Path):
    path, old = picture(tmp_path / "a.png"), picture(tmp_path / "a.denoise.png")
    path.chmod(0o600)
    old.chmod(0o644)
    carried_out(planned(path, in_place=False, overwrite=True))
    assert old.stat().st_mode & 0o777 == 0o600


@posix
def test_a_file_that_is_read_only_is_replaced_only_when_asked(tmp_path: Path):
    path = picture(tmp_path / "a.png")
    path.chmod(0o444)
    plan = planned(path)
    assert not plan.jobs
    assert plan.problems[0].error.message == f"{path}: not replaced: it is read-only"
    assert "--in-place --overwrite" in str(plan.problems[0].error.hint)
    (outcome,) = carried_out(planned(path, overwrite=True))
    assert outcome.error is None
    assert (value_of(path), path.stat().st_mode & 0o777) == (254, 0o444)


def with_attribute(path: Path) -> Path:
    try:
        os.setxattr(path, "user.rating", b"5")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    return path


@linux
def test_extended_attributes_are_kept_in_place(tmp_path: Path):
    path = with_attribute(picture(tmp_path / "a.png"))
    (outcome,) = carried_out(planned(path))
    assert outcome.receipt is not None
    assert (outcome.receipt.lost, attributes_of(path)) == ((), {"user.rating": b"5"})
    assert value_of(path) == 254


@linux
def test_what_one_other_user_may_read_the_group_may_not(tmp_path: Path):
    """With such a list the bits of the group are only the most that anybody in it may do."""
    path = picture(tmp_path / "a.png")
    entries = ((1, 6, -1), (2, 4, 1234), (4, 0, -1), (16, 4, -1), (32, 0, -1))
    access = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    try:
        os.setxattr(path, "system.posix_acl_access", access)
    except OSError:
        pytest.skip("this file system has no lists of who may read a file")
    carried_out(planned(path))
    assert (os.getxattr(path, "system.posix_acl_access"), path.stat().st_mode & 0o777) == (access, 0o640)


@linux
def test_extended_attributes_that_cannot_be_kept_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = with_attribute(picture(tmp_path / "a.png"))

    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    (outcome,) = carried_out(planned(path))
    assert outcome.receipt is not None
    assert outcome.receipt.lost == ("extended attribute user.rating",)


# ---------------------------------------------------------------------------------------------- links


def test_of_a_pair_of_hard_links_one_is_restored_and_the_other_named(tmp_path: Path):
    pictures = [picture(tmp_path / name) for name in ("a.png", "b.png", "c.png")]
    (tmp_path / "b.png").unlink()
    os.link(tmp_path / "a.png", tmp_path / "b.png")
    plan = planned(tmp_path)
    (left,) = plan.aside
    assert left.path == tmp_path / "b.png"
    assert left.why.startswith(f"one file with {tmp_path / 'a.png'} (a hard link)")
    carried_out(plan)
    assert [value_of(path) for path in pictures] == [254, 1, 254]


def test_a_hard_link_where_one_result_belongs_stops_only_that_one(tmp_path: Path):
    for name in ("a.png", "b.png"):
        picture(tmp_path / "in" / name)
    (tmp_path / "out").mkdir()
    os.link(tmp_path / "in" / "a.png", tmp_path / "out" / "a.png")
    plan = planned(tmp_path / "in", in_place=False, output=f"{tmp_path}/out/", overwrite=True)
    assert [job.name for job in plan.jobs] == [str(tmp_path / "in" / "b.png")]
    (problem,) = plan.problems
    assert "out/a.png is there, and one file with" in problem.error.message


def test_links_are_not_followed_out_of_the_folder_that_was_named(tmp_path: Path):
    far = picture(tmp_path / "far.png")
    for number, folder in enumerate(("in", "in/sub")):
        picture(tmp_path / folder / "a.png")
        (tmp_path / folder / "far.png").symlink_to(far)
        (tmp_path / folder / f"near{number}.png").symlink_to(tmp_path / "in" / "a.png")
    links = [tmp_path / "in" / "far.png", tmp_path / "in" / "sub" / "far.png"]
    plan = planned(tmp_path / "in", recursive=True)
    assert [one.path for one in plan.aside] == links
    assert plan.aside[0].why == f"a link out of {tmp_path / 'in'}; to replace {far}, name it"
    carried_out(plan)
    assert [
        value_of(path) for path in (far, tmp_path / "in" / "a.png", tmp_path / "in" / "sub" / "a.png")
    ] == [
        1,
        254,
        254,
    ]
    # A link that is named is meant, and so is a folder that is named beside the first.
    assert [job.target for job in planned(tmp_path / "in", links[0]).jobs][-1] == far
    assert not planned(tmp_path / "in", tmp_path).aside
    assert not planned(tmp_path / "in", far).aside
