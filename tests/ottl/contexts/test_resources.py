"""Paths of resources and scopes."""

from typing import Any

import pytest

from tests.ottl.documents import Document, after, assert_same, attributes, refusal, value_of

WHOLE: Document = {
    "resourceLogs": [
        {
            "schemaUrl": "https://r",
            "resource": {"attributes": attributes(service="shop"), "droppedAttributesCount": 1},
            "scopeLogs": [
                {
                    "schemaUrl": "https://s",
                    "scope": {
                        "name": "lib",
                        "version": "1.0",
                        "attributes": attributes(k="v"),
                        "droppedAttributesCount": 2,
                    },
                    "logRecords": [{"body": {"stringValue": "a"}}, {"body": {"stringValue": "b"}}],
                }
            ],
        }
    ]
}


@pytest.mark.parametrize(
    ("context", "path", "value"),
    [
        ("resource", 'attributes["service"]', "shop"),
        ("resource", "dropped_attributes_count", 1),
        ("resource", "schema_url", "https://r"),
        ("resource", 'resource.attributes["service"]', "shop"),
        ("scope", "name", "lib"),
        ("scope", "version", "1.0"),
        ("scope", 'attributes["k"]', "v"),
        ("scope", "dropped_attributes_count", 2),
        ("scope", "schema_url", "https://s"),
        ("log", "instrumentation_scope.name", "lib"),
        ("scope", "resource.schema_url", "https://r"),
        ("log", "scope.schema_url", "https://s"),
    ],
)
def test_they_are_read(context: str, path: str, value: Any) -> None:
    assert value_of(WHOLE, context, path) == value


def test_they_are_written() -> None:
    whole = after(
        WHOLE,
        "scope",
        [
            'set(name, "x")',
            'set(version, "")',
            "set(attributes, resource.attributes)",
            'set(schema_url, "https://t")',
            "set(dropped_attributes_count, 0)",
            'set(resource.attributes["n"], 1)',
            'set(resource.schema_url, "")',
        ],
    )
    (group,) = whole["resourceLogs"]
    assert "schemaUrl" not in group
    assert_same(group["resource"]["attributes"], attributes(service="shop", n=1))
    (scope,) = group["scopeLogs"]
    assert scope["schemaUrl"] == "https://t"
    assert_same(scope["scope"], {"name": "x", "attributes": attributes(service="shop")})


def test_the_last_record_that_writes_to_its_resource_wins() -> None:
    whole = after(WHOLE, "log", 'set(resource.attributes["body"], body)')
    found = whole["resourceLogs"][0]["resource"]["attributes"]
    assert_same(found, attributes(service="shop", body="b"))


@pytest.mark.parametrize(
    ("context", "statement"),
    [
        ("resource", 'set(body, "x")'),
        ("resource", 'set(scope.name, "x")'),
        ("scope", 'set(log.body, "x")'),
        ("resource", 'set(name, "x")'),
        ("scope", 'set(resource.cache["x"], 1)'),
        ("scope", "set(scope, 1)"),
        ("resource", 'set(attributes["n"], SPAN_KIND_SERVER)'),
    ],
)
def test_what_lies_below_is_not_there(context: str, statement: str) -> None:
    assert refusal(WHOLE, context, statement).startswith("parse: ")
