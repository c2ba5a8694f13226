"""From a settings offer to an endpoint, and what is refused on the way."""

from pathlib import Path

import pytest

from otx.opamp.opamp_pb2 import OpAMPConnectionSettings
from otx.opamp.transport.endpoint import Endpoint, Tls
from otx.services.agent.section import Allowed
from otx.services.agent.settings import endpoint_of, why_refused, with_certificate
from tests.services.opamp_serve.authorities import TestAuthority

PLAIN = Endpoint.of("ws://h:1", (("Authorization", "old"),))
SECURE = Endpoint.of("wss://h:1", (("Authorization", "old"),))


def settings(url: str = "", **headers: str) -> OpAMPConnectionSettings:
    made = OpAMPConnectionSettings(destination_endpoint=url)
    for key, value in headers.items():
        made.headers.headers.add(key=key, value=value)
    return made


def test_what_is_unset_stays() -> None:
    assert endpoint_of(settings(), PLAIN) == PLAIN
    moved = endpoint_of(settings("ws://h:2"), PLAIN)
    assert (moved.url, moved.headers) == ("ws://h:2/v1/opamp", PLAIN.headers)
    renewed = endpoint_of(settings(Authorization="new"), PLAIN)
    assert (renewed.url, renewed.headers) == (PLAIN.url, (("Authorization", "new"),))


def test_a_certificate_that_is_unset_stays_on_its_host(
    tmp_path: Path,
) -> None:
    certificate, key = (path.read_bytes() for path in TestAuthority(tmp_path).issue("agent"))
    mutual = Endpoint(SECURE.url, (), Tls(ca_pem="", certificate_pem=certificate, key_pem=key))
    assert endpoint_of(settings(), mutual).tls == mutual.tls
    assert endpoint_of(settings("wss://h:2"), mutual).tls == mutual.tls
    assert endpoint_of(settings("wss://other"), mutual).tls.certificate_pem == b""


def test_a_certificate_that_was_granted_is_carried_into_settings_without_one() -> None:
    kept, renewed = settings(), settings()
    kept.certificate.cert = b"granted"
    renewed.certificate.cert = b"new"
    assert with_certificate(settings(), kept, SECURE).certificate.cert == b"granted"
    assert with_certificate(renewed, kept, SECURE).certificate.cert == b"new"
    assert with_certificate(settings(), settings(), SECURE) == settings()
    elsewhere = settings("wss://other")
    assert not with_certificate(elsewhere, kept, SECURE).certificate.cert


def test_a_proxy_is_taken_over() -> None:
    offer = settings()
    offer.proxy.url = "proxy:3128"
    assert endpoint_of(offer, PLAIN).proxy == "http://proxy:3128"


@pytest.mark.parametrize(
    ("url", "current", "reason"),
    [
        ("ws://h:2", SECURE, "give up TLS"),
        ("ws://other", PLAIN, "not among agent.allow.servers"),
        ("ftp://h", PLAIN, "no OpAMP server"),
        ("wss://h:2", PLAIN, ""),
        ("", PLAIN, ""),
    ],
)
def test_what_is_not_tried(url: str, current: Endpoint, reason: str) -> None:
    found = why_refused(settings(url), current, Allowed())
    assert reason in found
    assert bool(found) is bool(reason)


def test_verification_is_turned_off_where_the_user_allows_it_only() -> None:
    offer = settings()
    offer.tls.insecure_skip_verify = True
    assert "not verify" in why_refused(offer, SECURE, Allowed())
    assert why_refused(offer, SECURE, Allowed(insecure=True)) == ""


def test_a_certificate_without_its_key_is_refused() -> None:
    offer = settings()
    offer.certificate.cert = b"c"
    assert "without a key" in why_refused(offer, PLAIN, Allowed())
