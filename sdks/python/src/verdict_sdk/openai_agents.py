"""Agents of the OpenAI Agents SDK ask before a function tool runs (`pip install verdict-sdk[openai-agents]`).

@function_tool(tool_input_guardrails=[verdict_guardrail(AsyncVerdict())])
def refund(charge: str, amount: float) -> str: ...

`needs_approval` besides interrupts the run where rules want a person, for a program that wants to say so.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from agents import RunContextWrapper, ToolGuardrailFunctionOutput, ToolInputGuardrail, ToolInputGuardrailData

from ._core import APPROVAL_TIMEOUT_MS
from ._duties import OnObligations, take_on
from .async_client import AsyncVerdict
from .errors import InvalidRequest, VerdictSdkError

NeedsApproval: TypeAlias = Callable[[RunContextWrapper[Any], dict[str, Any], str], Awaitable[bool]]


def tool_request(name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """What Verdict is asked about a tool call, unless it is told otherwise."""
    return {
        "action_type": "tool_call",
        "action_name": name,
        "arguments": arguments,
        "context": {"framework": "openai-agents"},
    }


def tool_call_request(data: ToolInputGuardrailData) -> Mapping[str, Any]:
    """What Verdict is asked about a tool call, unless the guardrail is told otherwise. Raises `InvalidRequest`."""
    return tool_request(data.context.tool_name, read_arguments(data.context.tool_arguments))


def read_arguments(text: str) -> dict[str, Any]:
    """The arguments as the model wrote them. Raises `InvalidRequest`."""
    try:
        arguments = json.loads(text or "{}")
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        raise InvalidRequest("the tool's arguments are not a JSON object")
    return arguments


def verdict_guardrail(
    verdict: AsyncVerdict,
    *,
    request: Callable[[ToolInputGuardrailData], Mapping[str, Any]] = tool_call_request,
    approval_timeout_ms: int = APPROVAL_TIMEOUT_MS,
    on_obligations: OnObligations[ToolInputGuardrailData] | None = None,
) -> ToolInputGuardrail[Any]:
    """Lets the tool run when Verdict allows it; otherwise the model is told why not, and the tool does not run.

    Waits for a person where one is needed. `on_obligations` takes on the duties that an allow comes with, before the
    tool runs; without it the tool does not.
    """

    async def verdict_allows(data: ToolInputGuardrailData) -> ToolGuardrailFunctionOutput:
        try:
            decision = await verdict._authorize(request(data), approval_timeout_ms)
            taken = take_on(decision, data, on_obligations)
            if taken is not None:
                await taken
        except VerdictSdkError as error:
            return ToolGuardrailFunctionOutput.reject_content(f"Not run: {error}")
        return ToolGuardrailFunctionOutput.allow()

    return ToolInputGuardrail(verdict_allows, name="verdict")


def needs_approval(
    verdict: AsyncVerdict,
    name: str,
    *,
    request: Callable[[str, Mapping[str, Any]], Mapping[str, Any]] = tool_request,
) -> NeedsApproval:
    """For `needs_approval` of the tool of that name: true when rules want a person, so that the run is interrupted.

    SECURITY: beside the guardrail, not in its place: it lets what is denied pass for the guardrail to refuse, and the
    program's yes lets nothing happen before the guardrail has waited for Verdict's people. When nothing was decided,
    the run ends with the error.
    """

    async def does_verdict_want_a_person(
        context: RunContextWrapper[Any],  # noqa: ARG001
        arguments: dict[str, Any],
        call_id: str,  # noqa: ARG001
    ) -> bool:
        decision = await verdict.evaluate(request(name, arguments), raise_on_deny=False)
        return decision.decision == "approval_required"

    return does_verdict_want_a_person
