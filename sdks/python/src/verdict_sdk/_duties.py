"""The duties that an allow comes with, for helpers of frameworks."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar

from ._generated.models import Obligation
from .decision import Decision
from .errors import PolicyDenied

Call = TypeVar("Call")
OnObligations: TypeAlias = Callable[[Sequence[Obligation], Call], Awaitable[object] | object]


def take_on(decision: Decision, call: Call, on_obligations: OnObligations[Call] | None) -> Awaitable[object] | None:
    """What is to be awaited before the call is made. Raises `PolicyDenied` for duties that nobody takes on."""
    if not decision.obligations:
        return None
    if on_obligations is None:
        duties = ", ".join(each["type"] for each in decision.obligations)
        reason = f"This comes with duties that nobody here takes on: {duties}."
        raise PolicyDenied(replace(decision, decision="deny", reason=reason, reason_code="obligations_unmet"))
    taken = on_obligations(decision.obligations, call)
    return taken if inspect.isawaitable(taken) else None
