"""Against the real package, with its scripted model."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from agents import Agent, RunConfig, Runner, UserError, function_tool
from agents.testing import ScriptedModel, assistant_message, function_call
from scripted_server import ScriptedServer
from vectors import KEY, allow, base

from verdict_sdk import AsyncVerdict
from verdict_sdk.openai_agents import needs_approval, verdict_guardrail

ARGUMENTS = '{"charge":"ch_1","amount":120}'
ASKED = {
    "action_type": "tool_call",
    "action_name": "refund",
    "arguments": {"charge": "ch_1", "amount": 120},
    "context": {"framework": "openai-agents"},
}


async def run_agent(server: ScriptedServer, arguments: str = ARGUMENTS, **options: Any) -> tuple[list[str], str]:
    """What the tool did, and what the model was told of it."""
    refunds: list[str] = []
    async with AsyncVerdict(server.url, KEY) as verdict:

        @function_tool(tool_input_guardrails=[verdict_guardrail(verdict, approval_timeout_ms=1000, **options)])
        def refund(charge: str, amount: int) -> str:
            """Pays money back."""
            refunds.append(f"{charge} {amount}")
            return "refunded"

        model = ScriptedModel([[function_call("refund", arguments, call_id="call_1")], [assistant_message("done")]])
        agent = Agent(name="support", model=model, tools=[refund])
        result = await Runner.run(agent, "refund it", run_config=RunConfig(tracing_disabled=True))
    outputs = [item for item in result.to_input_list() if item.get("type") == "function_call_output"]
    return refunds, json.dumps(outputs)


def run(server: ScriptedServer, arguments: str = ARGUMENTS, **options: Any) -> tuple[list[str], str]:
    return asyncio.run(run_agent(server, arguments, **options))


def test_a_tool_that_is_allowed_runs_once(server: ScriptedServer) -> None:
    server.script = [{"when": {"body": ASKED}, **allow()}]
    refunds, told = run(server)
    assert server.faults == []
    assert refunds == ["ch_1 120"]
    assert "refunded" in told


DENIAL = {"decision": "deny", "reason": "Refunds are for people.", "help_text": "Ask support."}
UNABLE: list[tuple[dict[str, Any], str]] = [
    ({"respond": {"status": 200, "body": base("decision", **DENIAL)}}, "Not run: Refunds are for people. Ask support."),
    ({"respond": {"status": 500, "body": base("problem")}}, "Not run: Verdict answered 500 internal_error"),
    ({"behaviour": "close_midway"}, "Not run: Verdict could not be reached"),
]


@pytest.mark.parametrize(("entry", "words"), UNABLE)
def test_the_model_is_told_why_a_tool_did_not_run(entry: dict[str, Any], words: str, server: ScriptedServer) -> None:
    server.script = [entry]
    refunds, told = run(server)
    assert refunds == []
    assert words in told


@pytest.mark.parametrize("arguments", ["[]", "not json", '{"amount":NaN,"charge":"a"}', '"a"'])
def test_arguments_that_cannot_be_asked_about_do_not_run(arguments: str, server: ScriptedServer) -> None:
    refunds, told = run(server, arguments)
    assert (refunds, server.requests) == ([], 0)
    assert "refunded" not in told


MASKED = allow(obligations=[{"type": "redact", "params": {"fields": ["card"]}}])


def test_a_tool_whose_allow_comes_with_duties_that_nobody_takes_on_does_not_run(server: ScriptedServer) -> None:
    server.script = [MASKED]
    refunds, told = run(server)
    assert refunds == []
    assert "duties that nobody here takes on: redact" in told


def test_duties_are_taken_on_before_the_tool_runs(server: ScriptedServer) -> None:
    server.script = [MASKED]
    taken: list[str] = []

    async def take_on(duties: Any, _: Any) -> None:
        await asyncio.sleep(0)
        taken.append(duties[0]["type"])

    refunds, _ = run(server, on_obligations=take_on)
    assert (taken, refunds) == (["redact"], ["ch_1 120"])


@pytest.mark.parametrize("option", ["request", "on_obligations"])
def test_a_helper_that_fails_ends_the_run_without_the_tool(option: str, server: ScriptedServer) -> None:
    server.script = [MASKED]
    refunds: list[str] = []

    def fail(*_: Any) -> Any:
        raise RuntimeError("no idea")

    async def run() -> None:
        async with AsyncVerdict(server.url, KEY) as verdict:
            options: Any = {option: fail}

            @function_tool(tool_input_guardrails=[verdict_guardrail(verdict, **options)], failure_error_function=None)
            def refund(charge: str, amount: int) -> str:
                """Pays money back."""
                refunds.append(f"{charge} {amount}")
                return "refunded"

            model = ScriptedModel([[function_call("refund", ARGUMENTS, call_id="call_1")], [assistant_message("done")]])
            agent = Agent(name="support", model=model, tools=[refund])
            await Runner.run(agent, "refund it", run_config=RunConfig(tracing_disabled=True))

    with pytest.raises(Exception, match="no idea"):
        asyncio.run(run())
    assert refunds == []


def test_a_tool_waits_for_a_person(server: ScriptedServer) -> None:
    approval = base("approval", status="approved", grant={"expires_at": "2026-01-31T09:06:00.000Z"})
    question = base("decision", decision="approval_required", approval={"id": approval["id"]})
    server.script = [
        {"respond": {"status": 200, "body": question}},
        {"respond": {"status": 200, "body": approval}},
        {"when": {"body": {**ASKED, "approval_id": approval["id"]}}, **allow()},
    ]
    refunds, _ = run(server)
    assert server.faults == []
    assert refunds == ["ch_1 120"]


QUESTION = base("decision", decision="approval_required", approval={"id": base("approval")["id"]})
ASKS = {"when": {"body": ASKED}, "respond": {"status": 200, "body": QUESTION}}


class Interrupted:
    """A run of an agent whose tool has both helpers; `ran` is what the tool did."""

    def __init__(self, verdict: AsyncVerdict) -> None:
        self.ran: list[str] = []

        @function_tool(
            tool_input_guardrails=[verdict_guardrail(verdict, approval_timeout_ms=1000)],
            needs_approval=needs_approval(verdict, "refund"),
        )
        def refund(charge: str, amount: int) -> str:
            """Pays money back."""
            self.ran.append(f"{charge} {amount}")
            return "refunded"

        model = ScriptedModel([[function_call("refund", ARGUMENTS, call_id="call_1")], [assistant_message("done")]])
        self._agent = Agent(name="support", model=model, tools=[refund])

    async def run(self, begin: Any = "refund it") -> Any:
        return await Runner.run(self._agent, begin, run_config=RunConfig(tracing_disabled=True))


def run_interrupted(server: ScriptedServer, says_yes: bool | None) -> tuple[list[str], int, str]:
    """What the tool did, how often the run was interrupted, and what the model was told."""

    async def run() -> tuple[list[str], int, str]:
        async with AsyncVerdict(server.url, KEY) as verdict:
            agent = Interrupted(verdict)
            result = await agent.run()
            interruptions = len(result.interruptions)
            for item in result.interruptions:
                assert agent.ran == []
                state = result.to_state()
                state.approve(item) if says_yes else state.reject(item)
                result = await agent.run(state)
            return agent.ran, interruptions, json.dumps(result.to_input_list(), default=str)

    return asyncio.run(run())


def test_a_run_is_interrupted_where_rules_want_a_person_and_goes_on_when_they_agreed(server: ScriptedServer) -> None:
    approval = base("approval", status="approved", grant={"expires_at": "2026-01-31T09:06:00.000Z"})
    granted = {"when": {"body": {**ASKED, "approval_id": approval["id"]}}, **allow()}
    server.script = [ASKS, ASKS, {"respond": {"status": 200, "body": approval}}, granted]
    refunds, interruptions, told = run_interrupted(server, says_yes=True)
    assert server.faults == []
    assert (refunds, interruptions) == (["ch_1 120"], 1)
    assert "refunded" in told


def test_the_programs_yes_alone_does_not_let_it_happen(server: ScriptedServer) -> None:
    denied = base("approval", status="denied", resolution={"reason": "Paid already."})
    server.script = [ASKS, ASKS, {"respond": {"status": 200, "body": denied}}]
    refunds, interruptions, told = run_interrupted(server, says_yes=True)
    assert (refunds, interruptions) == ([], 1)
    assert "Paid already." in told


def test_the_programs_no_is_one(server: ScriptedServer) -> None:
    server.script = [ASKS]
    refunds, interruptions, _ = run_interrupted(server, says_yes=False)
    assert (refunds, interruptions, server.requests) == ([], 1, 1)


def test_what_is_allowed_is_not_interrupted(server: ScriptedServer) -> None:
    server.script = [allow()]
    refunds, interruptions, _ = run_interrupted(server, says_yes=None)
    assert (refunds, interruptions, server.faults) == (["ch_1 120"], 0, [])


def test_what_is_denied_is_not_interrupted_but_refused_by_the_guardrail(server: ScriptedServer) -> None:
    server.script = [{"respond": {"status": 200, "body": base("decision", **DENIAL)}} for _ in range(2)]
    refunds, interruptions, told = run_interrupted(server, says_yes=None)
    assert (refunds, interruptions) == ([], 0)
    assert "Not run: Refunds are for people. Ask support." in told


def test_a_run_ends_when_nothing_was_decided(server: ScriptedServer) -> None:
    server.script = [{"respond": {"status": 500, "body": base("problem")}}]
    with pytest.raises(UserError, match="Verdict answered 500"):
        run_interrupted(server, says_yes=None)
