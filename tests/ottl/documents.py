"""Small OTLP/JSON documents, and text that runs on them."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.ottl.vector_case import differences, normal
from tests.ottl.vector_run import Result, run

Document = dict[str, Any]

_NAMES = {
    "Spans": "spans",
    "Logs": "logRecords",
    "Metrics": "metrics",
    "Profiles": "profiles",
}


def document(kind: str, *items: Document, **more: Any) -> Document:
    """A request with one resource and one scope: of `Spans`, `Logs`, `Metrics` or `Profiles`."""
    scope = {"scope": {"name": "scope"}, _NAMES[kind]: list(items)}
    resource = {"attributes": attributes(service="shop")}
    return {f"resource{kind}": [{"resource": resource, f"scope{kind}": [scope]}], **more}


def items(whole: Document) -> list[Document]:
    """The spans, log records, metrics or profiles of such a request."""
    (name,) = (key for key in whole if key.startswith("resource"))
    kind = name.removeprefix("resource")
    found: list[Document] = whole[name][0][f"scope{kind}"][0].get(_NAMES[kind], [])
    return found


def attributes(**values: str | bool | int | float) -> list[Document]:
    """A list of KeyValues; `__` in a name stands for a dot."""
    return [{"key": key.replace("__", "."), "value": _any(one)} for key, one in values.items()]


def _any(value: str | bool | int | float) -> Document:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    return {"intValue": str(value)} if isinstance(value, int) else {"doubleValue": value}


def try_on(
    whole: Document, context: str, statements: str | Sequence[str], processor: str = "transform"
) -> Result:
    """What comes of statements that run on every record of a context."""
    texts = [statements] if isinstance(statements, str) else list(statements)
    case = {"context": context, "statements": texts, "input": whole, "processor": processor}
    return run(case)


def after(
    whole: Document, context: str, statements: str | Sequence[str], processor: str = "transform"
) -> Document:
    """The document afterwards; none of the statements may fail."""
    result = try_on(whole, context, statements, processor)
    assert result.phase == "ok", result.error
    changed: Document = result.document
    return changed


def value_of(whole: Document, context: str, expression: str) -> Any:
    """What a value expression gives for the first record of a context."""
    result = run({"context": context, "value_expression": expression, "input": whole})
    assert result.phase == "ok", result.error
    return result.value


def refusal(whole: Document, context: str, statement: str, processor: str = "transform") -> str:
    """In which phase a statement is refused, and why: `parse: …` or `execute: …`."""
    result = try_on(whole, context, statement, processor)
    return f"{result.phase}: {result.error}"


def assert_same(found: Any, wanted: Any) -> None:
    """Two documents, or parts of such, that mean the same."""
    assert not differences(normal(wanted), normal(found))


def with_(original: Mapping[str, Any], **changes: Any) -> Document:
    """A copy with other values; None removes one."""
    return {key: one for key, one in {**original, **changes}.items() if one is not None}
