"""URLs of servers, and the TLS settings that go with them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.opamp.transport.endpoint import Endpoint, Tls


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("ws://h:4320", "ws://h:4320/v1/opamp"),
        ("wss://h/x", "wss://h/x"),
        ("http://h/", "http://h/"),
        ("https://h?a=b", "https://h/v1/opamp?a=b"),
    ],
)
def test_a_url_without_path_gets_the_specifications(url: str, whole: str) -> None:
    assert Endpoint.of(url).url == whole


@pytest.mark.parametrize("url", ["", "h:4320", "ftp://h", "ws://", "ws://h:x", "ws://h:70000"])
def test_what_is_no_server_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        Endpoint.of(url)


@given(st.text(max_size=30))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert Endpoint.of(text).host


def test_what_is_shown_holds_no_secret() -> None:
    endpoint = Endpoint.of("wss://u:pw@h:1/p?token=x", (("Authorization", "Bearer t"),))
    assert endpoint.shown == "wss://h:1/p"
    assert "Bearer" not in repr(endpoint)
    assert "KEY" not in repr(Tls(key_pem=b"KEY"))


def test_tls_settings_that_cannot_be_used_are_told() -> None:
    with pytest.raises(UsageError, match="no TLS version"):
        Tls(min_version="0.9").context()
    with pytest.raises(UsageError, match="cannot be used"):
        Tls(certificate_pem=b"x", key_pem=b"y").context()
    assert not Tls(is_insecure=True, min_version="TLSv1.3").context().check_hostname
