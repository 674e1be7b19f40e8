"""Against the real package, with a model that says what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from scripted_server import ScriptedServer
from vectors import KEY, allow, base

from verdict_sdk import AsyncVerdict, Verdict
from verdict_sdk.langchain import VerdictMiddleware

ASKED = {
    "method": "POST",
    "path": "/v1/policy/evaluate",
    "body": {
        "action_type": "tool_call",
        "action_name": "refund",
        "arguments": {"charge": "ch_1", "amount": 120},
        "context": {"framework": "langchain"},
    },
}


class ScriptedModel(GenericFakeChatModel):
    def bind_tools(self, *_: Any, **__: Any) -> Any:
        return self


class Run:
    def __init__(self, verdict: Verdict | AsyncVerdict) -> None:
        self.refunds: list[tuple[str, int]] = []

        @tool
        def refund(charge: str, amount: int) -> str:
            """Pays money back."""
            self.refunds.append((charge, amount))
            return "refunded"

        call = {"name": "refund", "args": {"charge": "ch_1", "amount": 120}, "id": "call_1", "type": "tool_call"}
        messages = iter([AIMessage("", tool_calls=[call]), AIMessage("done")])
        middleware = [VerdictMiddleware(verdict, approval_timeout_ms=1000)]
        self._agent = create_agent(ScriptedModel(messages=messages), [refund], middleware=middleware)

    def invoke(self) -> ToolMessage:
        return self._tool_message(self._agent.invoke({"messages": [HumanMessage("refund it")]}))

    async def ainvoke(self) -> ToolMessage:
        return self._tool_message(await self._agent.ainvoke({"messages": [HumanMessage("refund it")]}))

    def _tool_message(self, state: dict[str, Any]) -> ToolMessage:
        (message,) = [each for each in state["messages"] if isinstance(each, ToolMessage)]
        return message


DENIAL = {"decision": "deny", "reason": "Refunds are for people.", "help_text": "Ask support."}
UNABLE: list[tuple[dict[str, Any], str]] = [
    ({"respond": {"status": 200, "body": base("decision", **DENIAL)}}, "Not run: Refunds are for people. Ask support."),
    ({"respond": {"status": 500, "body": base("problem")}}, "Not run: Verdict answered 500 internal_error"),
    ({"behaviour": "close_midway"}, "Not run: Verdict could not be reached"),
]


def with_thread(server: ScriptedServer) -> tuple[Run, ToolMessage]:
    with Verdict(server.url, KEY) as verdict:
        run = Run(verdict)
        return run, run.invoke()


def with_loop_and_thread(server: ScriptedServer) -> tuple[Run, ToolMessage]:
    with Verdict(server.url, KEY) as verdict:
        run = Run(verdict)
        return run, asyncio.run(run.ainvoke())


def with_loop(server: ScriptedServer) -> tuple[Run, ToolMessage]:
    async def invoke() -> tuple[Run, ToolMessage]:
        async with AsyncVerdict(server.url, KEY) as verdict:
            run = Run(verdict)
            return run, await run.ainvoke()

    return asyncio.run(invoke())


each_way = pytest.mark.parametrize("invoke", [with_thread, with_loop_and_thread, with_loop])
Invoke = Callable[[ScriptedServer], tuple[Run, ToolMessage]]


@each_way
def test_a_tool_that_is_allowed_runs_once(invoke: Invoke, server: ScriptedServer) -> None:
    server.script = [{"when": ASKED, **allow()}]
    run, message = invoke(server)
    assert server.faults == []
    assert (run.refunds, message.content) == ([("ch_1", 120)], "refunded")


@each_way
@pytest.mark.parametrize(("entry", "words"), UNABLE)
def test_the_model_is_told_why_a_tool_did_not_run(
    invoke: Invoke, entry: dict[str, Any], words: str, server: ScriptedServer
) -> None:
    server.script = [entry]
    run, message = invoke(server)
    assert run.refunds == []
    assert str(message.content).startswith(words)
    assert (message.status, message.tool_call_id) == ("error", "call_1")


@each_way
def test_a_tool_waits_for_a_person(invoke: Invoke, server: ScriptedServer) -> None:
    approval = base("approval", status="approved", grant={"expires_at": "2026-01-31T09:06:00.000Z"})
    question = base("decision", decision="approval_required", approval={"id": approval["id"]})
    server.script = [
        {"respond": {"status": 200, "body": question}},
        {"respond": {"status": 200, "body": approval}},
        {"when": {"body": {**ASKED["body"], "approval_id": approval["id"]}}, **allow()},  # type: ignore[dict-item]
    ]
    run, _ = invoke(server)
    assert server.faults == []
    assert run.refunds == [("ch_1", 120)]


def test_an_agent_without_asyncio_is_not_run_with_an_asynchronous_client() -> None:
    run = Run(AsyncVerdict("http://127.0.0.1:1", KEY))
    with pytest.raises(TypeError):
        run.invoke()
    assert run.refunds == []
