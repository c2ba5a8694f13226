"""Handshakes that fail are told by their cause, with real clients that do it wrong."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from otx.otlp.address import Address
from otx.otlp.receiver.door import Door
from otx.otlp.receiver.handshake import cause_of
from otx.otlp.receiver.http_connection import HttpLimits
from otx.otlp.receiver.http_server import HttpServer
from otx.otlp.receiver.tls import ServerTls, TlsFiles
from tests.conftest import wait_until
from tests.otlp.conftest import MemoryIntake
from tests.services.odd_servers import Certificate, make_certificate

TIMEOUT_S = 20


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path)


@pytest.fixture
def address(intake: MemoryIntake, certificate: Certificate) -> Iterator[Address]:
    authority = Path(certificate.certificate)
    tls = ServerTls(TlsFiles(authority, Path(certificate.key), authority))
    server = HttpServer(intake, HttpLimits(), Door(tls))
    yield server.start(Address("127.0.0.1", 0))
    server.stop(grace_s=1)


def shake_hands(address: Address, context: ssl.SSLContext) -> None:
    """Try to, and read until the server has said no."""
    plain = socket.create_connection((address.host, address.port), timeout=TIMEOUT_S)
    with suppress(OSError), context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
        connection.recv(1)
    plain.close()


def told(intake: MemoryIntake) -> str:
    wait_until(lambda: bool(intake.notices), "the failure is noticed")
    (notice,) = intake.notices
    cause = notice.removeprefix("TLS handshakes that failed: ")
    assert cause != notice
    return cause


@pytest.mark.parametrize("words", [b"POST /v1/traces HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\n"])
def test_plain_text(address: Address, intake: MemoryIntake, words: bytes) -> None:
    with socket.create_connection((address.host, address.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(words)
        while connection.recv(100):
            pass
    assert "plain text" in told(intake)


def test_a_client_that_does_not_trust_us(address: Address, intake: MemoryIntake) -> None:
    shake_hands(address, ssl.create_default_context())
    assert told(intake).startswith("the client does not trust the certificate")


def test_a_client_without_a_certificate(
    address: Address, intake: MemoryIntake, certificate: Certificate
) -> None:
    shake_hands(address, ssl.create_default_context(cafile=certificate.certificate))
    assert told(intake).startswith("the client showed no certificate")


def test_a_client_with_a_certificate_of_someone_else(
    address: Address, intake: MemoryIntake, certificate: Certificate, tmp_path: Path
) -> None:
    context = ssl.create_default_context(cafile=certificate.certificate)
    other = make_certificate(tmp_path, "other")
    context.load_cert_chain(other.certificate, other.key)
    shake_hands(address, context)
    assert told(intake).startswith("the client's certificate is not one of --client-ca: ")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1")
def test_a_client_of_another_age(
    address: Address, intake: MemoryIntake, certificate: Certificate
) -> None:
    context = ssl.create_default_context(cafile=certificate.certificate)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    shake_hands(address, context)
    assert told(intake).startswith("the client has no TLS 1.2")


def test_a_client_that_says_nothing_and_goes_is_no_failure(
    address: Address, intake: MemoryIntake, certificate: Certificate
) -> None:
    socket.create_connection((address.host, address.port), timeout=TIMEOUT_S).close()
    shake_hands(address, ssl.create_default_context())
    assert told(intake).startswith("the client does not trust")


@pytest.mark.parametrize(
    ("reason", "cause"), [("BAD_NEW_THING", "bad new thing"), (None, "the connection broke")]
)
def test_what_nobody_foresaw_is_told_in_the_library_s_words(reason: str | None, cause: str) -> None:
    error = ssl.SSLError(1, "what it says")
    error.reason = reason  # type: ignore[assignment]
    assert cause_of(error) == cause
