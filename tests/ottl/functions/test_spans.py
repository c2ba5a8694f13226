"""Names of spans as the semantic conventions have them."""

import pytest

from tests.ottl.documents import (
    Document,
    after,
    assert_same,
    attributes,
    document,
    items,
    refusal,
    try_on,
)

SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5


def span(kind: int, **given: str | bool | int | float) -> Document:
    return {"name": "old", "kind": kind, "attributes": attributes(**given)}


def named(whole: Document, statement: str = 'set_semconv_span_name("1.37.0")') -> str:
    (found,) = items(after(document("Spans", whole), "span", statement))
    return str(found["name"])


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (span(SERVER, http__request__method="GET", http__route="/a/{id}"), "GET /a/{id}"),
        (span(SERVER, http__method="GET"), "GET"),
        (span(SERVER, http__method="GET", url__template="/a"), "GET"),
        (span(CLIENT, http__method="GET", http__route="/a"), "GET"),
        (span(CLIENT, http__request__method="PUT", url__template="/a/{id}"), "PUT /a/{id}"),
        (span(SERVER, rpc__system="grpc", rpc__service="S", rpc__method="M"), "S/M"),
        (span(SERVER, rpc__system__name="grpc", rpc__grpc__method="M"), "M"),
        (span(CLIENT, rpc__system="grpc", rpc__grpc__service="S"), "S/*"),
        (span(CLIENT, rpc__system="grpc"), "grpc"),
        (span(CLIENT, db__system="pg", db__query__summary="SELECT a"), "SELECT a"),
        (span(CLIENT, db__system__name="pg", db__operation="GET", db__name="n"), "GET n"),
        (span(CLIENT, db__system="pg", db__namespace="n", db__collection__name="c"), "n.c"),
        (span(CLIENT, db__system="pg", db__stored_procedure__name="p"), "p"),
        (span(CLIENT, db__system="pg", server__address="h", server__port=5432), "h:5432"),
        (span(CLIENT, db__system="pg", server__address="h"), "h"),
        (span(CLIENT, db__system="pg"), "pg"),
        (span(SERVER, db__system="pg"), "old"),
        (span(PRODUCER, messaging__system="k", messaging__operation="send"), "send"),
        (
            span(
                CONSUMER,
                messaging__system="k",
                messaging__operation__name="poll",
                messaging__destination__template="t/{id}",
                messaging__destination__name="t/1",
            ),
            "poll t/{id}",
        ),
        (
            span(
                CONSUMER,
                messaging__system="k",
                messaging__operation__name="poll",
                messaging__destination__temporary=True,
            ),
            "poll (temporary)",
        ),
        (
            span(CLIENT, messaging__system="k", messaging__destination__anonymous=True),
            "(anonymous)",
        ),
        (
            span(PRODUCER, messaging__system="k", messaging__destination__temporary="true"),
            "k",
        ),
        (span(PRODUCER, messaging__system="k", messaging__destination="d"), "d"),
        (span(PRODUCER, http__method="GET"), "old"),
        (span(1, http__method="GET"), "old"),
        (span(SERVER, http__method=1.5, http__route=True), "1.5 true"),
        (span(SERVER), "old"),
    ],
)
def test_the_name_follows_kind_and_attributes(given: Document, name: str) -> None:
    assert named(given) == name


def test_the_old_name_is_kept_where_it_is_another() -> None:
    statement = 'set_semconv_span_name("1.40.0", "old_name")'
    whole = document("Spans", span(SERVER, http__method="GET"), {"name": "GET", "kind": 9})
    first, second = items(after(whole, "span", statement))
    assert_same(first["attributes"], attributes(http__method="GET", old_name="old"))
    assert "attributes" not in second


@pytest.mark.parametrize(
    "version",
    ["1.37.0", "1.43.0", "v1.38.0", "1.40", "1.43", "1.43.0-rc1", "1.40.0+build", "1.40.0-a.1"],
)
def test_known_versions(version: str) -> None:
    result = try_on(document("Spans"), "span", f'set_semconv_span_name("{version}")')
    assert result.phase == "ok"


@pytest.mark.parametrize(
    "version",
    [
        "1.36.9",
        "1.37.0-rc1",
        "1.43.1",
        "1.44.0",
        "1",
        "2",
        "",
        "x",
        "1.40.0.1",
        "1.40.0-01",
        "1.40.0-",
    ],
)
def test_other_versions_are_refused(version: str) -> None:
    found = refusal(document("Spans"), "span", f'set_semconv_span_name("{version}")')
    assert found.startswith("parse: ")


def test_the_attribute_needs_a_name() -> None:
    found = refusal(document("Spans"), "span", 'set_semconv_span_name("1.37.0", "")')
    assert "cannot be empty" in found
