"""An HTTP server on loopback that does what a vector says, one entry for each request."""

from __future__ import annotations

import contextlib
import json
import select
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

HALF_AN_ALLOW = b'{"decision":"allow","reason":"Rea'


STREAM_PATH = "/v1/policy/stream"


class ScriptedServer:
    def __init__(self, script: list[dict[str, Any]] | None = None) -> None:
        self.script = script or []
        self.stream_script: list[dict[str, Any]] = []
        """For the requests for the event stream, which are counted apart."""
        self.when_taken: Callable[[dict[str, Any]], None] = lambda _: None
        """Waits until the client has taken in what the stream did."""
        self.requests = 0
        self.streams = 0
        self._open_streams: list[_Handler] = []
        self.connections = 0
        self.faults: list[str] = []
        self.stopping = threading.Event()
        self.first_request = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> ScriptedServer:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def act(self, act: dict[str, Any]) -> None:
        """Does with the event stream that is open what it says, once one is."""
        self.stopping.wait(act.get("delay_ms", 0) / 1000)
        if "send" in act or act.get("close"):
            wait_until("the client opens no stream", lambda: any(each.is_open() for each in self._open_streams[-1:]))
            stream = self._open_streams[-1]
            stream.write(act.get("send", ""))
            if act.get("close"):
                self._open_streams.remove(stream)
                stream.connection.shutdown(SHUT_RDWR)
        self.when_taken(act)

    def stream_opened(self, stream: _Handler) -> None:
        self._open_streams.append(stream)

    def stream_ended(self, stream: _Handler) -> None:
        if stream in self._open_streams:
            self._open_streams.remove(stream)

    def next_entry(self, request: dict[str, Any]) -> dict[str, Any]:
        is_stream = request["path"] == STREAM_PATH
        script = self.stream_script if is_stream else self.script
        with self._lock:
            index = self.streams if is_stream else self.requests
            self.streams += is_stream
            self.requests += not is_stream
            self.first_request.set()
        if index >= len(script):
            self.faults.append(f"request {index + 1} is beyond the script: {request}")
            return {"respond": {"status": 500}}
        entry = script[index]
        for name, expected in entry.get("when", {}).items():
            found = request[name]
            if name == "headers":
                found = {header: found.get(header) for header in expected}
            if found != expected:
                self.faults.append(f"request {index + 1}: {name} is {found}, and not {expected}")
        return entry


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, owner: ScriptedServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner = owner

    def process_request(self, request: Any, client_address: Any) -> None:
        self.owner.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # An answer's head and body are two writes; together they would wait for each other's acknowledgement.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""

    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length", "0")))
        parts = urlsplit(self.path)
        request = {
            "method": self.command,
            "path": parts.path,
            "query": parts.query,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": json.loads(content) if content else None,
        }
        entry = self.server.owner.next_entry(request)
        if "open" in entry:
            self._open(entry["open"])
            return
        if "stream" in entry:
            try:
                self.server.owner.act(entry["stream"])
            except AssertionError as error:
                self.server.owner.faults.append(str(error))
        if "respond" in entry:
            self._respond(entry["respond"])
        else:
            self._status = entry.get("status", 200)
            getattr(self, f"_{entry['behaviour']}")()

    def is_open(self) -> bool:
        """False as soon as the client has left: there is the end to read, and nothing else."""
        try:
            return not select.select([self.connection], [], [], 0)[0]
        except (OSError, ValueError):
            return False

    def write(self, text: str) -> None:
        # Not through a buffer: the client may take that as its sign to leave, and there is nothing to flush then.
        self.wfile.write(text.encode())

    def _open(self, text: str) -> None:
        """An event stream, until the client leaves it."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.write(text)
        self.server.owner.stream_opened(self)
        with contextlib.suppress(OSError):
            self.connection.recv(1)
        self.server.owner.stream_ended(self)

    def _respond(self, respond: dict[str, Any]) -> None:
        self.server.owner.stopping.wait(respond.get("delay_ms", 0) / 1000)
        text = respond.get("raw", json.dumps(respond["body"]) if "body" in respond else "")
        headers = respond.get("headers", {"content-type": "application/json"})
        self._send(respond["status"], headers, respond.get("raw_bytes", text.encode()))

    def _send(self, status: int, headers: dict[str, str], content: bytes, length: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("content-length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def _redirect(self) -> None:
        self._send(307, {"location": self.path}, b"")

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.shutdown(SHUT_RDWR)

    def _hang(self) -> None:
        self.close_connection = True
        self.server.owner.stopping.wait()

    def _close_midway(self) -> None:
        self._send(self._status, {"content-type": "application/json"}, HALF_AN_ALLOW, 2 * len(HALF_AN_ALLOW))
        self._reset()

    def _hang_midway(self) -> None:
        self._send(self._status, {"content-type": "application/json"}, HALF_AN_ALLOW, 2 * len(HALF_AN_ALLOW))
        self._hang()

    def _drip_head(self) -> None:
        """The same of the head."""
        self.close_connection = True
        self.write("HTTP/1.1 200 OK\r\nX-Endless: ")
        while not self.server.owner.stopping.wait(0.01):
            self.write("x")

    def _drip(self) -> None:
        """Beyond the vectors: an answer that never ends, in pieces that each come in time."""
        self._send(200, {"content-type": "application/json"}, b"", 1_000_000)
        while not self.server.owner.stopping.wait(0.01):
            self.wfile.write(b" ")


def wait_until(what: str, is_so: Callable[[], bool]) -> None:
    """For five seconds at most: `what` is then the words of the failure."""
    deadline = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.002)
