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
    cache.keep("key", decision(), asked_at, cache.epoch())
    assert cache.get("key") is not None
    clock.now += 1
    assert cache.get("key") is None


def test_an_answer_that_was_overtaken_by_another_revision_is_not_kept() -> None:
    clock = Clock()
    cache = create(clock)
    asked_at = clock()
    clock.now += 1
    cache.saw_revision("b", asked_at)
    cache.keep("new", decision("b"), clock(), cache.epoch())
    cache.saw_revision("a", asked_at)
    cache.keep("old", decision("a"), asked_at, cache.epoch())
    assert cache.get("old") is None


def test_an_overtaken_answer_does_not_bring_its_revision_back() -> None:
    clock = Clock()
    cache = create(clock)
    asked_at = clock()
    clock.now += 1
    cache.saw_revision("b", clock())
    cache.saw_revision("a", asked_at)
    cache.keep("key", decision("b"), clock(), cache.epoch())
    assert cache.get("key") is not None
