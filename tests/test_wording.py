"""Sizes, counts, levels and near misses as text."""

from restorecli.wording import counted, level_text, megabytes, near


def test_sizes_counts_and_levels():
    assert [megabytes(4_509_472), megabytes(24_000_000, 0), megabytes(0)] == ["4.5 MB", "24 MB", "0.0 MB"]
    assert [counted(count, "file") for count in (0, 1, 2)] == ["0 files", "1 file", "2 files"]
    assert [level_text(level) for level in (25, 25.0, 0.5, "grbg", None)] == ["25", "25", "0.5", "grbg", ""]


def test_what_may_have_been_meant():
    assert near("denoice", {"denoise": 1, "derain": 2}) == ["denoise"]
    assert near("zzz", ["denoise"]) == []
    assert len(near("tiny-1", ["tiny-2", "tiny-3", "tiny-4"], most=2)) == 2
