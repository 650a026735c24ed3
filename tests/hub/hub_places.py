"""A file on the loopback server, what a row says about it, and what is looked at afterwards."""

import hashlib
import random
from pathlib import Path

import pytest
from loopback_hub import LoopbackHub, git_blob

from restorecli.errors import WeightsError
from restorecli.hub import fetching as restore_hub
from restorecli.spec import Remote

CONTENT = random.Random(5).randbytes(20_011)
NAME = "network.safetensors"
BOTH = pytest.mark.parametrize("kind", ["hub", "url"])


def put(hub: LoopbackHub, kind: str, content: bytes = CONTENT) -> Remote:
    """A file on the server, and what a row says about it: of the Hub the sha256, of others the git blob."""
    if kind == "hub":
        revision = hub.add("user/weights", {NAME: content, "README.md": b"# Weights"})
        proof = hashlib.sha256(content).hexdigest()
        return Remote("user/weights", revision, NAME, sha256=proof, size=len(content))
    hub.raw[NAME] = content
    return Remote(url=f"{hub.endpoint}/raw/{NAME}", git_blob=git_blob(content), size=len(content))


def kept(folder: Path) -> list[str]:
    """What holds content below the test's folder: no locks, no marks of the cache."""
    files = [path for path in folder.rglob("*") if path.is_file() or path.is_symlink()]
    names = [str(path.relative_to(folder)) for path in files if ".lock" not in str(path)]
    return sorted(name for name in names if not name.endswith("CACHEDIR.TAG"))


def refusal(remote: Remote) -> WeightsError:
    with pytest.raises(WeightsError) as caught:
        restore_hub.fetch(remote)
    assert "\n" not in caught.value.message
    assert caught.value.exit_code == 3
    return caught.value
