"""Against the service that was built, when Node and the build are there.

`VERDICT_TEST_URL` names another one that runs already, and `VERDICT_TEST_KEYS` its `initial-keys.json`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from verdict_sdk import ApprovalDenied, PolicyDenied, Verdict, VerdictError

PACKAGE = Path(__file__).resolve().parents[1]
REPOSITORY = PACKAGE.parents[1]
REFUND = {"action_type": "tool_call", "action_name": "stripe.refund", "arguments": {"charge": "ch_1", "amount": 120}}


@dataclass(frozen=True)
class Service:
    url: str
    keys: dict[str, str]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    if "VERDICT_TEST_URL" in os.environ:
        yield Service(os.environ["VERDICT_TEST_URL"], read_json(Path(os.environ["VERDICT_TEST_KEYS"])))
        return
    node, main = shutil.which("node"), REPOSITORY / "dist" / "main.js"
    if node is None or not main.exists():
        words = "Node or the built service is not there"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    data = tmp_path_factory.mktemp("data")
    env = {
        "PATH": os.environ["PATH"],
        "VERDICT_LISTEN": "127.0.0.1:0",
        "VERDICT_DATA_DIR": str(data),
        "VERDICT_RULES_DIR": str(REPOSITORY / "rules"),
    }
    log = data / "log"
    command = [node, str(main), "serve"]
    with log.open("w") as output, subprocess.Popen(command, env=env, stdout=output, stderr=output) as process:
        try:
            yield wait_until_ready(process, data, log)
        finally:
            process.kill()


def wait_until_ready(process: subprocess.Popen[bytes], data: Path, log: Path) -> Service:
    """The service prints where it listens, and writes its first keys."""
    ends_at = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < ends_at:
        listening = re.search(r'"url":"([^"]+)".*"msg":"listening"', log.read_text(encoding="utf-8"))
        if listening and httpx.get(f"{listening[1]}/readyz", trust_env=False).status_code == 200:
            return Service(listening[1], read_json(data / "initial-keys.json"))
        if "were not activated" in log.read_text(encoding="utf-8"):
            # The build is older than the rules, or they are wrong: it waits for others.
            break
        time.sleep(0.05)
    pytest.fail(f"the service is not ready:\n{log.read_text(encoding='utf-8')}")


def read_json(file: Path) -> dict[str, str]:
    fields: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return fields


def test_the_agent_of_the_readme_asks_before_each_action(service: Service) -> None:
    readme = (PACKAGE / "README.md").read_text(encoding="utf-8")
    (agent,) = re.findall(r"```python agent\n(.*?)```", readme, re.DOTALL)
    (first,) = re.findall(r"```python\n(from verdict_sdk import Verdict\n.*?)```", readme, re.DOTALL)
    env = {
        **os.environ,
        "PYTHONPATH": str(PACKAGE / "src"),
        "VERDICT_URL": service.url,
        "VERDICT_API_KEY": service.keys["agent"],
    }

    def run(code: str) -> list[str]:
        command = [sys.executable, "-c", code]
        return subprocess.run(
            command, env=env, cwd=PACKAGE, check=True, capture_output=True, text=True
        ).stdout.splitlines()

    assert run(first) == ["runs"]
    http, sql, *shell = run(agent)
    assert http.startswith("Denied: ")
    assert sql == "[(42,)]"
    assert "pyproject.toml" in shell


def test_a_deny_says_why(service: Service) -> None:
    query = {"action_type": "sql_query", "action_name": "orders-db", "arguments": {"query": "DROP TABLE customers"}}
    with Verdict(service.url, service.keys["agent"]) as verdict:
        with pytest.raises(PolicyDenied) as caught:
            verdict.evaluate(query)
        assert verdict.check(query) is False
    assert caught.value.rule_id
    assert caught.value.reason
    assert caught.value.request_id


def test_nothing_that_was_answered_before_a_key_was_revoked_is_used(service: Service) -> None:
    request = {"action_type": "tool_call", "action_name": "no.such_tool"}
    admin = {"authorization": f"Bearer {service.keys['admin']}"}

    def wait_until_kept(is_kept: bool) -> None:
        ends_at = time.monotonic() + 20
        while verdict.evaluate(request, raise_on_deny=False).cached is not is_kept:
            assert time.monotonic() < ends_at
            time.sleep(0.01)

    with Verdict(service.url, service.keys["agent"], cache_ttl_seconds=60, events="on") as verdict:
        wait_until_kept(True)
        made = {"identity": {"name": "other"}, "roles": ["agent"]}
        with httpx.Client(base_url=service.url, headers=admin, trust_env=False) as client:
            key = client.post("/v1/keys", json=made).json()
            assert client.delete(f"/v1/keys/{key['id']}").status_code == 200
        wait_until_kept(False)
        wait_until_kept(True)


def test_an_approval_is_given_once(service: Service) -> None:
    with Verdict(service.url, service.keys["agent"]) as agent, Verdict(service.url, service.keys["admin"]) as person:
        question = agent.evaluate(REFUND)
        assert question.approval is not None
        assert [each["id"] for each in person.approvals.list(status="pending")["items"]] == [question.approval["id"]]
        person.approvals.approve(question.approval["id"], "The customer called.")
        approval = agent.wait_for_approval(question)
        assert agent.evaluate({**REFUND, "approval_id": approval["id"]}).reason_code == "approval_granted"
        with pytest.raises(PolicyDenied) as caught:
            agent.evaluate({**REFUND, "approval_id": approval["id"]})
        assert caught.value.reason_code == "approval_consumed"


def test_a_persons_no_reaches_the_agent(service: Service) -> None:
    request = {**REFUND, "session_id": "another"}
    with Verdict(service.url, service.keys["agent"]) as agent, Verdict(service.url, service.keys["admin"]) as person:
        question = agent.evaluate(request)
        assert question.approval is not None
        person.approvals.deny(question.approval["id"], "Paid already.")
        with pytest.raises(ApprovalDenied, match=r"Paid already\."):
            agent.wait_for_approval(question)


def test_a_batch_and_an_error_are_read(service: Service) -> None:
    with Verdict(service.url, service.keys["agent"]) as verdict:
        read, wrong = verdict.evaluate_batch(
            [{"action_type": "tool_call", "action_name": "crm.get_customer"}, {"action_type": "tool_call"}]
        )
        assert not isinstance(read, VerdictError)
        assert isinstance(wrong, VerdictError)
        assert (wrong.status, wrong.code) == (400, "invalid_request")
    with Verdict(service.url, "vdt_nobodys") as stranger, pytest.raises(VerdictError) as caught:
        stranger.evaluate(REFUND)
    assert (caught.value.status, caught.value.code) == (401, "unauthenticated")
