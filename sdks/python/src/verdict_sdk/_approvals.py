"""Calls about approvals, and waiting for a person, without I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlencode

from ._canonical import canonical_json
from ._exchange import Answer, Call, Exchange, Flow, NoAnswer, Pause, Send, malformed_answer, retry_after_seconds
from ._generated.models import Approval
from .errors import ApprovalDenied, ApprovalTimeout, InvalidRequest

_POLL_SECONDS_MAX = 30
_CONNECTION_ERRORS_MAX = 3
# A service that does not hold the request would be asked without a pause.
_QUICK_ANSWER_SECONDS = 1.0
_QUICK_ANSWER_PAUSE_SECONDS = 0.25
# SECURITY: an id becomes a part of a path, and must not lead to another route.
_APPROVAL_ID = re.compile(r"[A-Za-z0-9_-]{1,256}")


def read_approval_id(approval: object) -> str:
    """Of an id, of an approval, or of a decision that asks for one. Raises `InvalidRequest`."""
    approval = getattr(approval, "approval", approval)
    found = approval.get("id") if isinstance(approval, Mapping) else approval
    if not isinstance(found, str) or not _APPROVAL_ID.fullmatch(found):
        raise InvalidRequest("an approval's id is 1 to 256 of A-Z a-z 0-9 _ -")
    return found


def approval_call(approval_id: str, verb: str | None = None, words: Mapping[str, str | None] | None = None) -> Call:
    """To look at it, or to `approve`, `deny` or `cancel` it."""
    path = f"/v1/approvals/{approval_id}"
    if verb is None:
        return Call("GET", path)
    body = {name: text for name, text in (words or {}).items() if text is not None}
    return Call("POST", f"{path}/{verb}", canonical_json(body), is_action=True)


def list_call(query: Mapping[str, str | int | None]) -> Call:
    text = urlencode({name: value for name, value in query.items() if value is not None})
    return Call("GET", f"/v1/approvals?{text}" if text else "/v1/approvals")


class ApprovalWaiter:
    def __init__(self, exchange: Exchange, timeout_seconds: float) -> None:
        self._exchange = exchange
        self._timeout_seconds = timeout_seconds

    def wait(self, approval_id: str, timeout_ms: int) -> Flow[dict[str, Any]]:
        """The approval once it is granted.

        Raises `ApprovalDenied`, `ApprovalTimeout`, after three connection errors in a row `ServerUnreachable`, and
        `VerdictError`.
        """
        clock = self._exchange.clock
        deadline = clock() + timeout_ms / 1000
        broken = 0
        while (left := deadline - clock()) > 0:
            asked_at = clock()
            poll = self._poll(approval_id, left)
            outcome = yield poll
            if isinstance(outcome, Answer):
                broken = 0
                approval = self._read_granted(outcome, approval_id)
                if approval is not None:
                    return approval
                pause = self._pause_after_answer(outcome, clock() - asked_at)
            elif outcome.has_ended and poll.timeout_seconds == left:
                # The limit ended it, and not the connection, even when the clock is a hair behind.
                break
            else:
                broken += 1
                pause = self._pause_after_break(outcome, broken)
            if clock() + pause >= deadline:
                break
            yield Pause(pause)
        raise ApprovalTimeout(approval_id)

    def _poll(self, approval_id: str, left_seconds: float) -> Send:
        wait_seconds = int(min(_POLL_SECONDS_MAX, left_seconds))
        path = f"/v1/approvals/{approval_id}?wait_seconds={wait_seconds}"
        return Send("GET", path, None, min(wait_seconds + self._timeout_seconds, left_seconds))

    def _read_granted(self, answer: Answer, approval_id: str) -> dict[str, Any] | None:
        """None: ask again. SECURITY: what is not this approval with a known status is no yes."""
        if retry_after_seconds(answer) is not None:
            return None
        approval = self._exchange.read(answer)
        status = approval.get("status")
        if approval.get("id") != approval_id:
            raise malformed_answer("it is not the approval that was asked for")
        if status == "pending":
            return None
        if status == "approved" or (status == "expired" and isinstance(approval.get("grant"), dict)):
            return approval
        if status in ("denied", "cancelled", "expired"):
            raise ApprovalDenied(cast("Approval", approval))
        raise malformed_answer("the approval has no known status")

    def _pause_after_answer(self, answer: Answer, took_seconds: float) -> float:
        again = retry_after_seconds(answer)
        if again is not None:
            return max(again, _QUICK_ANSWER_PAUSE_SECONDS) + self._exchange.backoff_seconds(0)
        return _QUICK_ANSWER_PAUSE_SECONDS if took_seconds < _QUICK_ANSWER_SECONDS else 0

    def _pause_after_break(self, outcome: NoAnswer, broken: int) -> float:
        if broken == _CONNECTION_ERRORS_MAX:
            self._exchange.read(outcome)
        return self._exchange.backoff_seconds(broken - 1)
