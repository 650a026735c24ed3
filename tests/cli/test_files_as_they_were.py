"""What a run over folders says of files that it does not touch, and of those it may not."""

import os
from pathlib import Path

import pytest
from running import Run, make_picture

from restorecli.batch import transfer


def test_files_that_are_not_taken_stand_in_the_summary_and_the_document(tmp_path: Path, restore: Run):
    make_picture(tmp_path / "in" / "a.png")
    for name in ("b.NEF", "c.nef", "notes.txt", "b.xmp", ".hidden.txt"):
        (tmp_path / "in" / name).write_bytes(b"x")
    result = restore("denoise", tmp_path / "in", "-o", f"{tmp_path}/out/")
    (summary,) = [line for line in result.stderr.splitlines() if line.startswith("1 restored in ")]
    assert summary.endswith("; not taken: 2 nef, 1 txt")
    result = restore("denoise", tmp_path / "in", "-o", f"{tmp_path}/other/", "--json", "--dry-run")
    assert result.json["summary"]["not_taken"] == {"nef": 2, "txt": 1}
    for number in range(8):
        (tmp_path / "in" / f"x.kind{number}").write_bytes(b"x")
    summary = restore("denoise", tmp_path / "in", "-o", f"{tmp_path}/out/").stderr.splitlines()[-1]
    assert summary.endswith("not taken: 2 nef, 1 kind0, 1 kind1, 1 kind2, 1 kind3, 1 kind4, 4 of other kinds")
    (tmp_path / "in" / "a.png").unlink()
    error = restore("denoise", tmp_path / "in").errors[0]
    assert error.startswith(f"error: no images found in {tmp_path / 'in'}, only 2 nef, 1 kind0, ")


def test_without_such_files_nothing_is_said(tmp_path: Path, restore: Run):
    make_picture(tmp_path / "in" / "a.png")
    result = restore("denoise", tmp_path / "in", "--json")
    assert result.json["summary"]["not_taken"] == {}
    assert "not taken" not in restore("denoise", tmp_path / "in").stderr


def test_in_place_what_is_left_as_it_is_is_said_in_one_line_each(
    tmp_path: Path, restore: Run, monkeypatch: pytest.MonkeyPatch
):
    for number, name in enumerate(("a.png", "locked.png", "saved.png")):
        make_picture(tmp_path / "in" / name, seed=number)
    os.link(tmp_path / "in" / "a.png", tmp_path / "in" / "b.png")
    far = make_picture(tmp_path / "far.png", seed=7)
    (tmp_path / "in" / "far.png").symlink_to(far)
    (tmp_path / "in" / "locked.png").chmod(0o444)
    before = {path: path.read_bytes() for path in (far, tmp_path / "in" / "locked.png")}
    write = transfer.write

    def save_first(image, target, options):
        if Path(target).name == "saved.png":
            Path(target).write_bytes(b"newer")
        return write(image, target, options)

    monkeypatch.setattr(transfer, "write", save_first)
    result = restore("denoise", tmp_path / "in", "--in-place")
    assert result.code == 1
    folder = tmp_path / "in"
    *lines, summary = result.stderr.splitlines()
    assert summary.startswith("1 restored, 2 failed in ")
    assert sorted(lines) == [
        f"error: {folder}/locked.png: not replaced: it is read-only "
        f"(to replace it all the same: --in-place --overwrite {folder}/locked.png)",
        f"error: {folder}/saved.png: changed since it was read; the newer version stays as it is "
        f"(restore the newer version in a run of its own: --in-place {folder}/saved.png)",
        f"warning: {folder}/b.png: left out: one file with {folder}/a.png (a hard link), which is restored; "
        "this name keeps the old",
        f"warning: {folder}/far.png: left out: a link out of {folder}; to replace {far}, name it",
    ]
    assert {path: path.read_bytes() for path in before} == before
    assert (folder / "saved.png").read_bytes() == b"newer"
    assert restore("denoise", folder / "locked.png", "--in-place", "--overwrite").code == 0
    assert (folder / "locked.png").stat().st_mode & 0o777 == 0o444


def test_attributes_that_are_lost_in_place_are_said(
    tmp_path: Path, restore: Run, monkeypatch: pytest.MonkeyPatch
):
    path = make_picture(tmp_path / "a.png")
    before_and_after = iter(({"user.a": b"1"}, {}))
    monkeypatch.setattr(transfer, "attributes_of", lambda _: next(before_and_after))
    result = restore("denoise", path, "--in-place")
    assert (result.code, result.stderr.splitlines()[0]) == (
        0,
        f"warning: {path}: not kept: extended attribute user.a",
    )
