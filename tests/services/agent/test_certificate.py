"""A key, a request for its certificate, and when it is to be renewed."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from otx.services.agent.certificate import is_due, new_request
from tests.opamp.transport.certificates import Authority


def test_a_request_names_the_agent_and_fits_its_key() -> None:
    key, request = new_request("00010203-0405-0607-0809-0a0b0c0d0e0f")
    read = x509.load_pem_x509_csr(request)
    assert read.is_signature_valid
    assert read.subject.rfc4514_string() == "CN=00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert load_pem_private_key(key, None).public_key() == read.public_key()


def test_a_certificate_is_renewed_when_two_thirds_are_over() -> None:
    certificate, _ = Authority().issue("agent")  # from an hour ago until an hour from now
    now = datetime.now(UTC)
    assert not is_due(certificate, now)
    assert is_due(certificate, now + timedelta(minutes=25))
    assert is_due(b"no certificate", now)
