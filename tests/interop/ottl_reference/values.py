"""Values for generated cases: read from JSON, written as OTLP/JSON and as OTTL literals."""

import base64
import math
from dataclasses import dataclass
from typing import Any, TypeAlias

Json: TypeAlias = Any


@dataclass(frozen=True)
class Expression:
    """OTTL that is no literal: a path, a call, a calculation."""

    text: str


@dataclass(frozen=True)
class Stored:
    """A value that only an attribute gives, because the reference's literal of it is an oddity."""

    value: Any


def decoded(written: Json) -> Any:
    """A value of the data files, which mark what JSON does not have.

    `{"ottl": …}` is an expression, `{"bytes": hex}`, `{"double": "nan"}`, `{"map": …}` are values.
    """
    if isinstance(written, list):
        return [decoded(one) for one in written]
    if not isinstance(written, dict):
        return written
    ((kind, content),) = written.items()
    if kind == "ottl":
        return Expression(content)
    if kind == "stored":
        return Stored(decoded(content))
    if kind == "bytes":
        return bytes.fromhex(content)
    if kind == "double":
        return float(content)
    return {key: decoded(one) for key, one in content.items()}


def any_value(value: Any) -> Json:
    """A value as an OTLP/JSON AnyValue."""
    kind = type(value)
    if value is None:
        return {}
    if kind is bool:
        return {"boolValue": value}
    if kind is int:
        return {"intValue": str(value)}
    if kind is float:
        return {"doubleValue": value if math.isfinite(value) else _special(value)}
    if kind is str:
        return {"stringValue": value}
    if kind is bytes:
        return {"bytesValue": base64.b64encode(value).decode()}
    if kind is list:
        return {"arrayValue": {"values": [any_value(one) for one in value]}}
    return {"kvlistValue": {"values": key_values(value)}}


def key_values(entries: dict[str, Any]) -> list[Json]:
    """A mapping as OTLP/JSON attributes."""
    return [{"key": key, "value": any_value(one)} for key, one in entries.items()]


def _special(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def literal(value: Any) -> str | None:
    """A value as an OTTL literal; None where it has none."""
    kind = type(value)
    if isinstance(value, Expression):
        return value.text
    if value is None:
        return "nil"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value) if abs(value) < 1 << 63 else None
    if kind is float:
        return _float(value)
    if kind is str:
        return quoted(value)
    if kind is bytes:
        return f"0x{value.hex()}" if value else None
    if kind is list:
        return _joined("[", "]", [literal(one) for one in value])
    if kind is dict:
        entries = [(quoted(key), literal(one)) for key, one in value.items()]
        return _joined("{", "}", [one and f"{key}: {one}" for key, one in entries])
    return None


def _joined(begin: str, end: str, parts: list[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    return f"{begin}{', '.join(known)}{end}" if len(known) == len(parts) else None


def _float(value: float) -> str | None:
    if not math.isfinite(value):
        return None
    text = repr(value)
    if "." not in text:
        text = text.replace("e", ".0e")
    return text.replace("e+", "e")


def quoted(text: str) -> str:
    """A text as an OTTL literal."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\x00"}
    return '"' + "".join(escapes.get(one, one) for one in text) + '"'
