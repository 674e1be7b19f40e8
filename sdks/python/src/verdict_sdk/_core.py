"""What both clients do, without I/O: each public method is a flow (see `_exchange`)."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from logging import getLogger
from typing import Any, cast

from ._approvals import ApprovalWaiter, approval_call, list_call, read_approval_id
from ._cache import DecisionCache, Flight, Flights
from ._canonical import canonical_json
from ._events import Heard, PolicyFollower
from ._exchange import Await, Call, Exchange, Flow, malformed_answer, problem_error
from .configuration import Arguments, read_configuration
from .decision import Decision, fail_open_decision, own_copy, read_decision
from .errors import ApprovalDenied, InvalidRequest, PolicyDenied, ServerUnreachable, VerdictError, VerdictSdkError

APPROVAL_TIMEOUT_MS = 300_000


@dataclass(frozen=True)
class Surroundings:
    """What a client takes from outside of itself."""

    env: Mapping[str, str]
    warn: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    """Monotonic, in seconds: how long a call may take."""
    cache_clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
    stream_heard: Heard = lambda _: None
    """Told of each event once it has had its effect, and of each end of a stream."""


def default_surroundings() -> Surroundings:
    return Surroundings(env=os.environ, warn=getLogger("verdict_sdk").warning)


class Core:
    def __init__(
        self,
        arguments: Arguments,
        surroundings: Surroundings,
        create_event: Callable[[], Any],
        get_loop: Callable[[], object] = lambda: None,
    ) -> None:
        self.configuration = read_configuration(arguments, surroundings.env, surroundings.warn)
        self._warn = surroundings.warn
        self._timeout_seconds = self.configuration.timeout_ms / 1000
        self._exchange = Exchange(self.configuration.api_key, surroundings.clock, surroundings.chance)
        self._waiter = ApprovalWaiter(self._exchange, self._timeout_seconds)
        ttl_seconds, max_entries = self.configuration.cache_ttl_seconds, self.configuration.cache_max_entries
        follows = self.configuration.events == "on"
        self._cache = DecisionCache(ttl_seconds, max_entries, surroundings.cache_clock, needs_stream=follows)
        self._surroundings = surroundings
        self.begin_stream: Callable[[], None] = _nothing
        """Called before each question, where answers are kept only with the event stream."""
        self._flights = Flights(create_event, get_loop)

    def evaluate(self, request: Mapping[str, Any], raise_on_deny: bool) -> Flow[Decision]:
        body = self._effective(request)
        decision = yield from self._ask(canonical_json(body), "approval_id" in body)
        if raise_on_deny and decision.decision == "deny":
            raise PolicyDenied(decision)
        return decision

    def check(self, request: Mapping[str, Any], approval_timeout_ms: int) -> Flow[bool]:
        try:
            yield from self.authorize(request, approval_timeout_ms)
        except (PolicyDenied, ApprovalDenied, VerdictError, InvalidRequest):
            return False
        return True

    def authorize(self, request: Mapping[str, Any], approval_timeout_ms: int) -> Flow[Decision]:
        """The allow that `guard` runs its action on; whatever is none is raised."""
        body = self._effective(request)
        # Taken once: whatever changes the request while a person looks at it, what they granted is what is asked for.
        content, has_approval = canonical_json(body), "approval_id" in body
        decision = yield from self._ask(content, has_approval)
        # With an approval somebody was asked already: a second question could be followed by a third.
        if decision.decision == "approval_required" and not has_approval:
            approval_id = _approval_id_of(decision)
            yield from self._waiter.wait(approval_id, approval_timeout_ms)
            granted = canonical_json({**json.loads(content), "approval_id": approval_id})
            decision = yield from self._ask(granted, True)
        if decision.decision != "allow":
            raise PolicyDenied(decision)
        return decision

    def wait_for_approval(self, approval: object, timeout_ms: int) -> Flow[dict[str, Any]]:
        return self._waiter.wait(read_approval_id(approval), timeout_ms)

    def evaluate_batch(self, requests: Sequence[Mapping[str, Any]]) -> Flow[list[Decision | VerdictError]]:
        bodies = [self._effective(request) for request in requests]
        uses_grant = any("approval_id" in body for body in bodies)
        call = Call("POST", "/v1/policy/evaluate/batch", canonical_json({"requests": bodies}), may_count=uses_grant)
        asked_at = self._cache.clock()
        try:
            answer = yield from self._exchange.call(call, self._deadline())
        except ServerUnreachable as error:
            if uses_grant or self.configuration.fail_mode != "open":
                raise
            self._warn_of_fail_open(error)
            return [fail_open_decision() for _ in bodies]
        results = answer.get("results")
        if not isinstance(results, list) or len(results) != len(bodies):
            raise malformed_answer("it has not one result for each request")
        return [self._read_result(result, asked_at) for result in results]

    def dry_run(self, body: Mapping[str, Any]) -> Flow[dict[str, Any]]:
        call = Call("POST", "/v1/policy/dry-run", canonical_json(body))
        return self._exchange.call(call, self._deadline())

    def list_approvals(self, query: Mapping[str, str | int | None]) -> Flow[dict[str, Any]]:
        return self._exchange.call(list_call(query), self._deadline())

    def get_approval(self, approval: object) -> Flow[dict[str, Any]]:
        return self._exchange.call(approval_call(read_approval_id(approval)), self._deadline())

    def answer_approval(self, approval: object, verb: str, words: Mapping[str, str | None]) -> Flow[dict[str, Any]]:
        return self._exchange.call(approval_call(read_approval_id(approval), verb, words), self._deadline())

    def lose_stream(self) -> None:
        """Whoever followed it does not any more."""
        self._cache.stream_ends()

    def create_follower(self) -> PolicyFollower:
        chance, warn, heard = self._surroundings.chance, self._surroundings.warn, self._surroundings.stream_heard
        return PolicyFollower(self._cache, chance, warn, heard)

    def close(self) -> None:
        self._cache.close()

    def _effective(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if not isinstance(request, Mapping):
            raise InvalidRequest("a request is a mapping with `action_type` and `action_name`")
        identity = self.configuration.identity
        if identity is None or "identity" in request:
            return dict(request)
        return {**request, "identity": identity}

    def _deadline(self) -> float:
        return self._exchange.clock() + self._timeout_seconds

    def _ask(self, content: bytes, uses_grant: bool) -> Flow[Decision]:
        if self._cache.needs_stream:
            self.begin_stream()
        try:
            if uses_grant or not self._cache.is_on:
                return (yield from self._ask_service(content, None, uses_grant, self._deadline()))
            return (yield from self._ask_once(content, sha256(content).hexdigest()))
        except ServerUnreachable as error:
            # SECURITY: what needs a person is not allowed by an outage.
            if uses_grant or self.configuration.fail_mode != "open":
                raise
            self._warn_of_fail_open(error)
        return fail_open_decision()

    def _ask_once(self, content: bytes, key: str) -> Flow[Decision]:
        """From the cache, or with who asks the same already, or from the service."""
        kept = self._cache.get(key)
        if kept is not None:
            return own_copy(kept)
        deadline = self._deadline()
        if self._cache.epoch() is None:
            return (yield from self._ask_service(content, None, False, deadline))
        flight, is_first = self._flights.join(key)
        if is_first:
            return (yield from self._fly(flight, content, key, deadline))
        yield Await(flight, self._timeout_seconds)
        if flight.error is not None:
            # One of its own for each: they are raised in several threads.
            raise type(flight.error)(*flight.error.args)
        # What may not be used again is not shared either, nor what was given up or is too old by now.
        kept = self._cache.get(key)
        if kept is not None:
            return own_copy(kept)
        return (yield from self._ask_service(content, key, False, deadline))

    def _fly(self, flight: Flight[Any], content: bytes, key: str, deadline: float) -> Flow[Decision]:
        try:
            return (yield from self._ask_service(content, key, False, deadline))
        except VerdictSdkError as error:
            flight.error = error
            raise
        finally:
            self._flights.land(flight)

    def _ask_service(self, content: bytes, key: str | None, uses_grant: bool, deadline: float) -> Flow[Decision]:
        """Keeps the answer under the key, where it may be."""
        asked_at, epoch = self._cache.clock(), self._cache.epoch()
        call = Call("POST", "/v1/policy/evaluate", content, may_count=uses_grant)
        read = read_decision((yield from self._exchange.call(call, deadline)))
        if key is not None and read.is_whole:
            self._cache.take(key, own_copy(read.decision), asked_at, epoch)
        else:
            self._cache.saw_revision(read.decision.policy_revision, asked_at)
        return read.decision

    def _read_result(self, result: object, asked_at: float) -> Decision | VerdictError:
        if not isinstance(result, dict):
            return malformed_answer("a result is not a JSON object")
        if isinstance(result.get("code"), str):
            status = result.get("status")
            return problem_error(status if type(status) is int else 200, result)
        decision = read_decision(result).decision
        self._cache.saw_revision(decision.policy_revision, asked_at)
        return decision

    def _warn_of_fail_open(self, error: ServerUnreachable) -> None:
        self._warn(f"an action is allowed because the fail mode is open: {error}")


def _nothing() -> None:
    """Until somebody follows the stream."""


def _approval_id_of(decision: Decision) -> str:
    try:
        return read_approval_id(cast(object, decision.approval))
    except InvalidRequest:
        pass
    raise malformed_answer("it asks for an approval, and does not say which one")
