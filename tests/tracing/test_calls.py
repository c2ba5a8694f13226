"""Calls are alike when they differ by literals only."""

from typing import Any

import pytest

from otx.tracing.calls import asked_of, call_of, operation_of, peer_of
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
