"""Who reads the event stream: a thread of its own, or a task."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading

import httpx

from ._core import Core
from ._forking import renew_after_fork
from ._transport import AsyncTransport, SyncTransport


class Following:
    """Begins with the first question of a process, and does not keep one from ending."""

    def __init__(self, core: Core, transport: SyncTransport) -> None:
        self._core = core
        self._transport = transport
        self._closed = threading.Event()
        self.forked()
        renew_after_fork(self)
        self._process: int | None = None
        self._response: httpx.Response | None = None
        core.begin_stream = self.begin

    def forked(self) -> None:
        self._lock = threading.Lock()

    def begin(self) -> None:
        process = os.getpid()
        if self._process == process or self._closed.is_set():
            return
        with self._lock:
            if self._process == process:
                return
            # SECURITY: in a process that was forked nobody reads the stream that its copy of the cache heard of.
            self._core.lose_stream()
            self._process = process
        threading.Thread(target=self._run, name="verdict-events", daemon=True).start()

    def close(self) -> None:
        self._closed.set()
        with self._lock, contextlib.suppress(Exception):
            if self._response is not None and self._process == os.getpid():
                # Wakes the thread, which closing would not.
                stream = self._response.extensions["network_stream"]
                stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        follower = self._core.create_follower()
        while not self._closed.is_set():
            follower.begin()
            # Whatever ends it is no matter of anybody's, and may have the key in it.
            with contextlib.suppress(Exception):
                self._transport.follow(follower, self._opened)
            self._opened(None)
            self._closed.wait(follower.end())

    def _opened(self, response: httpx.Response | None) -> None:
        with self._lock:
            self._response = response
        if response is not None and self._closed.is_set():
            raise RuntimeError("closed meanwhile")


class AsyncFollowing:
    """Begins with the first question of an event loop, and ends with that at the latest."""

    def __init__(self, core: Core, transport: AsyncTransport) -> None:
        self._core = core
        self._transport = transport
        self._is_closed = False
        self._owner: tuple[int, object] | None = None
        self._task: asyncio.Task[None] | None = None
        core.begin_stream = self.begin

    def begin(self) -> None:
        owner = (os.getpid(), asyncio.get_running_loop())
        if self._owner == owner or self._is_closed or self._is_followed(owner[0]):
            return
        # SECURITY: nobody reads any more what another process or loop began to follow.
        self._core.lose_stream()
        self._owner = owner
        self._task = owner[1].create_task(self._run(), name="verdict-events")

    def _is_followed(self, process: int) -> bool:
        """In another loop that runs as well: what it hears holds for all of them."""
        task = self._task
        is_here = self._owner is not None and self._owner[0] == process
        return is_here and task is not None and not task.done() and task.get_loop().is_running()

    async def close(self) -> None:
        self._is_closed = True
        if self._task is None:
            return
        if self._task.get_loop() is asyncio.get_running_loop():
            self._task.cancel()
            await asyncio.wait([self._task])
        else:
            with contextlib.suppress(RuntimeError):
                self._task.get_loop().call_soon_threadsafe(self._task.cancel)

    async def _run(self) -> None:
        follower = self._core.create_follower()
        while True:
            follower.begin()
            try:
                # Whatever ends it is no matter of anybody's, and may have the key in it.
                with contextlib.suppress(Exception):
                    await self._transport.follow(follower)
            finally:
                pause = follower.end()
            await asyncio.sleep(pause)
