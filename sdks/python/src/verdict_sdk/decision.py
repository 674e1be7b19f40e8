"""What the service decided, read from an answer that may be anything."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from ._generated.models import ApprovalReference, Obligation

_DECISIONS = ("allow", "deny", "approval_required")
_SECONDS_MAX = 2**31 - 1


@dataclass(frozen=True)
class Decision:
    """The answer to one question. Act on `allow` only, with its obligations; else hand `reason` to the model."""

    decision: Literal["allow", "deny", "approval_required"]
    reason: str = ""
    reason_code: str = ""
    rule_id: str | None = None
    """The rule that decided; None when none did."""
    rule_name: str | None = None
    help_text: str | None = None
    help_url: str | None = None
    request_id: str = ""
    """Also the id of the audit record. A cached decision has that of the answer that was kept."""
    obligations: tuple[Obligation, ...] = ()
    approval: ApprovalReference | None = None
    cache_ttl_seconds: int = 0
    policy_revision: str = ""
    fail_open: bool = False
    """Nobody decided: the service could not be reached, and the fail mode is `open`."""
    cached: bool = False

    @property
    def allowed(self) -> bool:
        return self.decision == "allow"


@dataclass(frozen=True)
class ReadDecision:
    decision: Decision
    is_whole: bool
    """All fields are there and of their types. What is not whole may not be kept."""


def read_decision(answer: dict[str, Any]) -> ReadDecision:
    """Reads a JSON object; a decision that is missing or unknown is a deny, another field of a wrong type is absent."""
    read = _Fields(answer)
    decision: Any = answer.get("decision")
    if not isinstance(decision, str) or decision not in _DECISIONS:
        return ReadDecision(_unknown(read), is_whole=False)
    result = Decision(
        decision=cast("Literal['allow', 'deny', 'approval_required']", decision),
        reason=read.text("reason") or "",
        reason_code=read.text("reason_code") or "",
        rule_id=read.optional_text("rule_id"),
        rule_name=read.optional_text("rule_name"),
        help_text=read.optional_text("help_text"),
        help_url=read.optional_text("help_url"),
        request_id=read.text("request_id") or "",
        obligations=read.obligations(),
        approval=read.approval(),
        cache_ttl_seconds=read.seconds("cache_ttl_seconds"),
        policy_revision=read.text("policy_revision") or "",
    )
    return ReadDecision(result, read.is_whole)


def fail_open_decision() -> Decision:
    """What stands in for an answer when nobody answers and the fail mode is `open`."""
    reason = "Verdict could not be reached, and the fail mode is open: nobody decided this."
    return Decision("allow", reason=reason, reason_code="fail_open", fail_open=True)


def as_cached(decision: Decision) -> Decision:
    return replace(decision, cached=True)


def own_copy(decision: Decision) -> Decision:
    """One whose holder can change nothing of another's: the rest of a decision cannot be changed."""
    if not decision.obligations and decision.approval is None:
        return decision
    return replace(decision, obligations=deepcopy(decision.obligations), approval=deepcopy(decision.approval))


def _unknown(read: _Fields) -> Decision:
    return Decision(
        "deny",
        reason="The answer has no decision that this client knows, which is a deny.",
        reason_code="unknown_decision",
        request_id=read.text("request_id") or "",
        policy_revision=read.text("policy_revision") or "",
    )


class _Fields:
    """Reads fields by type, and remembers whether one was missing or of another."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answer = answer
        self.is_whole = True

    def text(self, name: str) -> str | None:
        value = self._answer.get(name)
        if isinstance(value, str):
            return value
        self.is_whole = False
        return None

    def optional_text(self, name: str) -> str | None:
        return self.text(name) if name in self._answer else None

    def seconds(self, name: str) -> int:
        value = self._answer.get(name)
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is int and 0 <= value <= _SECONDS_MAX:
            return value
        self.is_whole = False
        return 0

    def obligations(self) -> tuple[Obligation, ...]:
        value = self._answer.get("obligations")
        items = value if isinstance(value, list) else []
        obligations = tuple(cast("Obligation", each) for each in items if _is_obligation(each))
        if not isinstance(value, list) or len(obligations) < len(items):
            self.is_whole = False
        return obligations

    def approval(self) -> ApprovalReference | None:
        if "approval" not in self._answer:
            return None
        value = self._answer["approval"]
        if isinstance(value, dict):
            return cast("ApprovalReference", value)
        self.is_whole = False
        return None


def _is_obligation(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("type"), str) and isinstance(value.get("params", {}), dict)
