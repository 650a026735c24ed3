"""A Hub on loopback: the part of the Hub's HTTP that the real huggingface_hub client uses, and its faults.

Large files (*.safetensors, *.tar.gz) lie behind a redirect to another host name, as on the Hub. `/raw/NAME`
is a plain web server beside it.
"""

import base64
import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_loopback"
LOGIN_PAGE = b"<!DOCTYPE html><html><body>Welcome to the hotel. Please log in.</body></html>"
Answer = tuple[int, dict[str, str], bytes]


def git_blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass
class Repository:
    private: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)

    @property
    def head(self) -> str:
        return list(self.commits)[-1] if self.commits else "0" * 40

    def commit(self, files: Mapping[str, bytes]) -> str:
        tree = {**self.commits.get(self.head, {}), **files}
        name = hashlib.sha1(repr((len(self.commits), sorted(tree.items()))).encode()).hexdigest()
        self.commits[name] = tree
        return name


@dataclass
class Fault:
    """What goes wrong with the next `times` answers to requests of one method whose path holds `path`."""

    method: str = "GET"
    path: str = ""
    times: int = 1
    status: int | None = None  # this instead
    headers: Mapping[str, str] = field(default_factory=dict)
    page: bool = False  # a login page instead
    cut: int | None = None  # the connection ends after so many bytes of the body
    reset: bool = False  # ... with a reset, not in peace
    flip: int | None = None  # this byte is another
    slow: float = 0.0  # seconds before the body


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    headers: Mapping[str, str]
    status: int


class LoopbackHub:
    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.raw: dict[str, bytes] = {}
        self.large: dict[str, bytes] = {}  # by sha256
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.lock = threading.Lock()
        hub = self

        class Handler(_Handler):
            pass

        Handler.hub = hub
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add(self, repo: str, files: Mapping[str, bytes], *, private: bool = False) -> str:
        """Commits files to a repository (datasets/USER/NAME for data); the revision."""
        there = self.repositories.setdefault(repo, Repository(private))
        return there.commit(files)

    def bodies(self, method: str = "GET") -> list[Seen]:
        """Requests for content: of the raw server, and of the host that large files lie on."""
        return [
            seen for seen in self.seen if seen.method == method and seen.path.startswith(("/raw", "/cdn"))
        ]

    def fault_for(self, method: str, path: str) -> Fault:
        with self.lock:
            for fault in self.faults:
                if fault.times and fault.method == method and fault.path in path:
                    fault.times -= 1
                    return fault
        return Fault()


@contextmanager
def running() -> Iterator[LoopbackHub]:
    hub = LoopbackHub()
    try:
        yield hub
    finally:
        hub.stop()


