"""Runs the vectors of behaviour with either client."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from scripted_server import ScriptedServer, wait_until
from vectors import KEY, put_in

from verdict_sdk import Decision, Surroundings, Verdict, VerdictSdkError

REFUSED = "http://127.0.0.1:2"
"""Nobody listens there. A port that was free a moment ago may by now be that of the server of another vector."""


class ActionError(Exception):
    """What an action raises."""


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Action:
    def __init__(self, step: dict[str, Any]) -> None:
        self._raises = step.get("action") == "raises"
        self.ran = 0

    def __call__(self) -> str:
        self.ran += 1
        if self._raises:
            raise ActionError
        return "ran"


Outcome = tuple[Any, Action]


class VectorRun:
    def __init__(self, vector: dict[str, Any], client_type: Callable[..., Any]) -> None:
        self._vector = vector
        self._clock = Clock()
        self._warnings: list[str] = []
        self._texts: list[str] = []
        self._client_type = client_type
        self._heard = {"event": 0, "end": 0}
        self._warning_count = 0

    def _warn(self, message: str) -> None:
        self._warnings.append(message)
        self._warning_count += 1

    def _stream_heard(self, what: str) -> None:
        self._heard[what] += 1

    def _wait_until_taken(self, act: dict[str, Any]) -> None:
        expected: dict[str, int] = {what: act[f"{what}s"] for what in self._heard if f"{what}s" in act}
        words = f"the client did not have {expected} of the stream"
        wait_until(words, lambda: all(self._heard[what] >= count for what, count in expected.items()))
        assert {what: self._heard[what] for what in expected} == expected

    def run(self) -> None:
        with ScriptedServer() as server, ScriptedServer() as trap:
            words = {"trap": trap.url, "refused": REFUSED}
            server.script = put_in(self._vector["server"], words)
            server.stream_script = put_in(self._vector.get("stream", []), words)
            server.when_taken = self._wait_until_taken
            self._server = server
            config = {"url": server.url, "fail_mode": "closed", "timeout_ms": 5000, **self._vector.get("config", {})}
            create = partial(
                self._client_type,
                api_key=KEY,
                surroundings=Surroundings(
                    env={}, warn=self._warn, cache_clock=self._clock, stream_heard=self._stream_heard
                ),
                **put_in(config, words),
            )
            if self._client_type is Verdict:
                self._run_steps(create())
            else:
                asyncio.run(self._run_steps_async(create))
            assert server.faults == []
            assert server.requests == self._vector["requests"]
            assert trap.requests == 0
        self._texts += self._warnings
        assert self._warning_count == self._vector.get("warnings", self._warning_count)
        for secret in self._vector.get("never_contains", []):
            assert all(secret not in text for text in self._texts)

    def _run_steps(self, client: Any) -> None:
        with client:
            for step in self._vector["steps"]:
                actions = self._begin(step)
                if step["call"] == "stream":
                    self._server.act(step)
                    continue
                with ThreadPoolExecutor(len(actions)) as pool:
                    futures = [pool.submit(call, client, step, action) for action in actions]
                    results = [future.exception() or future.result() for future in futures]
                self._end(step, list(zip(results, actions, strict=True)))

    async def _run_steps_async(self, create: Callable[[], Any]) -> None:
        async with create() as client:
            for step in self._vector["steps"]:
                actions = self._begin(step)
                if step["call"] == "stream":
                    await asyncio.to_thread(self._server.act, step)
                    continue
                calls = [call(client, step, action) for action in actions]
                results = await asyncio.gather(*calls, return_exceptions=True)
                self._end(step, list(zip(results, actions, strict=True)))

    def _begin(self, step: dict[str, Any]) -> list[Action]:
        self._clock.now += step.get("advance_ms", 0) / 1000
        self._texts += self._warnings
        self._warnings.clear()
        return [Action(step) for _ in range(step.get("parallel", 1))]

    def _end(self, step: dict[str, Any], outcomes: list[Outcome]) -> None:
        expected = step["outcome"]
        for result, action in outcomes:
            if isinstance(result, BaseException):
                self._texts += texts_of(result)
            check_outcome(expected, result, action)
        assert len(self._warnings) == expected.get("warnings", len(self._warnings))


def call(client: Any, step: dict[str, Any], action: Action) -> Any:
    options = step.get("options", {})
    match step["call"]:
        case "evaluate" | "check":
            return getattr(client, step["call"])(step["request"], **options)
        case "guard":
            return client.guard(step["request"], action, **options)
        case "evaluate_batch":
            return client.evaluate_batch(step["requests"])
        case "wait_for_approval":
            return client.wait_for_approval(step["approval"], **options)
        case "list_approvals":
            return client.approvals.list(**options)
        case "get_approval":
            return client.approvals.get(step["approval"])
        case verb:
            return getattr(client.approvals, verb)(step["approval"], **options)


def check_outcome(expected: dict[str, Any], result: Any, action: Action) -> None:
    if "raises" in expected:
        name = type(result).__name__
        assert name == ("ActionError" if expected["raises"] == "action" else expected["raises"]), repr(result)
        assert isinstance(result, (VerdictSdkError, ActionError))
        check_fields(expected.get("fields", {}), result)
    elif expected["returns"] == "results":
        for fields, item in zip(expected["results"], result, strict=True):
            assert type(item).__name__ == fields.get("error", "Decision")
            check_fields({key: value for key, value in fields.items() if key != "error"}, item)
    elif expected["returns"] in ("decision", "approval", "list"):
        assert not isinstance(result, BaseException), repr(result)
        assert (expected["returns"] == "decision") == isinstance(result, Decision)
        check_fields(expected.get("fields", {}), result)
    else:
        assert result == expected["returns"], repr(result)
    assert action.ran == expected.get("ran", action.ran)


def check_fields(expected: dict[str, Any], found: Any) -> None:
    for name, value in expected.items():
        field = found.get(name) if isinstance(found, dict) else getattr(found, name)
        assert (list(field) if isinstance(field, tuple) else field) == value, name


def texts_of(error: BaseException) -> list[str]:
    texts = [str(error), repr(error), str(vars(error)), str(error.args), "".join(traceback.format_exception(error))]
    for other in (error.__cause__, error.__context__):
        texts += texts_of(other) if other is not None else []
    return texts
