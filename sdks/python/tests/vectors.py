"""Reads `sdks/vectors` as its README says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).resolve().parents[2] / "vectors"
KEY = "vdt_key_of_the_vectors"
BEHAVIOUR_FILES = ("errors", "fail-modes", "cache", "events", "approvals", "hostile")


def load(name: str) -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))["vectors"]
    return vectors


def base(name: str, **fields: Any) -> dict[str, Any]:
    """An entry of `bases.json` with other fields put in."""
    return {**json.loads((_FOLDER / "bases.json").read_text(encoding="utf-8"))[name], **fields}


def allow(**fields: Any) -> dict[str, Any]:
    """What a scripted server does: it answers with an allow that may be kept."""
    return {"respond": {"status": 200, "body": base("decision", cache_ttl_seconds=60, **fields)}}


def load_behaviour(name: str) -> list[dict[str, Any]]:
    bases = json.loads((_FOLDER / "bases.json").read_text(encoding="utf-8"))
    vectors = load(name)
    for vector in vectors:
        vector["server"] = _expand(vector["server"], bases)
        vector["stream"] = _expand(vector.get("stream", []), bases)
        vector["steps"] = _expand(vector["steps"], bases)
        for step in vector["steps"]:
            step.setdefault("request", bases["request"])
    return vectors


def put_in(value: Any, words: dict[str, str]) -> Any:
    """`{{name}}` becomes what it stands for, in any text."""
    if isinstance(value, str):
        for name, word in words.items():
            value = value.replace("{{" + name + "}}", word)
        return value
    if isinstance(value, list):
        return [put_in(item, words) for item in value]
    if isinstance(value, dict):
        return {key: put_in(item, words) for key, item in value.items()}
    return value


def _expand(value: Any, bases: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_expand(item, bases) for item in value]
    if not isinstance(value, dict):
        return value
    fields = {key: _expand(item, bases) for key, item in value.items() if key != "like"}
    if "like" not in value:
        return fields
    merged = {**bases[value["like"]], **fields}
    return {key: item for key, item in merged.items() if item is not None or key not in fields}
