from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from scripted_server import ScriptedServer, wait_until
from vectors import KEY, allow, base

from verdict_sdk import AsyncVerdict, Surroundings, Verdict
from verdict_sdk._events import EventReader, ReceivedEvent

leaves_a_connection_behind = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
REVISION = 'event: revision\ndata: {"policy_revision":"sha256:aa"}\n\n'
REQUEST = base("request")
OPEN = {"open": REVISION}


class Heard:
    """What a client had of its stream."""

    def __init__(self) -> None:
        self.counts = {"event": 0, "end": 0}
        self.warnings: list[str] = []

    def surroundings(self) -> Surroundings:
        return Surroundings(env={}, warn=self.warnings.append, stream_heard=self._count, chance=lambda: 0.0)

    def wait_for(self, what: str, count: int = 1) -> None:
        wait_until(f"{what}: {self.counts}", lambda: self.counts[what] >= count)

    def _count(self, what: str) -> None:
        self.counts[what] += 1


@pytest.fixture
def heard() -> Heard:
    return Heard()


def create(server: ScriptedServer, heard: Heard, **arguments: Any) -> Verdict:
    return Verdict(server.url, KEY, events="on", surroundings=heard.surroundings(), **arguments)


def new_follower(before: Collection[threading.Thread]) -> threading.Thread:
    [thread] = (each for each in threading.enumerate() if each.name == "verdict-events" and each not in before)
    return thread


def test_close_ends_the_stream_and_its_thread(server: ScriptedServer, heard: Heard) -> None:
    server.script = [allow(), allow()]
    server.stream_script = [OPEN]
    before = threading.enumerate()
    with create(server, heard) as verdict:
        verdict.evaluate(REQUEST)
        heard.wait_for("event")
        thread = new_follower(before)
        assert thread.daemon
        verdict.evaluate(REQUEST)
        assert verdict.evaluate(REQUEST).cached
    thread.join(5)
    assert not thread.is_alive()
    assert (server.streams, server.faults) == (1, [])


def test_close_ends_the_pause_before_the_next_stream(server: ScriptedServer, heard: Heard) -> None:
    server.script = [allow()]
    surroundings = Surroundings(env={}, warn=heard.warnings.append, stream_heard=heard._count, chance=lambda: 1000.0)
    server.stream_script = [{"behaviour": "reset"}]
    before = threading.enumerate()
    with Verdict(server.url, KEY, events="on", surroundings=surroundings) as verdict:
        verdict.evaluate(REQUEST)
        heard.wait_for("end")
        thread = new_follower(before)
    thread.join(5)
    assert not thread.is_alive()


def test_a_stream_that_does_not_answer_is_given_up_in_time(server: ScriptedServer, heard: Heard) -> None:
    server.script = [allow()]
    server.stream_script = [{"behaviour": "hang"}, OPEN]
    with create(server, heard, timeout_ms=200) as verdict:
        verdict.evaluate(REQUEST)
        heard.wait_for("end")
        heard.wait_for("event")


def test_who_does_not_ask_has_no_stream(server: ScriptedServer, heard: Heard) -> None:
    server.script = [{"respond": {"status": 200, "body": {"items": [], "next_cursor": None}}}]
    with create(server, heard) as verdict:
        verdict.approvals.list()
    assert (server.streams, server.faults) == (0, [])


