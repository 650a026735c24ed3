"""CC15 and PolyU from copies, through the command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3] / "shared/data/test"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data/test"),
]


def bench(*words: str) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "restorecli", "bench", "denoise", "--model", "none"]
    return subprocess.run([*command, "--baselines", "simple", *words], capture_output=True)


def test_cc15_is_whole_and_known_by_its_pixels():
    for words in (["--set", f"cc15={SHARED / 'CC15'}"], ["--set-dir", str(SHARED / "CC15")]):
        (score,) = json.loads(bench(*words, "--json").stdout)["scores"]
        assert (score["set"], score["protocol"], score["whole"]) == ("CC15", "noise-pairs", True)
        assert (score["model"], score["images"], score["worse"]) == ("input", 15, 0)
        assert score["psnr"] == pytest.approx(33.41, abs=0.01)


def test_a_part_of_polyu_is_measured_where_that_is_asked_for_and_says_so():
    words = ["--set", f"polyu={SHARED / 'PolyU-A'}"]
    refused = bench(*words)
    assert refused.returncode == 1
    assert b"PolyU has 100 images, and there are 62" in refused.stderr
    assert b"--partial" in refused.stderr
    (score,) = json.loads(bench(*words, "--partial", "--json").stdout)["scores"]
    assert (score["set"], score["images"], score["whole"]) == ("PolyU", 62, False)
    assert score["note"] == "PolyU has 100 images, and there are 62"
    assert score["psnr"] == pytest.approx(35.69, abs=0.01)


def test_one_is_not_taken_for_the_other():
    done = bench("--set", f"polyu={SHARED / 'CC15'}", "--limit", "2")
    assert b"none of these images is known to be one of PolyU" in done.stderr
    assert done.returncode == 1
