"""What the client raises. The API key is in none of it."""

from __future__ import annotations

from typing import Any

from ._generated.models import Approval
from .decision import Decision


class VerdictSdkError(Exception):
    """The base of all errors of this package. `args` make an equal one, so that all can be pickled."""


class ConfigurationError(VerdictSdkError):
    """The client cannot be made."""


class InvalidRequest(VerdictSdkError, ValueError):
    """A request has no canonical form (RFC 8785), or an approval's id is not one. Nothing was sent."""


class PolicyDenied(VerdictSdkError):
    """The rules say no. `str()` of it is the reason and what to do instead: words for the model."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision)
        self.decision = decision
        self.reason = decision.reason
        self.reason_code = decision.reason_code
        self.rule_id = decision.rule_id
        self.rule_name = decision.rule_name
        self.help_text = decision.help_text
        self.help_url = decision.help_url
        self.request_id = decision.request_id

    def __str__(self) -> str:
        words = self.reason or "The policy denies this action."
        return f"{words} {self.help_text}" if self.help_text else words


class ApprovalDenied(VerdictSdkError):
    """A person said no (`denied`), it was taken back (`cancelled`), or nobody answered in time (`expired`)."""

    def __init__(self, approval: Approval) -> None:
        super().__init__(approval)
        self.approval = approval
        self.approval_id = approval["id"]
        self.status = approval["status"]
        resolution: Any = approval.get("resolution")
        reason = resolution.get("reason") if isinstance(resolution, dict) else None
        self.reason: str | None = reason if isinstance(reason, str) else None

    def __str__(self) -> str:
        words = f"The approval {self.approval_id} was not given: {self.status}."
        return f"{words} {self.reason}" if self.reason else words


class ApprovalTimeout(VerdictSdkError):
    """The caller's own limit came before an answer. The question stays open."""

    def __init__(self, approval_id: str) -> None:
        super().__init__(approval_id)
        self.approval_id = approval_id

    def __str__(self) -> str:
        return f"Nobody answered the approval {self.approval_id} within the time to wait."


class ServerUnreachable(VerdictSdkError):
    """No connection, a broken one, TLS, or no whole answer within the timeout."""


class VerdictError(VerdictSdkError):
    """Any answer but a 200 with a JSON object.

    `status` is the answer's own. `code` and `detail` are the problem's (RFC 9457), or `http_error` or
    `malformed_answer` and a sentence. `problem` is the body where that is a JSON object.
    """

    def __init__(self, status: int, code: str, detail: str, problem: dict[str, Any] | None = None) -> None:
        super().__init__(status, code, detail, problem)
        self.status = status
        self.code = code
        self.detail = detail
        self.problem = problem

    def __str__(self) -> str:
        return f"Verdict answered {self.status} {self.code}: {self.detail}"
