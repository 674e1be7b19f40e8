"""The event stream that tells what makes kept answers untrue, without I/O."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from ._cache import DecisionCache

STREAM_PATH = "/v1/policy/stream"

_PAUSE_SECONDS = 0.5
_PAUSE_MAX_SECONDS = 30.0
# Far more than an event of the service has; whoever sends more without an end would only fill the memory.
_PENDING_MAX = 65_536
# A carriage return at the end may be half of a line's end.
_LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")

Heard = Callable[[Literal["event", "end"]], None]


@dataclass(frozen=True)
class ReceivedEvent:
    type: str
    data: str


class EventReader:
    """Reads server-sent events (WHATWG HTML section 9.2.6) as they come, but for `id` and `retry`.

    An event without data, which that standard drops, is one here: it says that something happened.
    """

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
        self._pending = ""
        self._type = ""
        self._data: list[str] | None = None
        self._data_length = 0
        """A line of nothing is one."""

    def read(self, chunk: bytes) -> Iterator[ReceivedEvent]:
        """The events that the chunk completes. Raises `ValueError` when one is too long."""
        *lines, self._pending = _LINE_END.split(self._pending + self._decode(chunk))
        for line in lines:
            if line:
                self._take_field(line)
                continue
            if self._type or self._data is not None:
                yield ReceivedEvent(self._type or "message", "\n".join(self._data or ()))
            self._type, self._data, self._data_length = "", None, 0
        if len(self._pending) + self._data_length > _PENDING_MAX:
            raise ValueError("the event does not end")

    def _take_field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._type = value
        if name == "data":
            self._data = self._data or []
            self._data.append(value)
            self._data_length += len(value) + 1


class PolicyFollower:
    """What one connection after the other does to the cache. For one thread or task, which does the I/O."""

    def __init__(
        self,
        cache: DecisionCache,
        chance: Callable[[], float],
        warn: Callable[[str], None],
        heard: Heard,
    ) -> None:
        self._cache = cache
        self._chance = chance
        self._warn = warn
        self._heard = heard
        self._reader = EventReader()
        self._has_warned = False
        self._began_at = 0.0
        self._failures = 0

    def begin(self) -> None:
        """To be called before each connection."""
        self._reader = EventReader()
        self._began_at = self._cache.clock()
        self._cache.stream_begins()

    def is_stream(self, status: int, content_type: str) -> bool:
        """Warns of what is none. Nothing of the answer is repeated: it may quote the key."""
        if status == 200 and content_type.split(";")[0].strip().lower() == "text/event-stream":
            return True
        if not self._has_warned:
            self._has_warned = True
            self._warn(f"the event stream was refused (HTTP {status}): until it is there, no answer is kept")
        return False

    def take(self, chunk: bytes) -> bool:
        """False: the connection is to be ended. Raises `ValueError` likewise."""
        if not self._cache.stream_speaks():
            return False
        for event in self._reader.read(chunk):
            revision = _read_revision(event)
            if revision is None:
                self._cache.forget()
            else:
                self._has_warned = False
                self._cache.stream_tells_revision(revision)
            self._heard("event")
        return True

    def end(self) -> float:
        """To be called after each connection, whatever ended it: the seconds until the next one."""
        self._cache.stream_ends()
        self._heard("end")
        if self._cache.clock() - self._began_at > _PAUSE_MAX_SECONDS:
            self._failures = 0
        longest = min(_PAUSE_MAX_SECONDS, _PAUSE_SECONDS * 2.0 ** min(self._failures, 10))
        self._failures += 1
        return self._chance() * longest


def _read_revision(event: ReceivedEvent) -> str | None:
    if event.type != "revision":
        return None
    try:
        data = json.loads(event.data)
    except (ValueError, RecursionError):
        return None
    revision = data.get("policy_revision") if isinstance(data, dict) else None
    return revision if isinstance(revision, str) and revision else None
