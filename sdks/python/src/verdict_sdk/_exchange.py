"""One call of the service, without I/O: what to send, how to read what comes back, and when to try again.

A flow is a generator that yields what has to be done (`Send`, `Pause`, `Await`) and is sent what came of it.
How that is done is all that the two clients differ in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from ._cache import Flight
from .errors import ServerUnreachable, VerdictError

_RETRIES_MAX = 2
_BACKOFF_BASE_SECONDS = 0.05
_WHOLE_SECONDS = re.compile(r"[0-9]{1,9}")
_REDACTED = "[API key]"


@dataclass(frozen=True)
class Send:
    """To send; what comes of it is an `Answer` or `NoAnswer`."""

    method: str
    path: str
    content: bytes | None
    timeout_seconds: float
    """Until the whole answer is there."""


@dataclass(frozen=True)
class Pause:
    seconds: float


@dataclass(frozen=True)
class Await:
    """To wait until somebody else's question has landed, or the time is up."""

    flight: Flight[Any]
    timeout_seconds: float


@dataclass(frozen=True)
class Answer:
    status: int
    retry_after: str | None
    content: bytes


@dataclass(frozen=True)
class NoAnswer:
    why: str
    has_ended: bool = False
    """The time is up."""
    was_sent: bool = True
    """Some of the request may have arrived."""
    had_begun: bool = False
    """Some of an answer came."""


Effect = Send | Pause | Await
Result = TypeVar("Result")
Flow = Generator[Effect, Any, Result]


@dataclass(frozen=True)
class Call:
    """A request, and what may be done with it when it fails."""

    method: str
    path: str
    content: bytes | None = None
    may_count: bool = False
    """Sent twice it may count twice: it is not repeated after a connection broke."""
    is_action: bool = False
    """Nor after a 503, which may come after it was done."""


class Exchange:
    """Makes calls: each within its time, two retries at most."""

    def __init__(self, api_key: str, clock: Callable[[], float], chance: Callable[[], float]) -> None:
        self._api_key = api_key
        self.clock = clock
        self._chance = chance

    def call(self, call: Call, deadline: float) -> Flow[dict[str, Any]]:
        """The JSON object of a 200. Raises `ServerUnreachable` and `VerdictError`."""
        for attempt in range(_RETRIES_MAX + 1):
            outcome = yield Send(call.method, call.path, call.content, max(deadline - self.clock(), 0.001))
            wait = self.wait_before_retry(call, outcome)
            pause = None if wait is None else wait + self.backoff_seconds(attempt)
            if attempt == _RETRIES_MAX or pause is None or self.clock() + pause >= deadline:
                break
            yield Pause(pause)
        return self.read(outcome)

    def wait_before_retry(self, call: Call, outcome: Answer | NoAnswer) -> float | None:
        """Seconds to wait before the same is asked again, to which the backoff is added; None: it may not be."""
        if isinstance(outcome, NoAnswer):
            is_repeatable = not outcome.was_sent or not (call.may_count or call.is_action)
            return 0 if is_repeatable and not outcome.has_ended and not outcome.had_begun else None
        return None if call.is_action and outcome.status == 503 else retry_after_seconds(outcome)

    def backoff_seconds(self, attempt: int) -> float:
        return self._chance() * _BACKOFF_BASE_SECONDS * 2.0**attempt

    def read(self, outcome: Answer | NoAnswer) -> dict[str, Any]:
        if isinstance(outcome, NoAnswer):
            raise ServerUnreachable(f"Verdict could not be reached: {outcome.why}")
        body = self._read_json(outcome.content)
        if outcome.status != 200:
            self._raise_problem(outcome.status, body)
        if not isinstance(body, dict):
            raise malformed_answer("it is not a JSON object")
        return body

    def _read_json(self, content: bytes) -> Any:
        """What is no JSON, or nested too deep, is None.

        SECURITY: where the key is quoted, however it is spelled, it is replaced.
        """
        try:
            text = content.decode("utf-8-sig")
            value = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return None
        if _is_too_deep(value):
            return None
        return redact(value, self._api_key) if self._api_key in text or "\\" in text else value

    def _raise_problem(self, status: int, body: Any) -> NoReturn:
        problem = body if isinstance(body, dict) else None
        raise problem_error(status, problem)


def problem_error(status: int, problem: dict[str, Any] | None) -> VerdictError:
    code = problem.get("code") if problem is not None else None
    detail = problem.get("detail") if problem is not None else None
    if not isinstance(code, str):
        return VerdictError(status, "http_error", f"it answered with the HTTP status {status}", problem)
    return VerdictError(status, code, detail if isinstance(detail, str) else "", problem)


def malformed_answer(why: str) -> VerdictError:
    return VerdictError(200, "malformed_answer", why)


def retry_after_seconds(answer: Answer) -> float | None:
    """Of a 429 or 503 that says when to come back, in whole seconds."""
    if answer.status not in (429, 503) or not _WHOLE_SECONDS.fullmatch(answer.retry_after or ""):
        return None
    return float(answer.retry_after or "0")


# Deeper than the service answers; what reads an answer may go down level by level.
_DEPTH_MAX = 128


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEPTH_MAX + 1):
        within = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, (dict, list))]
        level = [item for items in within for item in items]
        if not level:
            return False
    return True


def redact(value: Any, secret: str) -> Any:
    if isinstance(value, str):
        return value.replace(secret, _REDACTED)
    if isinstance(value, list):
        return [redact(item, secret) for item in value]
    if isinstance(value, dict):
        return {name.replace(secret, _REDACTED): redact(item, secret) for name, item in value.items()}
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
