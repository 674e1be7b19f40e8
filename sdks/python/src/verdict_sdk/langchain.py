"""LangChain and LangGraph agents ask before each tool call (`pip install verdict-sdk[langchain]`).

    agent = create_agent(model, tools, middleware=[..., VerdictMiddleware(Verdict())])

SECURITY: put it last. A middleware behind it could change the call that was asked about.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from langchain.agents.middleware import AgentMiddleware
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import ToolMessage
from langgraph.types import Command

from ._core import APPROVAL_TIMEOUT_MS
from ._duties import OnObligations, take_on
from .async_client import AsyncVerdict
from .client import Verdict
from .errors import VerdictSdkError

ToolResult: TypeAlias = ToolMessage | Command[Any]


def tool_call_request(request: ToolCallRequest) -> Mapping[str, Any]:
    """What Verdict is asked about a tool call, unless the middleware is told otherwise."""
    return {
        "action_type": "tool_call",
        "action_name": request.tool_call["name"],
        "arguments": request.tool_call["args"],
        "context": {"framework": "langchain"},
    }


class VerdictMiddleware(AgentMiddleware[Any, Any, Any]):
    """Runs a tool when Verdict allows it; otherwise the model is told why not, and the tool does not run.

    Waits for a person where one is needed. `on_obligations` takes on the duties that an allow comes with, before the
    tool runs; without it the tool does not. `Verdict` serves `invoke` and, with a thread for each question, `ainvoke`;
    `AsyncVerdict` serves `ainvoke` only.
    """

    def __init__(
        self,
        verdict: Verdict | AsyncVerdict,
        *,
        request: Callable[[ToolCallRequest], Mapping[str, Any]] = tool_call_request,
        approval_timeout_ms: int = APPROVAL_TIMEOUT_MS,
        on_obligations: OnObligations[ToolCallRequest] | None = None,
    ) -> None:
        super().__init__()
        self._verdict = verdict
        self._request = request
        self._approval_timeout_ms = approval_timeout_ms
        self._on_obligations = on_obligations

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolResult]) -> ToolResult:
        if isinstance(self._verdict, AsyncVerdict):
            raise TypeError("an agent that is invoked without asyncio needs a `Verdict`, not an `AsyncVerdict`")
        refusal = self._ask(self._verdict, request)
        return handler(request) if refusal is None else refusal

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolResult]]
    ) -> ToolResult:
        if isinstance(self._verdict, AsyncVerdict):
            refusal = await self._ask_async(self._verdict, request)
        else:
            refusal = await asyncio.to_thread(self._ask, self._verdict, request)
        return await handler(request) if refusal is None else refusal

    def _ask(self, verdict: Verdict, request: ToolCallRequest) -> ToolMessage | None:
        """None: it is allowed."""
        try:
            decision = verdict._authorize(self._request(request), self._approval_timeout_ms)
            taken = take_on(decision, request, self._on_obligations)
        except VerdictSdkError as error:
            return _refusal(request, error)
        if taken is not None:
            if inspect.iscoroutine(taken):
                taken.close()
            raise TypeError("a `Verdict` cannot await what `on_obligations` gives")
        return None

    async def _ask_async(self, verdict: AsyncVerdict, request: ToolCallRequest) -> ToolMessage | None:
        try:
            decision = await verdict._authorize(self._request(request), self._approval_timeout_ms)
            taken = take_on(decision, request, self._on_obligations)
            if taken is not None:
                await taken
        except VerdictSdkError as error:
            return _refusal(request, error)
        return None


def _refusal(request: ToolCallRequest, error: VerdictSdkError) -> ToolMessage:
    call = request.tool_call
    return ToolMessage(f"Not run: {error}", name=call["name"], tool_call_id=call["id"] or "", status="error")
