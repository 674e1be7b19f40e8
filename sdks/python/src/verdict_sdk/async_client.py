"""The client for asyncio: as `client`, and the same but for how it waits."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, TypeVar, cast

import httpx

from ._core import APPROVAL_TIMEOUT_MS, Core, Surroundings, default_surroundings
from ._exchange import Effect, Flow, Pause, Send
from ._following import AsyncFollowing
from ._generated.models import Approval, ApprovalDetail, ApprovalList, DryRun, DryRunRequest, EvaluateRequest
from ._transport import AsyncTransport
from .configuration import Arguments, Configuration
from .decision import Decision
from .errors import VerdictError

Result = TypeVar("Result")


class AsyncVerdict:
    """Asks Verdict before an agent acts. One client for an event loop.

    An argument wins over the environment (`VERDICT_URL`, `VERDICT_API_KEY`, ...), which wins over the default.
    `transport` takes the place of the connection pool: for a proxy, a client certificate, or a test.
    Raises `ConfigurationError`.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        fail_mode: Literal["closed", "open"] | None = None,
        timeout_ms: int | None = None,
        cache_ttl_seconds: int | None = None,
        cache_max_entries: int | None = None,
        events: Literal["on", "off"] | None = None,
        identity: Mapping[str, Any] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        arguments: Arguments = {
            "url": url,
            "api_key": api_key,
            "fail_mode": fail_mode,
            "timeout_ms": timeout_ms,
            "cache_ttl_seconds": cache_ttl_seconds,
            "cache_max_entries": cache_max_entries,
            "events": events,
            "identity": identity,
        }
        self._core = Core(arguments, surroundings or default_surroundings(), asyncio.Event, asyncio.get_running_loop)
        self._transport = AsyncTransport(self._core.configuration, transport)
        self._following = AsyncFollowing(self._core, self._transport)
        self.approvals = AsyncApprovals(self)

    @property
    def configuration(self) -> Configuration:
        return self._core.configuration

    async def evaluate(self, request: EvaluateRequest | Mapping[str, Any], *, raise_on_deny: bool = True) -> Decision:
        """What the rules say. `approval_required` is returned.

        Raises `PolicyDenied` unless told not to, `ServerUnreachable`, `VerdictError` and `InvalidRequest`.
        """
        return await self._run(self._core.evaluate(request, raise_on_deny))

    async def check(
        self, request: EvaluateRequest | Mapping[str, Any], *, approval_timeout_ms: int = APPROVAL_TIMEOUT_MS
    ) -> bool:
        """True on an allow only. Waits for a person where one is needed.

        Raises `ApprovalTimeout` and `ServerUnreachable`, and nothing else.
        """
        return await self._run(self._core.check(request, approval_timeout_ms))

    async def guard(
        self,
        request: EvaluateRequest | Mapping[str, Any],
        action: Callable[[], Awaitable[Result] | Result],
        *,
        approval_timeout_ms: int = APPROVAL_TIMEOUT_MS,
    ) -> Result:
        """Runs `action` once when it is allowed, and returns what it returns; what it raises passes through.

        Waits for a person where one is needed. Raises `PolicyDenied`, `ApprovalDenied`, `ApprovalTimeout`,
        `ServerUnreachable`, `VerdictError` and `InvalidRequest`; then `action` did not run.
        """
        await self._authorize(request, approval_timeout_ms)
        result = action()
        return await result if inspect.isawaitable(result) else result

    async def _authorize(self, request: EvaluateRequest | Mapping[str, Any], approval_timeout_ms: int) -> Decision:
        return await self._run(self._core.authorize(request, approval_timeout_ms))

    async def wait_for_approval(
        self, approval: Approval | Decision | str, *, timeout_ms: int = APPROVAL_TIMEOUT_MS
    ) -> Approval:
        """The approval once it is granted: then evaluate the same again with its id as `approval_id`.

        Raises `ApprovalDenied`, `ApprovalTimeout`, `ServerUnreachable`, `VerdictError` and `InvalidRequest`.
        """
        return cast("Approval", await self._run(self._core.wait_for_approval(approval, timeout_ms)))

    async def evaluate_batch(
        self, requests: Sequence[EvaluateRequest | Mapping[str, Any]]
    ) -> list[Decision | VerdictError]:
        """One result for each request, in order; a deny is not raised. The cache has no part in it."""
        return await self._run(self._core.evaluate_batch(requests))

    async def dry_run(self, body: DryRunRequest | Mapping[str, Any]) -> DryRun:
        """Runs fixtures on rules. It decides nothing."""
        return cast("DryRun", await self._run(self._core.dry_run(body)))

    async def close(self) -> None:
        """Closes the connections. The client cannot be used after that."""
        await self._following.close()
        self._core.close()
        await self._transport.close()

    async def __aenter__(self) -> AsyncVerdict:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncVerdict({self._core.configuration!r})"

    async def _run(self, flow: Flow[Result]) -> Result:
        outcome: object = None
        try:
            while True:
                outcome = await self._perform(flow.send(outcome))
        except StopIteration as end:
            return cast(Result, end.value)
        finally:
            # A flow that was broken off, as by a cancellation, lands its flight.
            flow.close()

    async def _perform(self, effect: Effect) -> object:
        if isinstance(effect, Send):
            return await self._transport.send(effect)
        if isinstance(effect, Pause):
            await asyncio.sleep(effect.seconds)
        else:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(effect.flight.landed.wait(), effect.timeout_seconds)
        return None


class AsyncApprovals:
    """Questions to people. What needs which scope: docs/approvals.md of the service."""

    def __init__(self, client: AsyncVerdict) -> None:
        self._client = client

    async def list(
        self,
        *,
        status: str | None = None,
        identity: str | None = None,
        rule_id: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> ApprovalList:
        """Newest first, a page at a time: go on with `next_cursor` as `cursor` until it is None."""
        query = {"status": status, "identity": identity, "rule_id": rule_id, "cursor": cursor, "limit": limit}
        return cast("ApprovalList", await self._client._run(self._client._core.list_approvals(query)))

    async def get(self, approval: Approval | str) -> ApprovalDetail:
        return cast("ApprovalDetail", await self._client._run(self._client._core.get_approval(approval)))

    async def approve(self, approval: Approval | str, note: str | None = None) -> Approval:
        """Says yes: one vote of `terms.quorum`."""
        return await self._answer(approval, "approve", {"note": note})

    async def deny(self, approval: Approval | str, reason: str) -> Approval:
        """Says no, for good. The agent acts on `reason`: write it for the agent."""
        return await self._answer(approval, "deny", {"reason": reason})

    async def cancel(self, approval: Approval | str, reason: str | None = None) -> Approval:
        """Takes the question back."""
        return await self._answer(approval, "cancel", {"reason": reason})

    async def _answer(self, approval: Approval | str, verb: str, words: Mapping[str, str | None]) -> Approval:
        flow = self._client._core.answer_approval(approval, verb, words)
        return cast("Approval", await self._client._run(flow))
