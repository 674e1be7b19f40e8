"""How a request gets to the service: no redirects, cookies or `.netrc`, and no proxy of the environment."""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

import httpx

from ._cache import SILENCE_SECONDS
from ._deadline import DeadlineTransport, ending_at
from ._events import STREAM_PATH, PolicyFollower
from ._exchange import Answer, NoAnswer, Send
from ._forking import renew_after_fork
from ._version import __version__
from .configuration import Configuration
from .errors import ConfigurationError

# An answer is far smaller; what is larger would only fill the memory, and is no JSON when it is cut.
_ANSWER_BYTES_MAX = 64 * 1024 * 1024
# Any number may wait for people at once; the service closes a connection that was idle for five seconds.
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=4)


class SyncTransport:
    """SECURITY: below `httpx.Client`, which is what follows redirects and keeps cookies."""

    def __init__(self, configuration: Configuration, transport: httpx.BaseTransport | None) -> None:
        self._requests = _RequestFactory(configuration)
        authorities = _authorities(configuration)
        threads = _Threads()
        self._pool = _Pool(
            lambda: transport or DeadlineTransport(authorities, _LIMITS),
            lambda: threads,
        )

    def send(self, send: Send) -> Answer | NoAnswer:
        deadline = time.monotonic() + send.timeout_seconds
        had_begun = False
        try:
            with ending_at(deadline):
                response = self._pool.get().handle_request(self._requests.create(send, deadline))
                had_begun = True
                try:
                    return _answer(response, _read(response, deadline))
                except (httpx.RequestError, TimeoutError):
                    if response.status_code == 200:
                        raise
                    return _error_without_body(response)
                finally:
                    response.close()
        except (httpx.RequestError, TimeoutError) as error:
            failure = _no_answer(error, had_begun)
        # SECURITY: outside of the handler, so that the request with its key is in no error's context.
        return failure

    def follow(self, follower: PolicyFollower, opened: Callable[[httpx.Response], None]) -> None:
        """Reads the event stream until it ends, and raises what ended it. `opened` may keep what can end it."""
        request = self._requests.create_stream()
        with ending_at(time.monotonic() + self._requests.timeout_seconds):
            response = self._pool.get().handle_request(request)
        request.extensions["timeout"]["read"] = SILENCE_SECONDS
        try:
            opened(response)
            if follower.is_stream(response.status_code, response.headers.get("content-type", "")):
                for chunk in response.iter_raw():
                    if not follower.take(chunk):
                        break
        finally:
            response.close()

    def close(self) -> None:
        self._pool.get().close()


class AsyncTransport:
    """As `SyncTransport`, for asyncio."""

    def __init__(self, configuration: Configuration, transport: httpx.AsyncBaseTransport | None) -> None:
        self._requests = _RequestFactory(configuration)
        authorities = _authorities(configuration)
        self._pool = _Pool(
            lambda: transport or httpx.AsyncHTTPTransport(verify=authorities, limits=_LIMITS),
            asyncio.get_running_loop,
        )

    async def send(self, send: Send) -> Answer | NoAnswer:
        deadline = time.monotonic() + send.timeout_seconds
        had_begun = False

        async def exchange() -> Answer:
            nonlocal had_begun
            response = await self._pool.get().handle_async_request(self._requests.create(send, deadline))
            had_begun = True
            if response.status_code != 200:
                begun.append(_error_without_body(response))
            try:
                return _answer(response, await _read_async(response))
            finally:
                await response.aclose()

        begun: list[Answer] = []
        try:
            return await asyncio.wait_for(exchange(), send.timeout_seconds)
        except (httpx.RequestError, TimeoutError, asyncio.TimeoutError) as error:
            failure = _no_answer(error, had_begun)
        return begun[0] if begun else failure

    async def follow(self, follower: PolicyFollower) -> None:
        """Reads the event stream until it ends, and raises what ended it."""
        request = self._requests.create_stream()
        response = await self._pool.get().handle_async_request(request)
        request.extensions["timeout"]["read"] = SILENCE_SECONDS
        try:
            if follower.is_stream(response.status_code, response.headers.get("content-type", "")):
                async for chunk in response.aiter_raw():
                    if not follower.take(chunk):
                        break
        finally:
            await response.aclose()

    async def close(self) -> None:
        await self._pool.get().aclose()


Transport = TypeVar("Transport")


class _Threads:
    """All threads of a process share what an event loop has of its own."""


