"""A result is there whole or not at all, and nothing else is touched."""

import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from independent import make_png, photo, png_pixels

from restorecli import atomic
from restorecli.errors import OutputError
from restorecli.images import TEMPORARY_SUFFIX, Image, WriteOptions, read, sweep_temporaries, write
from restorecli.images import write as write_function

PHOTO = photo(30, 40)
OVERWRITE = WriteOptions(overwrite=True)
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")


def run(script: str, *arguments: object) -> str:
    """Runs a script in a process of its own; what it printed."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def names_in(folder: str | Path) -> list[str]:
    return [path.name for path in Path(folder).iterdir()]


def test_writes_the_file_and_nothing_else(tmp_path):
    receipt = write(Image.from_array(PHOTO), tmp_path / "a.png")
    assert names_in(tmp_path) == ["a.png"]
    assert np.array_equal(png_pixels((tmp_path / "a.png").read_bytes()), PHOTO)
    assert (receipt.path, receipt.format, receipt.bits) == (str(tmp_path / "a.png"), "PNG", 8)


def test_an_existing_file_is_refused_and_stays(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"precious")
    with pytest.raises(OutputError, match="already") as caught:
        write(Image.from_array(PHOTO), path)
    assert caught.value.hint == "--overwrite replaces it"
    assert path.read_bytes() == b"precious"
    assert names_in(tmp_path) == ["a.png"]


def test_a_file_that_turns_up_meanwhile_is_refused_and_stays(tmp_path, monkeypatch):
    path = tmp_path / "a.png"

    def encode_slowly(stream, *_):
        stream.write(b"ours")
        path.write_bytes(b"theirs")

    monkeypatch.setattr(sys.modules[write_function.__module__], "encode", encode_slowly)
    with pytest.raises(OutputError, match="already"):
        write(Image.from_array(PHOTO), path)
    assert path.read_bytes() == b"theirs"
    assert names_in(tmp_path) == ["a.png"]


@needs_posix
def test_without_hard_links_it_still_works_and_refuses(tmp_path, monkeypatch):
    def no_links(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "a.png"
    write(Image.from_array(PHOTO), path)
    assert read(path).width == 40
    with pytest.raises(OutputError, match="already"):
        write(Image.from_array(PHOTO), path)
    assert names_in(tmp_path) == ["a.png"]


@pytest.mark.parametrize(
    "failure", [RuntimeError("encoder"), KeyboardInterrupt(), MemoryError(), OSError(28, "No space")]
)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_failure_leaves_everything_as_it_was(tmp_path, monkeypatch, failure, overwrite):
    path = tmp_path / "a.png"
    if overwrite:
        path.write_bytes(b"precious")

    def fail(stream, *_):
        stream.write(b"half of it")
        raise failure

    monkeypatch.setattr(sys.modules[write_function.__module__], "encode", fail)
    with pytest.raises(OutputError if isinstance(failure, OSError) else type(failure)):
        write(Image.from_array(PHOTO), path, WriteOptions(overwrite=overwrite))
    assert names_in(tmp_path) == (["a.png"] if overwrite else [])
    assert not overwrite or path.read_bytes() == b"precious"


@needs_posix
def test_a_full_disk_leaves_everything_as_it_was(tmp_path):
    """The limit of the file size stands for the disk: writing fails in the middle."""
    paths = [tmp_path / f"a{suffix}" for suffix in (".png", ".tif", ".jpg", ".webp", ".avif", ".bmp")]
    for path in paths:
        path.write_bytes(b"precious")
    script = (
        "import resource, sys, numpy as np\n"
        "from restorecli.images import Image, WriteOptions, write\n"
        "from restorecli.errors import OutputError\n"
        "noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3)).astype(np.uint8)\n"
        "image = Image.from_array(noise)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "for path in sys.argv[1:]:\n"
        "    try: write(image, path, WriteOptions(overwrite=True))\n"
        "    except OutputError as error: print(error.message)\n"
    )
    lines = run(script, *paths).splitlines()
    assert lines == [f"{path}: cannot be written: file too large" for path in paths]
    assert set(names_in(tmp_path)) == {path.name for path in paths}
    assert all(path.read_bytes() == b"precious" for path in paths)


@needs_posix
def test_a_folder_without_permission_is_named():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        path = Path(folder, "a.png")
        script = (
            "import os, sys, numpy as np\n"
            "from restorecli.images import Image, write\n"
            "from restorecli.errors import OutputError\n"
            "if os.getuid() == 0: os.setuid(65534)\n"
            "try: write(Image.from_array(np.zeros((5, 5), np.uint8)), sys.argv[1])\n"
            "except OutputError as error: print(error.message)\n"
        )
        assert run(script, path) == f"{path}: cannot be written: permission denied"
        assert names_in(folder) == []
        Path(folder).chmod(0o755)


def test_missing_folders_and_folders_as_files(tmp_path):
    with pytest.raises(OutputError, match="there is no folder"):
        write(Image.from_array(PHOTO), tmp_path / "none" / "a.png")
    (tmp_path / "b.png").mkdir()
    with pytest.raises(OutputError, match="this is a folder"):
        write(Image.from_array(PHOTO), tmp_path / "b.png", OVERWRITE)
    assert names_in(tmp_path) == ["b.png"]


@needs_posix
def test_permissions_are_the_users(tmp_path):
    before = os.umask(0o027)
    try:
        write(Image.from_array(PHOTO), tmp_path / "a.png")
    finally:
        os.umask(before)
    assert (tmp_path / "a.png").stat().st_mode & 0o777 == 0o640
    (tmp_path / "a.png").chmod(0o604)
    write(Image.from_array(PHOTO), tmp_path / "a.png", OVERWRITE)
    assert (tmp_path / "a.png").stat().st_mode & 0o777 == 0o604


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give files away")
def test_a_replaced_file_keeps_its_owner(tmp_path):
    (tmp_path / "a.png").write_bytes(b"old")
    os.chown(tmp_path / "a.png", 65534, 65534)
    write(Image.from_array(PHOTO), tmp_path / "a.png", OVERWRITE)
    status = (tmp_path / "a.png").stat()
    assert (status.st_uid, status.st_gid) == (65534, 65534)


@needs_posix
def test_a_link_is_written_through(tmp_path):
    (tmp_path / "real.png").write_bytes(b"old")
    (tmp_path / "link.png").symlink_to("real.png")
    write(Image.from_array(PHOTO), tmp_path / "link.png", OVERWRITE)
    assert (tmp_path / "link.png").is_symlink()
    assert read(tmp_path / "real.png").width == 40


@needs_posix
def test_a_device_is_not_replaced_by_a_file(tmp_path):
    write(Image.from_array(PHOTO), "/dev/null", WriteOptions(format="png"))
    assert Path("/dev/null").is_char_device()
    (tmp_path / "link.png").symlink_to("/dev/null")
    write(Image.from_array(PHOTO), tmp_path / "link.png")
    assert Path("/dev/null").is_char_device()


def test_a_very_long_name_fits(tmp_path):
    path = tmp_path / ("é" * 120 + ".png")
    write(Image.from_array(PHOTO), path)
    assert names_in(tmp_path) == [path.name]


def test_streams_get_whole_images_only(monkeypatch):
    stream = io.BytesIO()
    receipt = write(Image.from_array(PHOTO), stream)
    assert np.array_equal(png_pixels(stream.getvalue()), PHOTO)
    assert (receipt.path, receipt.format) == ("stream", "PNG")

    def fail(stream, *_):
        stream.write(b"half of it")
        raise RuntimeError

    monkeypatch.setattr(sys.modules[write_function.__module__], "encode", fail)
    stream = io.BytesIO()
    with pytest.raises(RuntimeError):
        write(Image.from_array(PHOTO), stream)
    assert stream.getvalue() == b""


def test_a_closed_pipe_is_an_error_of_the_output():
    reading, writing = os.pipe()
    os.close(reading)
    with (
        os.fdopen(writing, "wb", buffering=0) as stream,
        pytest.raises(OutputError, match="cannot be written"),
    ):
        write(Image.from_array(PHOTO), stream)


@needs_posix
def test_killed_at_any_moment_no_half_file_stands_under_the_name(tmp_path):
    """SIGKILL while two images of different content replace each other again and again."""
    path = tmp_path / "a.png"
    script = (
        "import sys, numpy as np\n"
        "from restorecli.images import Image, WriteOptions, write\n"
        "slope = np.broadcast_to(np.arange(700, dtype=np.uint8)[:, None], (700, 700, 3))\n"
        "images = [Image.from_array(slope ^ np.uint8(value)) for value in (0, 255)]\n"
        "write(images[0], sys.argv[1], WriteOptions(overwrite=True)); print(flush=True)\n"
        "while True:\n"
        "    for image in images: write(image, sys.argv[1], WriteOptions(overwrite=True))\n"
    )
    left_behind = 0
    random = np.random.default_rng(0)
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE)
        assert process.stdout
        process.stdout.readline()
        time.sleep(random.uniform(0.01, 0.1))
        process.kill()
        process.wait()
        process.stdout.close()
        assert read(path).pixels.shape == (700, 700, 3)
        left = [name for name in names_in(tmp_path) if name != "a.png"]
        assert all(name.startswith(".a.png.") and name.endswith(TEMPORARY_SUFFIX) for name in left)
        left_behind += len(left)
        assert sweep_temporaries(tmp_path) == len(left)
        assert names_in(tmp_path) == ["a.png"]
    assert left_behind > 0  # else no write was interrupted, and nothing was shown


@needs_posix
def test_only_temporaries_of_dead_processes_are_swept(tmp_path):
    dead = int(run("import os; print(os.getpid())"))
    day = 24 * 3600

    def leave(name: str, age: float = 0) -> str:
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
        return name

    here, elsewhere = atomic._HOST, "abcdef"
    stay = {
        leave(f".a.png.{os.getpid()}-{here}00000000{TEMPORARY_SUFFIX}", 2 * day),  # our own, running
        leave(f".a.png.1-{here}00000000{TEMPORARY_SUFFIX}"),  # of a living process
        leave(f".a.png.{dead}-{elsewhere}00000000{TEMPORARY_SUFFIX}"),  # of another machine
        leave("a.png", 2 * day),
        leave(f"notes{TEMPORARY_SUFFIX}", 2 * day),  # not ours
    }
    leave(f".a.png.{dead}-{here}00000000{TEMPORARY_SUFFIX}")
    leave(f".a\nb.png.{dead}-{here}00000000{TEMPORARY_SUFFIX}")
    leave(f".a.png.{dead}-{elsewhere}11111111{TEMPORARY_SUFFIX}", 2 * day)
    assert sweep_temporaries(tmp_path) == 3
    assert sweep_temporaries(tmp_path / "none") == 0
    assert set(names_in(tmp_path)) == stay


def test_the_temporary_has_the_name_that_the_sweep_knows(tmp_path, monkeypatch):
    seen = []

    def encode(stream, *_):
        seen.extend(names_in(tmp_path))
        stream.write(make_png(PHOTO))

    monkeypatch.setattr(sys.modules[write_function.__module__], "encode", encode)
    write(Image.from_array(PHOTO), tmp_path / "my photo.png")
    assert len(seen) == 1
    assert seen[0].startswith(f".my photo.png.{os.getpid()}-")
    assert seen[0].endswith(TEMPORARY_SUFFIX)
    assert atomic._TEMPORARY_NAME.fullmatch(os.fsencode(seen[0]))


def test_write_whole_replaces_a_file_and_a_failure_leaves_the_old_one(tmp_path, monkeypatch):
    target = tmp_path / "record.json"
    atomic.write_whole(target, b"one")
    atomic.write_whole(target, b"two")
    assert target.read_bytes() == b"two"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        atomic.write_whole(target, b"three")
    assert target.read_bytes() == b"two"
    assert names_in(tmp_path) == ["record.json"]
