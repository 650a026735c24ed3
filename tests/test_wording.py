"""Sizes, counts, levels and near misses as text."""

from restorecli.wording import counted, level_text, megabytes, near, printable


def test_sizes_counts_and_levels():
    assert [megabytes(4_509_472), megabytes(24_000_000, 0), megabytes(0)] == ["4.5 MB", "24 MB", "0.0 MB"]
    assert [counted(count, "file") for count in (0, 1, 2)] == ["0 files", "1 file", "2 files"]
    assert [level_text(level) for level in (25, 25.0, 0.5, "grbg", None)] == ["25", "25", "0.5", "grbg", ""]


def test_what_may_have_been_meant():
    assert near("denoice", {"denoise": 1, "derain": 2}) == ["denoise"]
    assert near("zzz", ["denoise"]) == []
    assert len(near("tiny-1", ["tiny-2", "tiny-3", "tiny-4"], most=2)) == 2


def test_what_turns_the_direction_of_writing_is_escaped_and_letters_are_not():
    assert printable("photo\u202egnp.exe") == r"photo\u202egnp.exe"
    turning = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    assert all(printable(char) == f"\\u{ord(char):04x}" for char in turning)
    for name in ("שלום.png", "سلام.png", "क्\u200dष.png", "👩\u200d🔬.png"):  # a joiner is part of the letters
        assert printable(name) == name
