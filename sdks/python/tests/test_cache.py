from __future__ import annotations

from collections.abc import Callable

from vector_runner import Clock

from verdict_sdk import Decision
from verdict_sdk._cache import DecisionCache


def decision(revision: str = "a", ttl_seconds: int = 10) -> Decision:
    return Decision("allow", cache_ttl_seconds=ttl_seconds, policy_revision=revision)


def create(clock: Callable[[], float]) -> DecisionCache:
    cache = DecisionCache(60, 10, clock)
    cache.saw_revision("a", clock())
    return cache


def test_an_answer_lives_from_before_it_was_asked_for() -> None:
    clock = Clock()
    cache = create(clock)
    asked_at = clock()
    clock.now += 9
    cache.take("key", decision(), asked_at, cache.epoch())
    assert cache.get("key") is not None
    clock.now += 1
    assert cache.get("key") is None


def test_an_answer_that_was_overtaken_by_another_revision_is_not_kept() -> None:
    clock = Clock()
    cache = create(clock)
    asked_at = clock()
    clock.now += 1
    cache.saw_revision("b", asked_at)
    cache.take("new", decision("b"), clock(), cache.epoch())
    cache.saw_revision("a", asked_at)
    cache.take("old", decision("a"), asked_at, cache.epoch())
    assert cache.get("old") is None


def test_nothing_that_was_asked_for_before_another_revision_was_seen_is_kept() -> None:
    clock = Clock()
    cache = create(clock)
    asked_at, epoch = clock(), cache.epoch()
    clock.now += 1
    for revision in ("b", "c"):
        # Both were asked for at the same time: which of them is newer, nobody knows.
        cache.take(revision, decision(revision), asked_at, epoch)
    cache.take("late", decision("b"), asked_at, epoch)
    assert [cache.get(key) for key in ("b", "c", "late")] == [None, None, None]
    cache.take("new", decision("b"), clock(), cache.epoch())
    assert cache.get("new") is not None


def test_an_overtaken_answer_does_not_bring_its_revision_back() -> None:
    clock = Clock()
    cache = create(clock)
    asked_at = clock()
    clock.now += 1
    cache.saw_revision("b", clock())
    cache.saw_revision("a", asked_at)
    cache.take("key", decision("b"), clock(), cache.epoch())
    assert cache.get("key") is not None


def test_what_a_stream_still_tells_after_the_end_turns_nothing_on() -> None:
    clock = Clock()
    cache = DecisionCache(60, 10, clock, needs_stream=True)
    cache.stream_begins()
    cache.stream_tells_revision("a")
    assert cache.epoch() is not None
    cache.close()
    cache.stream_tells_revision("b")
    assert cache.epoch() is None
