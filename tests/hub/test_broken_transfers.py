"""Every way a transfer can break or bring the wrong bytes, with the real client on loopback."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hub_places import BOTH, CONTENT, NAME, kept, put, refusal
from huggingface_hub import constants
from loopback_hub import Fault, LoopbackHub

from restorecli.hub import fetching as restore_hub

# ---------------------------------------------------------------------------------- broken connections


@BOTH
@pytest.mark.parametrize("reset", [False, True], ids=["ended", "reset"])
def test_a_cut_connection_is_resumed(hub: LoopbackHub, pauses: list[float], kind: str, reset: bool):
    remote = put(hub, kind)
    cut = random.randrange(1, len(CONTENT))
    hub.faults.append(Fault(path="/cdn" if kind == "hub" else "/raw", cut=cut, reset=reset))
    assert restore_hub.fetch(remote).read_bytes() == CONTENT, cut
    first, second = hub.bodies()
    assert first.headers.get("Range") is None
    begin = int(second.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
    assert begin <= cut
    if not reset:  # with a reset the system throws away what had come but was not read yet
        assert begin == (cut - cut % constants.DOWNLOAD_CHUNK_SIZE if kind == "hub" else cut)
    assert second.status == (206 if begin else 200)
    assert pauses


def test_the_second_run_goes_on_where_the_first_was_killed(hub: LoopbackHub, pauses: list[float]):
    remote = put(hub, "url")
    part = restore_hub.address.place(remote).with_suffix(".safetensors.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[:7000])
    assert restore_hub.fetch(remote).read_bytes() == CONTENT
    assert [seen.headers.get("Range") for seen in hub.bodies()] == ["bytes=7000-"]
    assert not part.exists()
    assert not pauses


@pytest.mark.parametrize(
    ("begun", "ranges"),
    [
        (b"\0" * 7000, ["bytes=7000-", None]),  # a power cut left zeros
        (CONTENT + b"more", [None]),
        (CONTENT, []),  # all of it had come
    ],
    ids=["damaged", "too long", "whole"],
)
def test_a_beginning_is_used_only_if_it_fits(hub: LoopbackHub, begun: bytes, ranges: list[str | None]):
    remote = put(hub, "url")
    part = restore_hub.address.place(remote).with_suffix(".safetensors.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(begun)
    assert restore_hub.fetch(remote).read_bytes() == CONTENT
    assert [seen.headers.get("Range") for seen in hub.bodies()] == ranges


def test_a_beginning_longer_than_the_file_whose_size_is_unknown(hub: LoopbackHub):
    remote = replace(put(hub, "url"), size=None)
    part = restore_hub.address.place(remote).with_suffix(".safetensors.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT + b"more")
    assert restore_hub.fetch(remote).read_bytes() == CONTENT
    assert [seen.status for seen in hub.bodies()] == [416, 200]


@BOTH
@pytest.mark.parametrize("status", [429, 503])
def test_busy_servers_are_asked_again(hub: LoopbackHub, pauses: list[float], kind: str, status: int):
    remote = put(hub, kind)
    path = "/resolve" if kind == "hub" else "/raw"
    method = "HEAD" if kind == "hub" else "GET"
    hub.faults += [
        Fault(method, path, status=status),
        Fault(method, path, status=status, headers={"Retry-After": "7"}),
        Fault(method, path, status=status),
    ]
    assert restore_hub.fetch(remote).read_bytes() == CONTENT
    assert 8 in pauses  # Retry-After, and the client's second on top
    assert [seen.status for seen in hub.seen if path in seen.path][:3] == [status] * 3


def test_a_busy_storage_behind_the_hub_is_asked_again(hub: LoopbackHub, pauses: list[float]):
    remote = put(hub, "hub")
    hub.faults.append(Fault(path="/cdn", status=502))
    assert restore_hub.fetch(remote).read_bytes() == CONTENT
    assert [seen.status for seen in hub.bodies()] == [502, 200]
    assert pauses == [1]


@BOTH
@pytest.mark.parametrize(
    ("status", "words"), [(429, "gets too many requests (429)"), (503, "is out of order (503)")]
)
def test_a_server_that_stays_busy(hub: LoopbackHub, pauses: list[float], kind: str, status: int, words: str):
    remote = put(hub, kind)
    hub.faults += [Fault("HEAD", status=status, times=99), Fault("GET", status=status, times=99)]
    error = refusal(remote)
    assert words in error.message
    assert error.hint is not None
    assert "try again later" in error.hint
    assert pauses[:4] == [1, 2, 4, 8]


@BOTH
def test_no_server_at_all(hub: LoopbackHub, pauses: list[float], tmp_path: Path, kind: str):
    remote = put(hub, kind)
    hub.stop()
    error = refusal(remote)
    assert f"{NAME}: {hub.endpoint} cannot be reached: " in error.message
    assert error.hint is not None
    assert "HTTPS_PROXY" in error.hint
    assert len(pauses) in (3, 5)
    assert kept(tmp_path) == []


# ------------------------------------------------------------------------------------- the wrong bytes


@BOTH
def test_a_flipped_byte_is_refused_and_nothing_is_left(hub: LoopbackHub, tmp_path: Path, kind: str):
    remote = put(hub, kind)
    hub.faults.append(Fault(path="/cdn" if kind == "hub" else "/raw", flip=random.randrange(len(CONTENT))))
    error = refusal(remote)
    proof = "sha256" if kind == "hub" else "git blob"
    assert f"is not the file that is meant: it has the {proof} " in error.message
    assert kept(tmp_path) == []
    assert restore_hub.cached(remote) is None
    assert restore_hub.fetch(remote).read_bytes() == CONTENT  # the next try is a fresh one


@pytest.mark.parametrize("file", [NAME, "README.md"])
def test_without_a_hash_in_the_row_the_hubs_own_proves(hub: LoopbackHub, tmp_path: Path, file: str):
    remote = replace(put(hub, "hub"), sha256=None, size=None, file=file)
    hub.faults.append(Fault(path="README.md" if file != NAME else "/cdn", flip=3))
    assert "is not the file that is meant" in refusal(remote).message
    assert kept(tmp_path) == []


@BOTH
def test_a_shorter_file(hub: LoopbackHub, tmp_path: Path, kind: str):
    remote = replace(put(hub, kind), size=len(CONTENT) + 1)
    assert f"it has {len(CONTENT)} bytes, not {len(CONTENT) + 1}" in refusal(remote).message
    assert kept(tmp_path) == []


@BOTH
def test_damage_on_the_disk_is_fetched_again(hub: LoopbackHub, kind: str):
    remote = put(hub, kind)
    path = restore_hub.fetch(remote)
    path.resolve().write_bytes(CONTENT[:-1] + b"?")
    assert restore_hub.fetch(remote).read_bytes() == CONTENT
    assert len(hub.bodies()) == 2


def test_a_wrong_hash_in_a_row_does_not_cost_others_their_copy(hub: LoopbackHub):
    remote = put(hub, "hub")
    path = restore_hub.fetch(remote)
    assert "is not the file that is meant" in refusal(replace(remote, sha256="0" * 64)).message
    assert path.read_bytes() == CONTENT
    assert len(hub.bodies()) == 1
