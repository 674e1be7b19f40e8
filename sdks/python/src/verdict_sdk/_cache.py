"""Decisions that may be used again, and questions that are being asked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar

from ._forking import renew_after_fork
from .decision import Decision, as_cached

Event = TypeVar("Event")

SILENCE_SECONDS = 40
"""More than two of the comments that the event stream has every 15 seconds."""


@dataclass(frozen=True)
class _Entry:
    decision: Decision
    expires_at: float


class DecisionCache:
    """Least recently used, safe for threads. Times are those of a monotonic clock in seconds.

    INVARIANT: nothing of one revision of the rules is given out after an answer of another one was seen. Where it needs
    the event stream, nothing is given out or kept without one that told a revision and was heard of lately.
    """

    def __init__(
        self, ttl_seconds: int, max_entries: int, clock: Callable[[], float], *, needs_stream: bool = False
    ) -> None:
        self.is_on = ttl_seconds > 0 and max_entries > 0
        self.needs_stream = self.is_on and needs_stream
        self.clock = clock
        self._ttl_seconds = ttl_seconds
        self._max_entries = max_entries
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._revision = ""
        self._revision_since = float("-inf")
        self._epoch = 0
        self._has_stream = False
        self._is_closed = False
        self._heard_at = float("-inf")
        self._lock = Lock()
        renew_after_fork(self)

    def forked(self) -> None:
        self._lock = Lock()
        self._entries = OrderedDict()

    def epoch(self) -> int | None:
        """What is to be the same when an answer comes as when it was asked for; None: nothing may be kept."""
        with self._lock:
            return self._current_epoch()

    def _current_epoch(self) -> int | None:
        is_on = self.is_on and (not self.needs_stream or (self._has_stream and not self._is_silent()))
        return self._epoch if is_on else None

    def _is_silent(self) -> bool:
        return self.clock() - self._heard_at > SILENCE_SECONDS

    def get(self, key: str) -> Decision | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or (self.needs_stream and self._current_epoch() is None):
                return None
            if self.clock() >= entry.expires_at:
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return entry.decision

    def saw_revision(self, revision: str, asked_at: float) -> None:
        """When it is another one than the last: clears all, and ends what is being asked."""
        with self._lock:
            self._see(revision, asked_at)

    def _see(self, revision: str, asked_at: float) -> None:
        if not revision or revision == self._revision:
            return
        if self._revision:
            self._forget()
        # An answer that was overtaken by one of another revision does not tell what the rules are now.
        if asked_at >= self._revision_since:
            self._revision = revision
            self._revision_since = self.clock()

    def take(self, key: str, decision: Decision, asked_at: float, epoch: int | None) -> None:
        """Sees its revision, and keeps what may be used again, from when it was asked for: in that epoch."""
        life = min(decision.cache_ttl_seconds, self._ttl_seconds)
        may_be_kept = life > 0 and decision.policy_revision and decision.decision != "approval_required"
        with self._lock:
            # Its own revision ends what was asked for before it came, and not this answer.
            is_of_now = epoch is not None and epoch == self._current_epoch()
            self._see(decision.policy_revision, asked_at)
            if not may_be_kept or not is_of_now or decision.policy_revision != self._revision:
                return
            self._entries[key] = _Entry(as_cached(decision), asked_at + life)
            self._entries.move_to_end(key)
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)

    def forget(self) -> None:
        """Also what is being asked."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        self._entries.clear()
        self._epoch += 1

    def stream_begins(self) -> None:
        with self._lock:
            self._heard_at = self.clock()

    def stream_speaks(self) -> bool:
        """False when it was silent for too long: then it has to begin anew."""
        with self._lock:
            if self._is_silent():
                return False
            self._heard_at = self.clock()
            return True

    def stream_tells_revision(self, revision: str) -> None:
        with self._lock:
            if self._is_closed:
                return
            if self._has_stream and revision == self._revision:
                return
            self._forget()
            self._has_stream = True
            self._revision = revision
            self._revision_since = self.clock()

    def stream_ends(self) -> None:
        with self._lock:
            self._has_stream = False
            self._forget()

    def close(self) -> None:
        """Also for whoever is about to take what a stream tells."""
        with self._lock:
            self._is_closed = True
            self._has_stream = False
            self._forget()


class Flight(Generic[Event]):
    """A question that somebody is asking. `landed` is set when it was answered, failed, or was given up."""

    def __init__(self, landed: Event, place: tuple[object, str]) -> None:
        self.landed = landed
        self.place = place
        self.error: Exception | None = None


class Flights:
    """One question at a time for each key, of an event loop where there is one: who waits in another is not woken."""

    def __init__(self, create_event: Callable[[], Any], get_loop: Callable[[], object]) -> None:
        self._create_event = create_event
        self._get_loop = get_loop
        self.forked()
        renew_after_fork(self)

    def forked(self) -> None:
        """What the parent process is asking is answered there."""
        self._flights: dict[tuple[object, str], Flight[Any]] = {}
        self._lock = Lock()

    def join(self, key: str) -> tuple[Flight[Any], bool]:
        """The flight of this key, and whether it is the caller who has to ask, and to `land` it in any case."""
        place = (self._get_loop(), key)
        with self._lock:
            flight = self._flights.get(place)
            if flight is not None:
                return flight, False
            flight = self._flights[place] = Flight(self._create_event(), place)
            return flight, True

    def land(self, flight: Flight[Any]) -> None:
        with self._lock:
            self._flights.pop(flight.place, None)
        flight.landed.set()