class _Pool(Generic[Transport]):
    """SECURITY: a process that was forked has connections of its own, or it would read what others are answered.

    So has each event loop, because a connection does not outlive the loop that it was made in.
    """

    def __init__(self, create: Callable[[], Transport], get_owner: Callable[[], object]) -> None:
        self._create = create
        self._get_owner = get_owner
        self._process = os.getpid()
        self._transports: WeakKeyDictionary[object, Transport] = WeakKeyDictionary()
        self.forked()
        renew_after_fork(self)

    def forked(self) -> None:
        self._lock = threading.Lock()

    def get(self) -> Transport:
        owner, process = self._get_owner(), os.getpid()
        with self._lock:
            if self._process != process:
                self._process, self._transports = process, WeakKeyDictionary()
            transport = self._transports.get(owner)
            if transport is None:
                transport = self._transports[owner] = self._create()
            return transport


class _RequestFactory:
    def __init__(self, configuration: Configuration) -> None:
        url: httpx.URL | None
        try:
            url = httpx.URL(configuration.url)
        except httpx.InvalidURL:
            url = None
        if url is None:
            raise ConfigurationError("the address is not a URL")
        self._url = url
        self._base_path = url.raw_path.rstrip(b"/")
        self.timeout_seconds = configuration.timeout_ms / 1000
        self._headers = [
            ("authorization", f"Bearer {configuration.api_key}"),
            ("accept", "application/json"),
            ("accept-encoding", "identity"),
            ("user-agent", f"verdict-sdk-python/{__version__}"),
        ]

    def create(self, send: Send, deadline: float) -> httpx.Request:
        headers = self._headers
        if send.content is not None:
            headers = [*headers, ("content-type", "application/json")]
        extensions = {"timeout": _TimeLeft(deadline)}
        url = self._url_of(send.path)
        return httpx.Request(send.method, url, content=send.content, headers=headers, extensions=extensions)

    def create_stream(self) -> httpx.Request:
        headers = [(name, "text/event-stream" if name == "accept" else value) for name, value in self._headers]
        # Of httpx, for each phase: until the stream has begun.
        extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self.timeout_seconds)}
        return httpx.Request("GET", self._url_of(STREAM_PATH), headers=headers, extensions=extensions)

    def _url_of(self, path: str) -> httpx.URL:
        return self._url.copy_with(raw_path=self._base_path + path.encode())


class _TimeLeft(dict[str, float]):
    """For httpx, which has a time for each phase of a request: all of them together have until the deadline."""

    def __init__(self, deadline: float) -> None:
        super().__init__(dict.fromkeys(("connect", "read", "write", "pool"), self._left(deadline)))
        self._deadline = deadline

    def __getitem__(self, phase: str) -> float:
        return self._left(self._deadline)

    def get(self, phase: str, default: Any = None) -> float:  # noqa: ARG002
        return self._left(self._deadline)

    @staticmethod
    def _left(deadline: float) -> float:
        # Zero would mean not to wait at all, which a socket takes for another thing than a timeout.
        return max(deadline - time.monotonic(), 0.001)


def _authorities(configuration: Configuration) -> ssl.SSLContext:
    if configuration.url.startswith("https:"):
        return httpx.create_ssl_context()
    # Reading the authorities takes 20 ms, and plain HTTP asks none: this context trusts nobody.
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _answer(response: httpx.Response, content: bytes) -> Answer:
    return Answer(response.status_code, response.headers.get("retry-after"), content)


def _error_without_body(response: httpx.Response) -> Answer:
    """SECURITY: an error is one whatever becomes of its body; an outage would be allowed in the fail mode open."""
    return _answer(response, b"")


def _read(response: httpx.Response, deadline: float) -> bytes:
    """The whole body as it came: one that is encoded, which was not asked for, is no JSON."""
    if response.is_stream_consumed:
        # By a transport of the caller's.
        return response.content
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > _ANSWER_BYTES_MAX:
            break
        # Each read has the whole timeout, so that an answer in small pieces would have more.
        if time.monotonic() > deadline:
            raise TimeoutError
    return bytes(content)


async def _read_async(response: httpx.Response) -> bytes:
    if response.is_stream_consumed:
        return response.content
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > _ANSWER_BYTES_MAX:
            break
    return bytes(content)


def _no_answer(error: Exception, had_begun: bool) -> NoAnswer:
    if isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout)):
        return NoAnswer("no connection within the timeout", has_ended=True, was_sent=False)
    if isinstance(error, (httpx.TimeoutException, TimeoutError, asyncio.TimeoutError)):
        return NoAnswer("no whole answer within the timeout", has_ended=True, had_begun=had_begun)
    if isinstance(error, httpx.ConnectError):
        return NoAnswer(f"no connection ({error})", was_sent=False)
    # What it says of itself may quote what the other side sent.
    return NoAnswer(f"the connection broke ({type(error).__name__})", had_begun=had_begun)
