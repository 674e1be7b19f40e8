from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import inspect
import json
import logging
import os
import pickle
import threading
import typing
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import httpx
import pytest
from scripted_server import ScriptedServer, wait_until
from vectors import KEY, allow, base

import verdict_sdk
from verdict_sdk import (
    ApprovalDenied,
    Approvals,
    ApprovalTimeout,
    AsyncApprovals,
    AsyncVerdict,
    ConfigurationError,
    Decision,
    PolicyDenied,
    ServerUnreachable,
    Verdict,
    VerdictError,
)
from verdict_sdk._approvals import ApprovalWaiter
from verdict_sdk._exchange import Answer, Exchange, Pause

Connect = Callable[..., Verdict]
leaves_a_connection_behind = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
REPOSITORY = Path(__file__).resolve().parents[3]


def test_the_proxy_and_the_netrc_of_the_environment_do_not_get_the_key(
    server: ScriptedServer, request_body: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with ScriptedServer() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        server.script = [{"when": {"headers": {"authorization": f"Bearer {KEY}"}}, **allow()}]
        with Verdict(server.url, KEY) as verdict:
            assert verdict.check(request_body)
        assert proxy.requests == 0
    assert server.faults == []


def test_a_cookie_is_not_sent_back(connect: Connect, server: ScriptedServer, request_body: dict[str, Any]) -> None:
    first = allow()
    first["respond"]["headers"] = {"set-cookie": "session=1; Path=/"}
    server.script = [first, {"when": {"headers": {"cookie": None}}, **allow()}]
    verdict = connect(cache_ttl_seconds=0)
    assert verdict.check(request_body)
    assert verdict.check(request_body)
    assert server.faults == []


@pytest.mark.parametrize("behaviour", ["drip", "drip_head"])
@pytest.mark.parametrize("client_type", [Verdict, AsyncVerdict])
def test_an_answer_that_comes_drop_by_drop_ends_with_the_timeout(
    client_type: type[Any], behaviour: str, server: ScriptedServer, request_body: dict[str, Any]
) -> None:
    server.script = [{"behaviour": behaviour}]

    async def evaluate() -> object:
        client = client_type(server.url, KEY, timeout_ms=200)
        answer = client.evaluate(request_body)
        return await answer if inspect.isawaitable(answer) else answer

    with pytest.raises(ServerUnreachable):
        asyncio.run(evaluate())


def test_an_answer_that_was_packed_unasked_is_no_allow(
    connect: Connect, server: ScriptedServer, request_body: dict[str, Any], warnings: list[str]
) -> None:
    content = gzip.compress(json.dumps(base("decision")).encode())
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    server.script = [{"respond": {"status": 200, "headers": headers, "raw_bytes": content}}]
    with pytest.raises(VerdictError, match="malformed_answer"):
        connect(fail_mode="open").evaluate(request_body)
    assert warnings == []


@pytest.mark.parametrize(
    "raw", [b'{"decision":"allow","x":NaN}', b'\xff{"decision":"allow"}', b'{"decision":"allow"}}', b"[" * 100_000]
)
def test_what_is_no_json_is_no_allow(
    raw: bytes, connect: Connect, server: ScriptedServer, request_body: dict[str, Any]
) -> None:
    server.script = [{"respond": {"status": 200, "raw_bytes": raw}}]
    with pytest.raises(VerdictError, match="malformed_answer"):
        connect(fail_mode="open").evaluate(request_body)


@leaves_a_connection_behind
@pytest.mark.parametrize("levels", [200, 450, 900, 100_000])
@pytest.mark.parametrize("client_type", [Verdict, AsyncVerdict])
def test_an_answer_that_is_nested_too_deep_is_none_and_nothing_else(
    client_type: type[Any], levels: int, server: ScriptedServer, request_body: dict[str, Any]
) -> None:
    nested = json.dumps(base("decision", obligations=[{"type": "redact", "params": {"a": "\\ here"}}]))
    raw = nested.replace('"\\\\ here"', "[" * levels + '"\\\\"' + "]" * levels)
    server.script = [{"respond": {"status": 200, "raw": raw}}] * 2

    async def call(name: str) -> object:
        answer = getattr(client_type(server.url, KEY, fail_mode="open"), name)(request_body)
        return await answer if inspect.isawaitable(answer) else answer

    with pytest.raises(VerdictError, match="malformed_answer"):
        asyncio.run(call("evaluate"))
    assert asyncio.run(call("check")) is False
    gc.collect()


def test_a_key_that_is_quoted_in_escapes_is_replaced(
    connect: Connect, server: ScriptedServer, request_body: dict[str, Any]
) -> None:
    spelled = "".join(f"\\u{ord(letter):04x}" for letter in KEY)
    raw = f'{{"code":"a","detail":"{spelled}","nested":[{{"{spelled}":1}}]}}'
    server.script = [{"respond": {"status": 401, "raw": raw}}]
    with pytest.raises(VerdictError) as caught:
        connect().evaluate(request_body)
    assert KEY not in repr(vars(caught.value))
    assert caught.value.detail == "[API key]"


def test_the_client_does_not_show_its_key(connect: Connect) -> None:
    verdict = connect()
    assert KEY not in repr(verdict)
    assert KEY not in repr(verdict.configuration)


def test_what_a_caller_does_with_an_answer_changes_no_other(
    connect: Connect, server: ScriptedServer, request_body: dict[str, Any]
) -> None:
    server.script = [allow(obligations=[{"type": "redact", "params": {"fields": ["email"]}}])]
    verdict = connect(cache_ttl_seconds=60)
    for _ in range(3):
        decision = verdict.evaluate(request_body)
        params: Any = decision.obligations[0]["params"]
        assert params["fields"] == ["email"]
        params["fields"].clear()
        with pytest.raises(FrozenInstanceError):
            decision.decision = "allow"  # type: ignore[misc]
    assert server.requests == 1


def test_who_waited_for_a_question_that_was_given_up_asks(server: ScriptedServer, request_body: dict[str, Any]) -> None:
    server.script = [{"behaviour": "hang"}, allow()]

    async def run() -> Decision:
        async with AsyncVerdict(server.url, KEY) as verdict:
            first = asyncio.create_task(verdict.evaluate(request_body))
            await asyncio.to_thread(server.first_request.wait)
            second = asyncio.create_task(verdict.evaluate(request_body))
            await asyncio.sleep(0)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            return await second

    assert asyncio.run(run()).allowed
    assert server.requests == 2


@leaves_a_connection_behind
def test_a_client_of_two_event_loops_at_once_wakes_none_from_the_other(
    server: ScriptedServer, request_body: dict[str, Any]
) -> None:
    late = allow()
    late["respond"]["delay_ms"] = 300
    server.script = [late, allow()]
    verdict = AsyncVerdict(server.url, KEY, fail_mode="open", timeout_ms=3000)
    given: list[Decision] = []

    def ask(client: AsyncVerdict) -> None:
        given.append(asyncio.run(client.evaluate(request_body)))

    threads = [threading.Thread(target=ask, args=(verdict,)) for _ in range(2)]
    threads[0].start()
    server.first_request.wait()
    threads[1].start()
    for thread in threads:
        thread.join()
    assert [decision.fail_open for decision in given] == [False, False]
    del verdict, threads
    gc.collect()


def test_who_waits_for_a_question_without_end_asks(server: ScriptedServer, request_body: dict[str, Any]) -> None:
    server.script = [{"behaviour": "hang"}, allow()]

    async def run() -> None:
        async with AsyncVerdict(server.url, KEY, timeout_ms=300) as verdict:
            first = asyncio.create_task(verdict.evaluate(request_body))
            await asyncio.to_thread(server.first_request.wait)
            for result in await asyncio.gather(first, verdict.evaluate(request_body), return_exceptions=True):
                assert isinstance(result, ServerUnreachable)

    asyncio.run(run())
    assert server.requests == 1


@leaves_a_connection_behind
def test_a_process_that_was_forked_does_not_share_a_connection(
    connect: Connect, server: ScriptedServer, request_body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script = [allow()] * 3
    verdict = connect(cache_ttl_seconds=0)
    assert verdict.check(request_body)
    assert verdict.check(request_body)
    assert server.connections == 1
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert verdict.check(request_body)
    assert server.connections == 2
    gc.collect()


@leaves_a_connection_behind
def test_one_client_serves_one_event_loop_after_the_other(server: ScriptedServer, request_body: dict[str, Any]) -> None:
    server.script = [allow()] * 2
    verdict = AsyncVerdict(server.url, KEY, cache_ttl_seconds=0)
    assert asyncio.run(verdict.check(request_body))
    assert asyncio.run(verdict.check(request_body))
    del verdict
    gc.collect()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@leaves_a_connection_behind
def test_a_process_that_is_forked_while_a_question_is_asked_asks_for_itself(
    connect: Connect, server: ScriptedServer, request_body: dict[str, Any]
) -> None:
    server.script = [{"behaviour": "hang"}, allow()]
    verdict = connect(timeout_ms=3000, fail_mode="open")

    def ask() -> None:
        with contextlib.suppress(VerdictError):
            verdict.evaluate(request_body)

    asking = threading.Thread(target=ask)
    asking.start()
    server.first_request.wait()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            decision = verdict.evaluate(request_body)
            os._exit(0 if decision.allowed and not decision.fail_open else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    server.stopping.set()
    asking.join()
    gc.collect()


def test_whatever_changes_a_request_while_a_person_looks_at_it_changes_nothing(
    connect: Connect, server: ScriptedServer, request_body: dict[str, Any]
) -> None:
    approval_id = base("approval")["id"]
    asked = base("decision", decision="approval_required", approval={"id": approval_id})
    granted = base("approval", status="approved")
    same = json.loads(json.dumps({**request_body, "approval_id": approval_id}))
    server.script = [
        {"respond": {"status": 200, "body": asked}},
        {"respond": {"status": 200, "body": granted, "delay_ms": 200}},
        {"when": {"body": same}, **allow()},
    ]
    verdict = connect()
    guarding = threading.Thread(target=lambda: verdict.guard(request_body, lambda: None))
    guarding.start()
    server.first_request.wait()
    wait_until("the approval is looked at", lambda: server.requests == 2)
    request_body["arguments"]["id"] = "another"
    guarding.join()
    assert (server.requests, server.faults) == (3, [])


def test_a_service_that_wants_to_be_asked_again_at_once_is_not_asked_in_a_tight_loop() -> None:
    exchange = Exchange(KEY, lambda: 0.0, lambda: 0.5)
    flow = ApprovalWaiter(exchange, 5).wait("a", timeout_ms=300_000)
    next(flow)
    for _ in range(3):
        pause = flow.send(Answer(429, "0", b"{}"))
        assert isinstance(pause, Pause)
        assert pause.seconds >= 0.25
        flow.send(None)


@pytest.mark.parametrize("timeout_ms", [float("nan"), -1, 0])
def test_a_wait_for_nobody_knows_how_long_is_no_wait(connect: Connect, server: ScriptedServer, timeout_ms: Any) -> None:
    with pytest.raises(ApprovalTimeout):
        connect().wait_for_approval("a", timeout_ms=timeout_ms)
    assert server.requests == 0


def test_a_wait_without_an_end_is_one(connect: Connect, server: ScriptedServer) -> None:
    approval: Any = base("approval", status="approved")
    server.script = [{"when": {"query": "wait_seconds=30"}, "respond": {"status": 200, "body": approval}}]
    forever: Any = float("inf")
    assert connect().wait_for_approval(approval, timeout_ms=forever)["status"] == "approved"
    assert server.faults == []


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_that_a_transport_of_the_callers_has_read_is_one(status: int, request_body: dict[str, Any]) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        response = httpx.Response(status, json=base("decision"))
        response.read()
        return response

    async def ask() -> bool:
        async with AsyncVerdict("http://127.0.0.1:1", KEY, transport=httpx.MockTransport(answer)) as client:
            return await client.check(request_body)

    with Verdict("http://127.0.0.1:1", KEY, transport=httpx.MockTransport(answer)) as verdict:
        assert verdict.check(request_body) is (status == 200)
    assert asyncio.run(ask()) is (status == 200)


def test_a_batch_that_uses_a_grant_does_not_fail_open(
    connect: Connect, server: ScriptedServer, request_body: dict[str, Any], warnings: list[str]
) -> None:
    server.script = [{"behaviour": "reset"}]
    requests = [request_body, {**request_body, "approval_id": "018f0000-0000-7000-8000-0000000000a1"}]
    with pytest.raises(ServerUnreachable):
        connect(fail_mode="open").evaluate_batch(requests)
    assert (server.requests, warnings) == (1, [])


def test_an_asynchronous_action_is_awaited(server: ScriptedServer, request_body: dict[str, Any]) -> None:
    server.script = [allow()]

    async def action() -> str:
        await asyncio.sleep(0)
        return "ran"

    async def run() -> str:
        async with AsyncVerdict(server.url, KEY) as verdict:
            return await verdict.guard(request_body, action)

    assert asyncio.run(run()) == "ran"


def test_fail_open_is_logged(caplog: pytest.LogCaptureFixture, request_body: dict[str, Any]) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with Verdict("http://127.0.0.1:1", KEY, fail_mode="open", transport=httpx.MockTransport(refuse)) as verdict:
        assert verdict.evaluate(request_body).fail_open
    assert [(record.name, record.levelno) for record in caplog.records] == [("verdict_sdk", logging.WARNING)]


@pytest.mark.parametrize("url", ["http://1.2.3.999", "http://a..b", "http://[::1", "http://a:99999", "http://a\\@b"])
def test_an_address_that_cannot_be_connected_to_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError):
        Verdict(url, KEY)


def test_errors_survive_pickling() -> None:
    errors = [
        PolicyDenied(Decision("deny", reason="No.", help_text="Ask.")),
        ApprovalDenied(typing.cast("verdict_sdk.Approval", base("approval", status="denied"))),
        ApprovalTimeout("a"),
        ServerUnreachable("gone"),
        VerdictError(500, "internal_error", "Detail.", {"a": 1}),
    ]
    for error in errors:
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


@pytest.mark.parametrize(("one", "other"), [(Verdict, AsyncVerdict), (Approvals, AsyncApprovals)])
def test_both_clients_have_the_same_methods(one: type[Any], other: type[Any]) -> None:
    def surface(client: type[Any]) -> dict[str, list[str]]:
        methods = inspect.getmembers(client, inspect.isfunction)
        return {name: list(inspect.signature(each).parameters) for name, each in methods if not name.startswith("_")}

    assert surface(one) == surface(other)


def test_the_types_of_public_methods_can_be_read() -> None:
    for client in (Verdict, AsyncVerdict, Approvals, AsyncApprovals):
        for _, method in inspect.getmembers(client, inspect.isfunction):
            typing.get_type_hints(method)


def test_the_version_is_that_of_the_repository() -> None:
    package = json.loads((REPOSITORY / "package.json").read_text(encoding="utf-8"))
    assert verdict_sdk.__version__ == package["version"]
