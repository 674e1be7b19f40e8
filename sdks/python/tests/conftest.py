from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from scripted_server import ScriptedServer
from vectors import KEY, base

from verdict_sdk import Surroundings, Verdict


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def connect(server: ScriptedServer, warnings: list[str]) -> Iterator[Callable[..., Verdict]]:
    """Makes a client of the scripted server with the configuration that is given."""
    clients: list[Verdict] = []

    def create(**configuration: Any) -> Verdict:
        surroundings = Surroundings(env={}, warn=warnings.append)
        client = Verdict(**{"url": server.url, "api_key": KEY, "surroundings": surroundings, **configuration})
        clients.append(client)
        return client

    yield create
    for client in clients:
        client.close()


@pytest.fixture
def request_body() -> dict[str, Any]:
    return base("request")
