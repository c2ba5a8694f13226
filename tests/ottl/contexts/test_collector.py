"""Paths of the request that brought the data: there is none, and they are read-only."""

from typing import Any

import pytest

from otx.ottl.contexts.logs import LOG as LOG_CONTEXT
from otx.ottl.errors import OttlError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.program import compile_value_expression
from tests.ottl.documents import document, refusal, value_of

LOG = document("Logs", {})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("otelcol.client.addr", None),
        ("otelcol.client.metadata", {}),
        ('otelcol.client.metadata["k"]', None),
        ('otelcol.client.metadata["k"][0]', None),
        ("otelcol.client.auth.attributes", {}),
        ('otelcol.client.auth.attributes["a"]["b"]', None),
        ("otelcol.grpc.metadata", {}),
        ('otelcol.grpc.metadata["k"]', None),
    ],
)
@pytest.mark.parametrize("context", ["log", "scope", "resource"])
def test_there_is_nothing_to_read(context: str, path: str, value: Any) -> None:
    assert value_of(LOG, context, path) == value


@pytest.mark.parametrize(
    "statement",
    [
        'set(otelcol.client.addr, "x")',
        "set(otelcol.client.metadata, nil)",
        'set(otelcol.client.metadata["k"], "x")',
        'set(otelcol.grpc.metadata["k"][0], "x")',
        'delete_key(otelcol.client.auth.attributes, "k")',
    ],
)
def test_nothing_is_written(statement: str) -> None:
    found = refusal(LOG, "log", statement)
    assert found.startswith("execute: ")
    assert found.endswith("is read-only")


@pytest.mark.parametrize(
    ("path", "reason", "hint"),
    [
        (
            "otelcol.client",
            "'client' is no value by itself",
            "write client.addr, client.metadata, client.auth",
        ),
        ("otelcol.client.auth", "'auth' is no value by itself", "write auth.attributes"),
        ("otelcol.grpc", "'grpc' is no value by itself", "write grpc.metadata"),
        ("otelcol.grpc.meta", "section 'meta' is not part of 'grpc'", "did you mean metadata?"),
        ('otelcol.client.addr["x"]', "'addr' takes no keys", ""),
        ("otelcol.cache", "only the cache of log can be used here", ""),
    ],
)
def test_what_is_no_value_is_refused(path: str, reason: str, hint: str) -> None:
    with pytest.raises(OttlError) as caught:
        compile_value_expression(path, LOG_CONTEXT, FunctionSet())
    assert reason in str(caught.value)
    assert caught.value.hint == hint
