"""What HTTP and gRPC allow in headers."""

import pytest

from otx.errors import UsageError
from otx.otlp.exporter.headers import check_headers


@pytest.mark.parametrize(
    ("name", "value", "http", "grpc"),
    [
        ("api-key", "a b", True, True),
        ("x!", "a", True, False),
        ("ä", "a", False, False),
        ("", "a", False, False),
        ("x", "a\nb", False, False),
        ("x", "ü", True, False),
        ("x", "€", False, False),
        ("x-bin", "AAAA", True, False),
        ("x", "", True, True),
    ],
)
def test_what_may_travel(name: str, value: str, http: bool, grpc: bool) -> None:
    for is_grpc, allowed in ((False, http), (True, grpc)):
        if allowed:
            check_headers({name: value}, is_grpc=is_grpc)
        else:
            with pytest.raises(UsageError):
                check_headers({name: value}, is_grpc=is_grpc)