def test_a_process_that_was_forked_follows_for_itself(
    server: ScriptedServer, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script = [allow() for _ in range(4)]
    server.stream_script = [OPEN, OPEN]
    with create(server, heard) as verdict:
        verdict.evaluate(REQUEST)
        heard.wait_for("event")
        verdict.evaluate(REQUEST)
        assert verdict.evaluate(REQUEST).cached
        monkeypatch.setattr(os, "getpid", lambda: -1)
        assert not verdict.evaluate(REQUEST).cached
        heard.wait_for("event", 2)
        assert server.streams == 2
        monkeypatch.undo()


@leaves_a_connection_behind
def test_another_event_loop_follows_for_itself(server: ScriptedServer, heard: Heard) -> None:
    server.script = [allow() for _ in range(6)]
    server.stream_script = [OPEN, OPEN]
    verdict = AsyncVerdict(server.url, KEY, events="on", surroundings=heard.surroundings())

    async def ask(verdict: AsyncVerdict, events: int) -> list[bool]:
        cached = [(await verdict.evaluate(REQUEST)).cached]
        await asyncio.to_thread(heard.wait_for, "event", events)
        return [*cached, *[(await verdict.evaluate(REQUEST)).cached for _ in range(2)]]

    assert asyncio.run(ask(verdict, 1)) == [False, False, True]
    # The loop's end was that of its stream.
    assert heard.counts["end"] == 1
    assert asyncio.run(ask(verdict, 2)) == [False, False, True]
    assert server.faults == []
    del verdict
    gc.collect()


def test_a_task_that_follows_ends_with_its_client(server: ScriptedServer, heard: Heard) -> None:
    server.script = [allow()]
    server.stream_script = [OPEN]

    async def use() -> int:
        async with AsyncVerdict(server.url, KEY, events="on", surroundings=heard.surroundings()) as verdict:
            await verdict.evaluate(REQUEST)
            await asyncio.to_thread(heard.wait_for, "event")
        return len(asyncio.all_tasks())

    assert asyncio.run(use()) == 1
    assert heard.counts["end"] == 1


USE = """
import sys, time
from verdict_sdk import Verdict
verdict = Verdict(events="on")
request = {"action_type": "tool_call", "action_name": "t"}
while not verdict.evaluate(request).cached:
    time.sleep(0.01)
print("kept")
"""


def test_an_open_stream_does_not_keep_the_interpreter_from_ending(server: ScriptedServer) -> None:
    server.script = [allow() for _ in range(500)]
    server.stream_script = [OPEN]
    source = Path(__file__).resolve().parents[1] / "src"
    env = {**os.environ, "VERDICT_URL": server.url, "VERDICT_API_KEY": KEY, "PYTHONPATH": str(source)}
    ended = subprocess.run([sys.executable, "-c", USE], env=env, capture_output=True, text=True, timeout=20)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "kept\n", "")


def test_an_event_that_does_not_end_ends_the_stream(server: ScriptedServer, heard: Heard) -> None:
    server.script = [allow(), allow()]
    server.stream_script = [{"open": "data: " + "x" * 100_000}, {"behaviour": "hang"}]
    with create(server, heard) as verdict:
        verdict.evaluate(REQUEST)
        heard.wait_for("end")
    assert heard.counts["event"] == 0
    assert heard.warnings == []


@pytest.mark.parametrize("size", range(1, 12))
def test_events_are_the_same_in_whatever_pieces_they_come(size: int) -> None:
    text = "\ufeffevent: a\r\ndata: b\rdata:c\n\n: x\n\nid: 1\n\ndata\n\nevent:\n\nevent: ä\r\r\n\ndata: y\n\n".encode()
    whole = [*EventReader().read(text)]
    reader = EventReader()
    pieces = [event for at in range(0, len(text), size) for event in reader.read(text[at : at + size])]
    assert pieces == whole
    assert whole == [
        ReceivedEvent("a", "b\nc"),
        ReceivedEvent("message", ""),
        ReceivedEvent("ä", ""),
        ReceivedEvent("message", "y"),
    ]


@pytest.mark.parametrize("line", [b"data\n", b"data:\n", b"data: x\n", b"data: \r\n"])
def test_an_event_of_lines_without_an_end_is_given_up(line: bytes) -> None:
    reader = EventReader()

    def feed() -> None:
        for _ in range(100):
            assert list(reader.read(line * 1000)) == []

    with pytest.raises(ValueError, match="does not end"):
        feed()


@leaves_a_connection_behind
def test_a_client_of_two_event_loops_at_once_has_one_stream(server: ScriptedServer, heard: Heard) -> None:
    server.script = [allow()] * 40
    server.stream_script = [OPEN, OPEN]
    verdict = AsyncVerdict(server.url, KEY, events="on", cache_ttl_seconds=1, surroundings=heard.surroundings())
    turns = [threading.Semaphore(1), threading.Semaphore(0)]

    async def ask(client: AsyncVerdict, number: int) -> None:
        for _ in range(10):
            await asyncio.to_thread(turns[number].acquire)
            assert (await client.evaluate(REQUEST)).allowed
            turns[1 - number].release()

    def run(client: AsyncVerdict, number: int) -> None:
        asyncio.run(ask(client, number))

    threads = [threading.Thread(target=run, args=(verdict, number)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The second loop follows for itself only once the first one has ended.
    assert server.streams <= 2
    del verdict, threads, thread
    gc.collect()
