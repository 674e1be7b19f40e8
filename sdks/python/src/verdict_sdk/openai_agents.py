"""Agents of the OpenAI Agents SDK ask before a function tool runs (`pip install verdict-sdk[openai-agents]`).

@function_tool(tool_input_guardrails=[verdict_guardrail(AsyncVerdict())])
def refund(charge: str, amount: float) -> str: ...
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from agents import ToolGuardrailFunctionOutput, ToolInputGuardrail, ToolInputGuardrailData

from ._core import APPROVAL_TIMEOUT_MS
from .async_client import AsyncVerdict
from .errors import InvalidRequest, VerdictSdkError


def tool_call_request(data: ToolInputGuardrailData) -> Mapping[str, Any]:
    """What Verdict is asked about a tool call, unless the guardrail is told otherwise. Raises `InvalidRequest`."""
    return {
        "action_type": "tool_call",
        "action_name": data.context.tool_name,
        "arguments": read_arguments(data.context.tool_arguments),
        "context": {"framework": "openai-agents"},
    }


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
) -> ToolInputGuardrail[Any]:
    """Lets the tool run when Verdict allows it; otherwise the model is told why not, and the tool does not run.

    Waits for a person where one is needed.
    """

    async def verdict_allows(data: ToolInputGuardrailData) -> ToolGuardrailFunctionOutput:
        try:
            await verdict.guard(request(data), _nothing, approval_timeout_ms=approval_timeout_ms)
        except VerdictSdkError as error:
            return ToolGuardrailFunctionOutput.reject_content(f"Not run: {error}")
        return ToolGuardrailFunctionOutput.allow()

    return ToolInputGuardrail(verdict_allows, name="verdict")


def _nothing() -> None:
    """The tool itself is run by the framework."""
