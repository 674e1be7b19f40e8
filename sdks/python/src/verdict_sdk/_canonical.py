"""The canonical form of JSON (RFC 8785), which is what is sent and what the cache is keyed by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from json.encoder import encode_basestring
from math import isfinite
from typing import Any

from .errors import InvalidRequest

# Far beyond what the service reads; below what the interpreter's stack holds, so that a cycle ends here.
_DEPTH_MAX = 200
_EXACT_MAX = 2**53


def canonical_json(value: object) -> bytes:
    """The canonical form of `value` as UTF-8.

    Raises `InvalidRequest` for what has none: NaN, infinities, half of a surrogate pair, cycles, keys that are no text,
    a whole number that no double holds, and types that JSON does not have.
    """
    try:
        text = _render(value, 0, sorted)
        if not text.isascii():
            text = _render(value, 0, _by_utf16)
        return text.encode()
    except UnicodeEncodeError:
        fault = "a text with half of a surrogate pair cannot be sent"
    except RecursionError:
        fault = "a value that is nested too deep, or in itself, cannot be sent"
    except TypeError:
        fault = "a key that is no text cannot be sent"
    # Raised here, and not above, so that what was to be sent is not in the error's context.
    raise InvalidRequest(fault)


def cache_key(body: object) -> str:
    """The lower-case hexadecimal SHA-256 of the canonical form of the whole body. Raises `InvalidRequest`."""
    return sha256(canonical_json(body)).hexdigest()


# The order of an object's names. That of code points, which is quick, is right as long as all text is ASCII.
_Order = Callable[[dict[str, Any]], list[str]]


def _by_utf16(fields: dict[str, Any]) -> list[str]:
    """By UTF-16 code units (RFC 8785, 3.2.3)."""
    return sorted(fields, key=lambda name: name.encode("utf-16-be"))


def _render(value: Any, depth: int, order: _Order) -> str:
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is dict:
        return _object(value, depth, order)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return _integer(value)
    if kind is float:
        return _double(value)
    if kind is list or kind is tuple:
        return _array(value, depth, order)
    return _render_relative(value, depth, order)


def _render_relative(value: Any, depth: int, order: _Order) -> str:
    """Of a subclass, such as an enumeration of text or a number of NumPy, what it is in JSON."""
    if isinstance(value, str):
        return encode_basestring(str.__str__(value))
    if isinstance(value, int):
        return _integer(int(value))
    if isinstance(value, float):
        return _double(float(value))
    if isinstance(value, Mapping):
        return _object(dict(value), depth, order)
    if isinstance(value, (list, tuple)):
        return _array(value, depth, order)
    raise InvalidRequest(f"a {type(value).__name__} cannot be sent; make it what JSON has")


def _object(fields: dict[str, Any], depth: int, order: _Order) -> str:
    if depth == _DEPTH_MAX:
        raise RecursionError
    parts = []
    for name in order(fields):
        value = fields[name]
        text = encode_basestring(value) if type(value) is str else _render(value, depth + 1, order)
        parts.append(f"{encode_basestring(name)}:{text}")
    return "{" + ",".join(parts) + "}"


def _array(items: list[Any] | tuple[Any, ...], depth: int, order: _Order) -> str:
    if depth == _DEPTH_MAX:
        raise RecursionError
    return "[" + ",".join([_render(item, depth + 1, order) for item in items]) + "]"


def _integer(value: int) -> str:
    if -_EXACT_MAX <= value <= _EXACT_MAX:
        return int.__repr__(value)
    try:
        double = float(value)
    except OverflowError:
        double = 0.0
    if double != value:
        raise InvalidRequest("a whole number that no double holds cannot be sent; send it as a text")
    return _double(double)


def _double(value: float) -> str:
    """As ECMAScript writes a Number (ECMA-262, Number::toString)."""
    if not isfinite(value):
        raise InvalidRequest("NaN and infinities cannot be sent")
    if value == 0:
        return "0"
    text = float.__repr__(value)
    if "e" not in text:
        return text.removesuffix(".0")
    sign = "-" if value < 0 else ""
    digits, point = _digits_and_point(abs(value))
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{point - 1:+d}"


def _digits_and_point(value: float) -> tuple[str, int]:
    """The shortest digits that give the same double, and how many of them are before the decimal point."""
    mantissa, _, exponent = float.__repr__(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or "0")
    digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(digits)
    return digits.rstrip("0"), point
