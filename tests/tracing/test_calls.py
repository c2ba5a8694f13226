"""Calls are alike when they differ by literals only."""

from dataclasses import replace
from typing import Any

import pytest

from otx.tracing.calls import asked_of, call_of, operation_of, peer_of, resent_times, told_of
from tests.tracing.calls import span


@pytest.mark.parametrize(
    ("attributes", "shape"),
    [
        ({"db_statement": "SELECT * FROM t WHERE id = 7 AND n = 'it''s'"}, "? AND n = ?"),
        ({"url_path": "/users/12/orders/3"}, "/users/?/orders/?"),
        ({"url_path": "/o/6f9619ff-8b86-d011-b42d-00c04fc964ff"}, "/o/?"),
        ({"url_path": "/v2/users"}, "/v2/users"),
        ({}, ""),
    ],
)
def test_shapes(attributes: dict[str, Any], shape: str) -> None:
    assert call_of(span("a", "", 0, 1, **attributes)).shape.endswith(shape)


def test_peers_and_what_is_asked() -> None:
    one = span("a", "", 0, 1, server_address="10.0.0.1", peer_service="stock", url_path="/1")
    assert (peer_of(one), asked_of(one), operation_of(one)) == ("stock", "/1", "shop a")
    assert peer_of(span("a", "", 0, 1)) == ""


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"db.statement": "SELECT 7"}, "SELECT 7"),
        ({"db.statement": "SELECT * FROM t WHERE id = ?"}, ""),
        ({"db.query.text": "DELETE FROM t WHERE id = $1"}, ""),
        ({"url.path": "/u", "url.query": "a=1", "http.request.method": "GET"}, "GET /u?a=1"),
        ({"http.route": "/u/{id}"}, ""),
        ({}, ""),
    ],
)
def test_only_what_is_told_to_the_last_value_can_be_the_same(
    attributes: dict[str, Any], told: str
) -> None:
    assert told_of(replace(span("a", "", 0, 1), attributes=attributes)) == told


def test_what_is_sent_again_says_how_often() -> None:
    again = replace(span("a", "", 0, 1), attributes={"http.request.resend_count": 2})
    assert (resent_times(again), resent_times(span("a", "", 0, 1))) == (2, 0)
