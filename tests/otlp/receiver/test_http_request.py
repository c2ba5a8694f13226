"""What is decided about a request from its head."""

import pytest

from otx.otlp.receiver.http_request import path_of


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/v1/traces", "/v1/traces"),
        (b"/v1/traces?api=1?2", "/v1/traces"),
        (b"http://collector:4318/v1/traces", "/v1/traces"),
        (b"HTTPS://collector/v1/logs?k=v", "/v1/logs"),
        (b"http://collector", "/"),
        (b"http://collector?k=v", "/"),
        (b"/proxy/http://collector/v1/traces", "/proxy/http://collector/v1/traces"),
        (b"*", "*"),
        (b"", ""),
    ],
)
def test_a_target_has_a_path(target: bytes, path: str) -> None:
    assert path_of(target) == path
