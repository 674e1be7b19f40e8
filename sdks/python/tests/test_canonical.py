from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import Any

import pytest
from scripted_server import ScriptedServer

from verdict_sdk import InvalidRequest, Verdict, canonical_json


class Verb(str, Enum):
    READ = "read"


class Level(IntEnum):
    HIGH = 3


def in_itself() -> list[Any]:
    cycle: list[Any] = []
    cycle.append(cycle)
    return cycle


WITHOUT_FORM = {
    "NaN": float("nan"),
    "infinity": float("-inf"),
    "half of a surrogate pair": "\ud800",
    "half of a surrogate pair in a key": {"\udfff": 1},
    "a cycle": in_itself(),
    "a number as a key": {1: "a"},
    "keys of several types": {1: "a", "1": "b"},
    "None as a key": {None: "a"},
    "a whole number between two doubles": 2**53 + 1,
    "a whole number beyond all doubles": 10**400,
    "bytes": b"a",
    "a Decimal": Decimal("1.5"),
    "a set": {"a"},
    "an object": object(),
}


@pytest.mark.parametrize("value", WITHOUT_FORM.values(), ids=WITHOUT_FORM.keys())
def test_nothing_is_sent_of_what_has_no_canonical_form(
    value: object, connect: Callable[..., Verdict], server: ScriptedServer
) -> None:
    request = {"action_type": "tool_call", "action_name": "a", "arguments": {"value": value}}
    with pytest.raises(InvalidRequest):
        connect().evaluate(request)
    with pytest.raises(InvalidRequest):
        connect().guard(request, lambda: pytest.fail("it ran"))
    assert connect(fail_mode="open").check(request) is False
    assert server.requests == 0


def test_a_request_that_is_no_mapping_is_not_sent(connect: Callable[..., Verdict], server: ScriptedServer) -> None:
    request: Any = "rm -rf /"
    assert connect().check(request) is False
    assert server.requests == 0


def test_what_only_stands_for_json_is_sent_as_that() -> None:
    value = {"b": Verb.READ, "a": (Level.HIGH, True), "c": MappingProxyType({"x": None}), "d": 2**53}
    assert canonical_json(value) == b'{"a":[3,true],"b":"read","c":{"x":null},"d":9007199254740992}'


def test_the_error_does_not_hold_what_was_to_be_sent() -> None:
    with pytest.raises(InvalidRequest) as caught:
        canonical_json({"password": "hunter2\ud800"})
    assert caught.value.__context__ is None
    assert "hunter2" not in str(caught.value)