class _Handler(BaseHTTPRequestHandler):
    hub: LoopbackHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        fault = self.hub.fault_for(self.command, self.path)
        if fault.page:
            answer: Answer = (200, {"Content-Type": "text/html; charset=utf-8"}, LOGIN_PAGE)
        elif fault.status is not None:
            answer = (fault.status, dict(fault.headers), b"")
        else:
            answer = self._ranged(self._answer(body))
        status, headers, content = answer
        headers_seen = {name.title(): value for name, value in self.headers.items()}
        with self.hub.lock:
            self.hub.seen.append(Seen(self.command, self.path, headers_seen, status))
        self._send(status, headers, content, fault)

    do_GET = do_HEAD = do_POST = do_PUT = _handle

    def _send(self, status: int, headers: dict[str, str], content: bytes, fault: Fault) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()
        if self.command == "HEAD":
            return
        time_left = fault.slow
        if time_left:
            time.sleep(time_left)
        if fault.flip is not None:
            place = fault.flip % len(content)
            content = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        self.wfile.write(content if fault.cut is None else content[: fault.cut])
        self.wfile.flush()
        if fault.cut is not None:
            self.close_connection = True
            if fault.reset:
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def _ranged(self, answer: Answer) -> Answer:
        status, headers, content = answer
        wanted = self.headers.get("Range")
        if wanted is None or status != 200:
            return answer
        begin = int(wanted.removeprefix("bytes=").partition("-")[0])
        if begin >= len(content):
            return 416, {"Content-Range": f"bytes */{len(content)}"}, b""
        spoken = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        return 206, headers | {"Content-Range": spoken}, content[begin:]

    # ------------------------------------------------------------------------------------- answers

    def _answer(self, body: bytes) -> Answer:
        path = self.path.partition("?")[0].strip("/")
        if path.startswith("raw/"):
            content = self.hub.raw.get(path.removeprefix("raw/"))
            return (404, {}, b"404: Not Found") if content is None else (200, _BINARY, content)
        if path.startswith("cdn/"):
            return 200, _BINARY, self.hub.large[path.removeprefix("cdn/")]
        if path == "portal":
            return 200, {"Content-Type": "text/html; charset=utf-8"}, LOGIN_PAGE
        if "/resolve/" in path:
            return self._resolve(path)
        if path.startswith("lfs/"):
            if self.command == "PUT":
                self.hub.large[path.removeprefix("lfs/")] = body
            return 200, {}, b"{}"
        if path.endswith(".git/info/lfs/objects/batch"):
            return self._guarded(lambda: self._batch(json.loads(body)))
        return self._guarded(lambda: self._api(path, body))

    def _is_known(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _guarded(self, answer: Any) -> Answer:
        """What writes, and the settings of repositories, only with the token."""
        return (
            answer() if self._is_known() else (401, {"X-Error-Message": "Invalid username or password."}, b"")
        )

    def _resolve(self, path: str) -> Answer:
        repo, _, rest = path.partition("/resolve/")
        revision, _, file = rest.partition("/")
        there = self.hub.repositories.get(repo)
        if there is None or (there.private and not self._is_known()):
            return 401, {"X-Error-Code": "RepoNotFound"}, b""
        revision = there.head if revision == "main" else revision
        if revision not in there.commits:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b""
        headers = {"X-Repo-Commit": revision}
        content = there.commits[revision].get(file)
        if content is None:
            return 404, headers | {"X-Error-Code": "EntryNotFound"}, b""
        if not file.endswith((".safetensors", ".tar.gz")):
            return 200, headers | {"ETag": f'"{git_blob(content)}"'}, content
        sha256 = hashlib.sha256(content).hexdigest()
        self.hub.large[sha256] = content
        return (
            302,
            headers
            | {
                "X-Linked-Etag": f'"{sha256}"',
                "X-Linked-Size": str(len(content)),
                "Location": f"http://localhost:{self.hub.port}/cdn/{sha256}",
            },
            b"",
        )

    def _api(self, path: str, body: bytes) -> Answer:
        if path == "api/validate-yaml":
            return _json({"errors": [], "warnings": []})
        if path == "api/repos/create":
            asked = json.loads(body)
            repo = f"{asked['organization']}/{asked['name']}"
            if repo in self.hub.repositories:
                return 409, {}, json.dumps({"url": f"{self.hub.endpoint}/{repo}"}).encode()
            self.hub.add(
                repo,
                {".gitattributes": b""},
                private=asked.get("visibility") == "private" or asked.get("private") is True,
            )
            return _json({"url": f"{self.hub.endpoint}/{repo}"})
        repo, _, action = path.removeprefix("api/models/").partition("/")
        name, _, action = action.partition("/")
        repo = f"{repo}/{name}"
        there = self.hub.repositories[repo]
        if action.startswith("preupload"):
            files = json.loads(body)["files"]
            modes = [
                {"path": file["path"], "shouldIgnore": False,
                 "uploadMode": "lfs" if file["path"].endswith(".safetensors") else "regular"}
                for file in files
            ]  # fmt: skip
            return _json({"files": modes})
        if action.startswith("commit"):
            oid = there.commit(self._committed(body))
            return _json({"commitUrl": f"{self.hub.endpoint}/{repo}/commit/{oid}", "commitOid": oid})
        return _json({"id": repo, "sha": there.head, "private": there.private, "tags": [], "siblings": []})

    def _committed(self, body: bytes) -> dict[str, bytes]:
        files: dict[str, bytes] = {}
        for line in body.splitlines():
            item = json.loads(line)
            value = item["value"]
            if item["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif item["key"] == "lfsFile":
                files[value["path"]] = self.hub.large[value["oid"]]
        return files

    def _batch(self, asked: dict[str, Any]) -> Answer:
        def upload(item: dict[str, Any]) -> dict[str, Any]:
            target = {"href": f"{self.hub.endpoint}/lfs/{item['oid']}"}
            return {"oid": item["oid"], "size": item["size"], "actions": {"upload": target}}

        return _json({"transfer": "basic", "objects": [upload(item) for item in asked["objects"]]})


_BINARY = {"Content-Type": "application/octet-stream"}


def _json(content: object) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(content).encode()
