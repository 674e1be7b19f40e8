from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from vector_runner import VectorRun, texts_of
from vectors import BEHAVIOUR_FILES, load, load_behaviour

from verdict_sdk import AsyncVerdict, ConfigurationError, Verdict, cache_key, canonical_json
from verdict_sdk.configuration import read_configuration

BEHAVIOUR = [
    pytest.param(each, id=f"{name}: {each['name']}") for name in BEHAVIOUR_FILES for each in load_behaviour(name)
]


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[None]]]:
    """The runs of the vectors that are asked for, by test. Several at a time, because many of them only wait."""
    tests = [item for item in request.session.items if isinstance(item, pytest.Function)]
    wanted: dict[str, dict[str, Any]] = {
        test.nodeid: dict(test.callspec.params) for test in tests if test.function is test_behaves_as_the_vector_says
    }
    with ThreadPoolExecutor(6) as pool:
        yield {name: pool.submit(VectorRun(**params).run) for name, params in wanted.items()}


@pytest.mark.parametrize("vector", BEHAVIOUR)
@pytest.mark.parametrize("client_type", [Verdict, AsyncVerdict])
def test_behaves_as_the_vector_says(
    vector: dict[str, Any],  # noqa: ARG001
    client_type: type[Verdict | AsyncVerdict],  # noqa: ARG001
    runs: dict[str, Future[None]],
    request: pytest.FixtureRequest,
) -> None:
    runs[request.node.nodeid].result()


@pytest.mark.parametrize("vector", load("canonical"), ids=lambda vector: vector["name"])
def test_has_the_canonical_form_and_the_key(vector: dict[str, Any]) -> None:
    assert canonical_json(vector["body"]).decode() == vector["canonical"]
    assert cache_key(vector["body"]) == vector["key"]


@pytest.mark.parametrize("vector", load("configuration"), ids=lambda vector: vector["name"])
def test_is_configured_as_the_vector_says(vector: dict[str, Any]) -> None:
    warnings: list[str] = []
    if "raises" in vector:
        with pytest.raises(ConfigurationError) as caught:
            read_configuration(vector["args"], vector["env"], warnings.append)
        texts = texts_of(caught.value)
        assert all(secret not in text for secret in vector.get("never_contains", []) for text in texts)
        return
    configuration = read_configuration(vector["args"], vector["env"], warnings.append)
    for name, value in vector["effective"].items():
        assert getattr(configuration, name) == value
    assert len(warnings) == vector["warnings"]
