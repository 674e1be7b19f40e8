"""What a client is made of: an argument wins over the environment, which wins over the default."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict
from urllib.parse import SplitResult, urlsplit

from ._canonical import canonical_json
from .errors import ConfigurationError, InvalidRequest

DEFAULT_URL = "http://127.0.0.1:8181"
_NUMBER_MAX = 2**31 - 1
_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,10}")


class Arguments(TypedDict, total=False):
    """What `Verdict` and `AsyncVerdict` take; what is None is not given."""

    url: str | None
    api_key: str | None
    fail_mode: Literal["closed", "open"] | None
    timeout_ms: int | None
    cache_ttl_seconds: int | None
    cache_max_entries: int | None
    events: Literal["on", "off"] | None
    identity: Mapping[str, Any] | None


@dataclass(frozen=True)
class Configuration:
    url: str
    """Without a slash at its end."""
    api_key: str = field(repr=False)
    fail_mode: Literal["closed", "open"] = "closed"
    timeout_ms: int = 5000
    """Of a call with its retries."""
    cache_ttl_seconds: int = 5
    """0: no cache."""
    cache_max_entries: int = 1000
    """0: no cache."""
    events: Literal["on", "off"] = "off"
    """On: answers are kept only while the event stream is there."""
    identity: Mapping[str, Any] | None = None
    """Sent with each request that has none of its own."""


def read_configuration(arguments: Arguments, env: Mapping[str, str], warn: Callable[[str], None]) -> Configuration:
    """Raises `ConfigurationError`, in whose words is neither the key nor a part of the URL that may be secret."""
    given: dict[str, Any] = {name: value for name, value in arguments.items() if value is not None}

    def chosen(name: str) -> Any:
        # An empty variable is not set; an empty argument is one.
        return given.get(name, env.get(f"VERDICT_{name.upper()}") or None)

    def number(name: str, default: int, smallest: int) -> int:
        return _read_number(chosen(name), name, default, smallest, warn)

    return Configuration(
        url=_read_url(DEFAULT_URL if chosen("url") is None else chosen("url")),
        api_key=_read_key(chosen("api_key")),
        fail_mode=_read_fail_mode(chosen("fail_mode"), warn),
        timeout_ms=number("timeout_ms", default=5000, smallest=1),
        cache_ttl_seconds=number("cache_ttl_seconds", default=5, smallest=0),
        cache_max_entries=number("cache_max_entries", default=1000, smallest=0),
        events=_read_events(chosen("events"), warn),
        identity=_read_identity(given.get("identity"), env),
    )


def _read_key(key: Any) -> str:
    if not key:
        raise ConfigurationError("there is no API key: pass `api_key`, or set VERDICT_API_KEY")
    if not isinstance(key, str) or not _VISIBLE_ASCII.fullmatch(key):
        raise ConfigurationError(
            "the API key has something else in it than visible ASCII, such as a line feed at its end"
        )
    return key


def _read_url(url: Any) -> str:
    # SECURITY: what is no plain address is not quoted, because a password may be anywhere in it.
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError("the address is not an absolute http or https URL")
    if "@" in parts.netloc:
        raise ConfigurationError("the address has a user in it; the API key is all that the service asks for")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise ConfigurationError("the address has a query or a fragment")
    return str(url).rstrip("/")


def _split(url: Any) -> SplitResult | None:
    # `urlsplit` drops some of what is invisible, and reads the rest as if that had never been there.
    if not isinstance(url, str) or not _VISIBLE_ASCII.fullmatch(url) or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        # Both are only found to be wrong when they are used: by whoever connects, as another kind of error.
        _ = parts.port, (parts.hostname or "").encode("idna")
    except ValueError:
        return None
    return parts


def _read_fail_mode(mode: Any, warn: Callable[[str], None]) -> Literal["closed", "open"]:
    if mode == "open":
        return "open"
    if mode is not None and mode != "closed":
        warn("the fail mode is neither `closed` nor `open`; it is `closed`")
    return "closed"


def _read_events(events: Any, warn: Callable[[str], None]) -> Literal["on", "off"]:
    if events is None or events == "off":
        return "off"
    if events != "on":
        # SECURITY: what is misspelt keeps fewer answers, not more.
        warn("`events` is neither `on` nor `off`; it is `on`")
    return "on"


def _read_number(value: Any, name: str, default: int, smallest: int, warn: Callable[[str], None]) -> int:
    if value is None:
        return default
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
        value = int(value)
    if type(value) is int and smallest <= value <= _NUMBER_MAX:
        return value
    warn(f"`{name}` is not a whole number from {smallest} to {_NUMBER_MAX}; it is {default}")
    return default


def _read_identity(given: Any, env: Mapping[str, str]) -> Mapping[str, Any] | None:
    identity: dict[str, Any] = {}
    if given is not None:
        if not isinstance(given, Mapping):
            raise ConfigurationError("the identity is not a mapping of `name`, `roles`, `tenant` and `attributes`")
        identity = {name: value for name, value in given.items() if value is not None}
    else:
        if env.get("VERDICT_IDENTITY_NAME"):
            identity["name"] = env["VERDICT_IDENTITY_NAME"]
        roles = [role.strip() for role in env.get("VERDICT_IDENTITY_ROLES", "").split(",") if role.strip()]
        if roles:
            identity["roles"] = roles
    try:
        canonical_json(identity)
    except InvalidRequest as error:
        fault = str(error)
    else:
        return identity or None
    raise ConfigurationError(f"the identity cannot be sent: {fault}")
