"""Against the real package, with a model that says what it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
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
    def __init__(self, verdict: Verdict | AsyncVerdict, calls: int = 1, **options: Any) -> None:
        self.refunds: list[tuple[str, int]] = []

        @tool
        def refund(charge: str, amount: int) -> str:
            """Pays money back."""
            self.refunds.append((charge, amount))
            return "refunded"

        args = [{"charge": f"ch_{number}", "amount": 120} for number in range(1, calls + 1)]
        asked = [
            {"name": "refund", "args": each, "id": f"call_{number}", "type": "tool_call"}
            for number, each in enumerate(args, 1)
        ]
        messages = iter([AIMessage("", tool_calls=asked), AIMessage("done")])
        middleware = [VerdictMiddleware(verdict, approval_timeout_ms=1000, **options)]
        self._agent = create_agent(ScriptedModel(messages=messages), [refund], middleware=middleware)

    def invoke(self) -> ToolMessage:
        return self._tool_message(self._agent.invoke({"messages": [HumanMessage("refund it")]}))

    async def ainvoke(self) -> ToolMessage:
        return self._tool_message(await self._agent.ainvoke({"messages": [HumanMessage("refund it")]}))

    def invoke_all(self) -> None:
        self._agent.invoke({"messages": [HumanMessage("refund it")]})

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


MASKED = allow(obligations=[{"type": "redact", "params": {"fields": ["card"]}}])


@each_way
def test_a_tool_whose_allow_comes_with_duties_that_nobody_takes_on_does_not_run(
    invoke: Invoke, server: ScriptedServer
) -> None:
    server.script = [MASKED]
    run, message = invoke(server)
    assert run.refunds == []
    assert "duties that nobody here takes on: redact" in str(message.content)


def test_duties_are_taken_on_before_the_tool_runs_and_it_does_not_when_that_fails(server: ScriptedServer) -> None:
    server.script = [MASKED] * 5
    taken: list[Any] = []

    async def later(duties: Any, call: Any) -> None:
        await asyncio.sleep(0)
        taken.append((duties[0]["type"], call.tool_call["name"]))

    def fail(*_: Any) -> None:
        raise RuntimeError("not now")

    with Verdict(server.url, KEY, cache_ttl_seconds=0) as verdict:
        run = Run(verdict, on_obligations=lambda duties, _: taken.append(duties[0]["type"]))
        run.invoke()
        assert (taken, run.refunds) == (["redact"], [("ch_1", 120)])
        for broken in (fail, later):
            run = Run(verdict, on_obligations=broken)
            with pytest.raises((RuntimeError, TypeError)):
                run.invoke()
            assert run.refunds == []

    async def ask() -> Run:
        async with AsyncVerdict(server.url, KEY, cache_ttl_seconds=0) as verdict:
            run = Run(verdict, on_obligations=later)
            await run.ainvoke()
            return run

    run = asyncio.run(ask())
    assert (taken[-1], run.refunds) == (("redact", "refund"), [("ch_1", 120)])


def test_a_question_that_cannot_be_put_does_not_run_the_tool(server: ScriptedServer) -> None:
    def fail(_: Any) -> Any:
        raise RuntimeError("no idea")

    with Verdict(server.url, KEY) as verdict:
        run = Run(verdict, request=fail)
        with pytest.raises(RuntimeError):
            run.invoke()
    assert (run.refunds, server.requests) == ([], 0)


def test_of_several_calls_at_once_only_those_run_that_are_allowed(server: ScriptedServer) -> None:
    class Rules(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            charge = json.loads(request.content)["arguments"]["charge"]
            effect = "allow" if charge in ("ch_2", "ch_4") else "deny"
            return httpx.Response(200, json=base("decision", decision=effect, cache_ttl_seconds=60))

    with Verdict(server.url, KEY, transport=Rules()) as verdict:
        run = Run(verdict, calls=5)
        run.invoke_all()
    assert sorted(run.refunds) == [("ch_2", 120), ("ch_4", 120)]
