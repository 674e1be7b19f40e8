"""Decisions that may be used again, and questions that are being asked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar

from .decision import Decision, as_cached

Event = TypeVar("Event")


@dataclass(frozen=True)
class _Entry:
    decision: Decision
    expires_at: float


class DecisionCache:
    """Least recently used, safe for threads. Times are those of a monotonic clock in seconds.

    INVARIANT: nothing of one revision of the rules is given out after an answer of another one was seen.
    """

    def __init__(self, ttl_seconds: int, max_entries: int, clock: Callable[[], float]) -> None:
        self.is_on = ttl_seconds > 0 and max_entries > 0
        self.clock = clock
        self._ttl_seconds = ttl_seconds
        self._max_entries = max_entries
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._revision = ""
        self._revision_since = float("-inf")
        self._lock = Lock()

    def get(self, key: str) -> Decision | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if self.clock() >= entry.expires_at:
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return entry.decision

    def saw_revision(self, revision: str, asked_at: float) -> None:
        """Clears all when it is another one than the last."""
        with self._lock:
            if not revision or revision == self._revision:
                return
            self._entries.clear()
            # An answer that was overtaken by one of another revision does not tell what the rules are now.
            if asked_at >= self._revision_since:
                self._revision = revision
                self._revision_since = self.clock()

    def keep(self, key: str, decision: Decision, asked_at: float) -> None:
        """Keeps what may be used again, from when it was asked for."""
        life = min(decision.cache_ttl_seconds, self._ttl_seconds)
        if not self.is_on or life <= 0 or not decision.policy_revision or decision.decision == "approval_required":
            return
        with self._lock:
            if decision.policy_revision != self._revision:
                return
            self._entries[key] = _Entry(as_cached(decision), asked_at + life)
            self._entries.move_to_end(key)
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


class Flight(Generic[Event]):
    """A question that somebody is asking. `landed` is set when it was answered, failed, or was given up."""

    def __init__(self, landed: Event) -> None:
        self.landed = landed
        self.error: Exception | None = None


class Flights:
    """One question at a time for each key."""

    def __init__(self, create_event: Callable[[], Any]) -> None:
        self._create_event = create_event
        self._flights: dict[str, Flight[Any]] = {}
        self._lock = Lock()

    def join(self, key: str) -> tuple[Flight[Any], bool]:
        """The flight of this key, and whether it is the caller who has to ask, and to `land` it in any case."""
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None:
                return flight, False
            flight = self._flights[key] = Flight(self._create_event())
            return flight, True

    def land(self, key: str, flight: Flight[Any]) -> None:
        with self._lock:
            del self._flights[key]
        flight.landed.set()
