"""Several processes, one without rights, one without sockets: what the client reads when it is imported."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hub_places import CONTENT, NAME, put
from loopback_hub import Fault, LoopbackHub, git_blob

from restorecli.hub import fetching as restore_hub

REPOSITORY = Path(__file__).parents[2]


# ------------------------------------------------------------------------------------- other processes


def environment(hub: LoopbackHub, folder: Path) -> dict[str, str]:
    """What the client reads when it is imported."""
    return os.environ | {
        "PYTHONPATH": str(REPOSITORY),
        "HF_ENDPOINT": hub.endpoint,
        "HF_HOME": str(folder / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "RESTORE_CACHE": str(folder / "cache"),
        "RESTORE_CONFIG": str(folder / "config"),
    }


def run(program: str, *words: str, hub: LoopbackHub, folder: Path, **more: str):
    command = [sys.executable, "-c", program, *words]
    ran = subprocess.run(
        command, env=environment(hub, folder) | more, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    return ran


FETCH = """
import json, sys
from restorecli.hub import fetching as hub
from restorecli.spec import Remote
for values in json.loads(sys.argv[1]):
    print(hub.fetch(Remote(**values)).read_bytes().hex())
"""


def test_two_processes_fetch_the_same_at_once(hub: LoopbackHub, tmp_path: Path):
    revision = hub.add("user/weights", {NAME: CONTENT})
    hub.raw[NAME] = CONTENT
    remotes = [
        {"repo": "user/weights", "revision": revision, "file": NAME},
        {"url": f"{hub.endpoint}/raw/{NAME}", "git_blob": git_blob(CONTENT)},
    ]
    hub.faults += [Fault(path="/cdn", slow=1), Fault(path="/raw", slow=1)]
    command = [sys.executable, "-c", FETCH, json.dumps(remotes)]
    both = [
        subprocess.Popen(command, env=environment(hub, tmp_path), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in both:
        out, _ = process.communicate(timeout=60)
        assert (process.returncode, out.split()) == (0, [CONTENT.hex()] * 2)
    assert sorted(seen.path.split("/")[1] for seen in hub.bodies()) == ["cdn", "raw"]


SHUT = """
import json, socket, sys
def refuse(*_, **__):
    raise AssertionError("a socket was opened")
class Shut(socket.socket):
    __init__ = refuse
socket.socket, socket.create_connection, socket.getaddrinfo = Shut, refuse, refuse
from restorecli.errors import WeightsError
from restorecli.hub import client, fetching as hub
from restorecli.spec import Remote
assert client.settings().is_offline
for values in json.loads(sys.argv[1]):
    try:
        print(hub.fetch(Remote(**values)).read_bytes().hex())
    except WeightsError as error:
        print(error.message)
"""


def test_offline_opens_no_socket(hub: LoopbackHub, tmp_path: Path):
    here, there = put(hub, "hub"), put(hub, "url")
    restore_hub.fetch(here)
    restore_hub.fetch(there)
    values = [{"repo": here.repo, "revision": here.revision, "file": NAME}, {"url": there.url}]
    values += [{**values[0], "file": "README.md"}, {"url": f"{hub.endpoint}/raw/other.pt"}]
    asked = len(hub.seen)
    ran = run(SHUT, json.dumps(values), hub=hub, folder=tmp_path, HF_HUB_OFFLINE="1")
    words = "it is not here yet, and HF_HUB_OFFLINE forbids to fetch it"
    assert ran.stdout.splitlines() == [CONTENT.hex()] * 2 + [f"README.md: {words}", f"other.pt: {words}"]
    assert len(hub.seen) == asked


# The interpreter may lie where only root can read: everything is loaded before the rights are given up.
AS_NOBODY = """
import json, os, sys
from restorecli.hub import fetching as hub
from restorecli.errors import WeightsError
from restorecli.spec import Remote
remotes = [Remote(**values) for values in json.loads(sys.argv[1])]
for remote in remotes[:2]:
    hub.fetch(remote)
os.setgid(65534)
os.setuid(65534)
for remote in remotes:
    try:
        print(hub.fetch(remote).read_bytes() == b"here")
    except WeightsError as error:
        print(error.message)
"""


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root can become somebody else")
def test_a_read_only_cache_gives_what_it_has(hub: LoopbackHub, open_folder: Path):
    revision = hub.add("user/weights", {"here.bin": b"here", "new.bin": b"new"})
    hub.raw |= {"here.pt": b"here", "new.pt": b"new"}
    remotes = [
        {"repo": "user/weights", "revision": revision, "file": "here.bin"},
        {"url": f"{hub.endpoint}/raw/here.pt"},
    ]
    remotes += [{**remotes[0], "file": "new.bin"}, {"url": f"{hub.endpoint}/raw/new.pt"}]
    ran = run(AS_NOBODY, json.dumps(remotes), hub=hub, folder=open_folder)
    first, second, third, fourth = ran.stdout.splitlines()
    assert (first, second) == ("True", "True")
    assert third == f"new.bin: cannot be kept in {open_folder}/hf/hub: permission denied"
    assert fourth == f"new.pt: cannot be kept in {open_folder}/cache/downloads: permission denied"
