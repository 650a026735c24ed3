"""Every answer that is not the file, and every way to have no place for it."""

import resource
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hub_places import BOTH, CONTENT, NAME, kept, put, refusal
from huggingface_hub import constants
from huggingface_hub.utils import close_session
from loopback_hub import TOKEN, Fault, LoopbackHub

from restorecli.hub import fetching as restore_hub
from restorecli.hub import repository
from restorecli.spec import Remote

# --------------------------------------------------------------------------------------- other answers


@BOTH
@pytest.mark.parametrize("elsewhere", [False, True], ids=["in place", "elsewhere"])
def test_a_login_page_of_the_network(hub: LoopbackHub, tmp_path: Path, kind: str, elsewhere: bool):
    remote = put(hub, kind)
    if elsewhere:
        portal = {"Location": f"http://localhost:{hub.port}/portal"}
        hub.faults += [Fault(method, "weights", status=302, headers=portal) for method in ("HEAD", "GET")]
        hub.faults += [Fault("GET", "/raw", status=302, headers=portal)]
    else:
        hub.faults += [Fault("HEAD", page=True, times=9), Fault("GET", page=True, times=9)]
    error = refusal(remote)
    assert f"{hub.endpoint} answers with something else than the file: a login page?" in error.message
    assert error.hint is not None
    assert "in a browser" in error.hint
    assert kept(tmp_path) == []


def test_a_login_page_in_place_of_the_body_alone(hub: LoopbackHub, tmp_path: Path):
    remote = replace(put(hub, "hub"), size=None)
    hub.faults.append(Fault("GET", "/cdn", page=True))
    assert "did not come whole" in refusal(remote).message
    assert kept(tmp_path) == []


def test_not_there(hub: LoopbackHub, tmp_path: Path):
    remote, other = put(hub, "hub"), "1" * 40
    for wrong, words in (
        (replace(remote, file="other.bin"), f"user/weights has no file other.bin at {remote.revision}"),
        (replace(remote, revision=other), f"user/weights has no revision {other}"),
        (replace(remote, repo="user/none"), f"{hub.endpoint} has no user/none, or shows it only to some"),
        (
            Remote(url=f"{hub.endpoint}/raw/none.pt"),
            f"none.pt: {hub.endpoint}/raw/none.pt is not there (404)",
        ),
    ):
        assert words in refusal(wrong).message
    assert [name for name in kept(tmp_path) if ".no_exist" not in name] == []


@pytest.mark.parametrize(
    ("status", "headers", "hint"),
    [
        (401, {}, "hf auth login, or set HF_TOKEN"),
        (401, {"X-Error-Message": "Invalid credentials in Authorization header"}, "hf auth login"),
        (403, {}, "hf auth login"),
        (403, {"X-Error-Code": "GatedRepo"}, "ask for access at http://127.0.0.1"),
    ],
)
def test_who_is_not_logged_in_is_told_how(hub: LoopbackHub, status: int, headers: dict[str, str], hint: str):
    remote = put(hub, "hub")
    hub.faults.append(Fault("HEAD", status=status, headers=headers, times=9))
    assert hint in (refusal(remote).hint or "")


def test_a_private_repository_opens_with_the_token(hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch):
    revision = hub.add("user/private", {NAME: CONTENT}, private=True)
    remote = Remote("user/private", revision, NAME)
    assert "HF_TOKEN" in (refusal(remote).hint or "")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert restore_hub.fetch(remote).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "remote", [Remote("no name at all", "1" * 40, "a.bin"), Remote(url="file:///etc/passwd"), Remote("a/b")]
)
def test_rows_that_name_no_place(hub: LoopbackHub, remote: Remote):
    refusal(remote)
    assert hub.seen == []


def test_https_proxy_is_asked(hub: LoopbackHub, pauses: list[float], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", hub.endpoint)
    monkeypatch.setattr(constants, "ENDPOINT", "https://hub.invalid")
    monkeypatch.setattr(
        constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        "https://hub.invalid/{repo_id}/resolve/{revision}/{filename}",
    )
    close_session()
    hosts: list[str] = []
    monkeypatch.setattr("loopback_hub._Handler.do_CONNECT", _refuse_connect(hosts), raising=False)
    for remote in (put(hub, "hub"), Remote(url="https://raw.invalid/a.pt")):
        assert "cannot be reached: 502" in refusal(remote).message
    close_session()
    assert set(hosts) == {"hub.invalid:443", "raw.invalid:443"}


def _refuse_connect(hosts: list[str]):
    def connect(handler) -> None:
        hosts.append(handler.path)
        handler.send_error(502)

    return connect


# --------------------------------------------------------------------------------------------- no room


@BOTH
def test_disk_full(hub: LoopbackHub, tmp_path: Path, kind: str):
    """The limit of the file size stands for the disk: writing fails in the middle."""
    remote = put(hub, kind)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        error = refusal(remote)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert f"{NAME}: no room for it in {tmp_path}" in error.message
    assert ("HF_HOME=FOLDER" if kind == "hub" else "RESTORE_CACHE=FOLDER") in (error.hint or "")
    assert kept(tmp_path) == []


@BOTH
def test_what_cannot_fit_is_not_begun(hub: LoopbackHub, tmp_path: Path, kind: str):
    remote = replace(put(hub, kind), size=shutil.disk_usage(tmp_path).total + 1)
    assert " MB are free" in refusal(remote).message
    assert hub.seen == []


@BOTH
def test_a_file_where_the_cache_should_be(hub: LoopbackHub, tmp_path: Path, kind: str):
    remote = put(hub, kind)
    (tmp_path / ("hf" if kind == "hub" else "cache")).write_text("in the way")
    assert f"{NAME}: cannot be kept in {tmp_path}" in refusal(remote).message


def test_a_gone_server_behind_xet(hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch):
    """Xet tries for minutes; this is what it raises then."""

    def give_up(*_: object, **__: object) -> str:
        raise RuntimeError("Task error: File reconstruction error: CAS Client Error")

    remote = put(hub, "hub")
    monkeypatch.setattr(repository, "hf_hub_download", give_up)
    assert "cannot be reached: Task error" in refusal(remote).message
