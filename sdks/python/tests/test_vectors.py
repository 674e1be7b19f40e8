from __future__ import annotations

from typing import Any

import pytest
from vector_runner import VectorRun, texts_of
from vectors import BEHAVIOUR_FILES, load, load_behaviour

from verdict_sdk import AsyncVerdict, ConfigurationError, Verdict, cache_key, canonical_json
from verdict_sdk.configuration import read_configuration

BEHAVIOUR = [
    pytest.param(each, id=f"{name}: {each['name']}") for name in BEHAVIOUR_FILES for each in load_behaviour(name)
]


@pytest.mark.parametrize("vector", BEHAVIOUR)
@pytest.mark.parametrize("client_type", [Verdict, AsyncVerdict])
def test_behaves_as_the_vector_says(vector: dict[str, Any], client_type: type[Verdict | AsyncVerdict]) -> None:
    VectorRun(vector, client_type).run()


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
