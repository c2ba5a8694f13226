"""Paths that begin with no context: a misspelt one, none at all, a key without quotes."""

import pytest

from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import OttlError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.inference import undefined
from otx.ottl.parser import parse_statement
from otx.ottl.program import compile_statement

FUNCTIONS = FunctionSet("transform")


@pytest.mark.parametrize(
    ("text", "reason", "hint"),
    [
        ("set(spn.name, 1)", "'spn' is no context", "did you mean span?"),
        ('set(logs.body, "x")', "'logs' is no context", "did you mean log?"),
        ('set(event.name, "x")', "'event' is no context", "did you mean spanevent?"),
        (
            "set(status.code, 1)",
            "'status' lacks the name of its context",
            "write span.status",
        ),
        (
            'set(body, "x")',
            "'body' lacks the name of its context",
            "write log.body",
        ),
        (
            "set(log.body, log.attributes[service.name])",
            "'service' is no context",
            'a key stands in quotes: ["service.name"]',
        ),
    ],
)
def test_where_the_context_is_not_known(text: str, reason: str, hint: str) -> None:
    error = undefined(text, parse_statement(text), FUNCTIONS)
    assert error is not None
    assert (error.reason, error.hint) == (reason, hint)


@pytest.mark.parametrize(
    ("text", "reason", "hint"),
    [
        (
            "set(span.name, resource.attributes[service.name])",
            "'service' is no context",
            'a key stands in quotes: ["service.name"]',
        ),
        (
            "set(span.name, attributes)",
            "'attributes' lacks the name of its context",
            "write span.attributes, scope.attributes, resource.attributes",
        ),
        ("set(span.name, resorce.schema_url)", "'resorce' is no context", "did you mean resource?"),
        (
            "set(span.name, zzz.yyy)",
            "'zzz' is no context",
            "contexts are span, scope, resource, otelcol",
        ),
    ],
)
def test_where_it_is(text: str, reason: str, hint: str) -> None:
    with pytest.raises(OttlError) as caught:
        compile_statement(text, CONTEXTS["span"], FUNCTIONS, needs_prefix=True)
    assert (caught.value.reason, caught.value.hint) == (reason, hint)


def test_formals_of_lambdas_are_no_contexts() -> None:
    text = "set(log.body, Filter(log.body, (k, v) => v == k))"
    assert undefined(text, parse_statement(text), FUNCTIONS) is None
