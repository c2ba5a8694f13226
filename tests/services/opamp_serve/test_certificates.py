"""TLS, client certificates, and certificates that agents ask for."""

import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from websockets.exceptions import ConnectionClosed, InvalidMessage

from otx.errors import PeerError, UsageError
from otx.opamp.instance_uid import uid_text
from otx.opamp.opamp_pb2 import ServerErrorResponseType
from otx.opamp.server.authority import CsrRefused
from otx.services.opamp_serve.certificates import FileAuthority
from otx.services.opamp_serve.client import RemoteFleet
from tests.services.opamp_serve.authorities import TestAuthority, new_key, request_for
from tests.services.opamp_serve.conftest import StartServing
from tests.services.opamp_serve.messages import FIRST, full, heartbeat, uid_of
from tests.services.opamp_serve.serving import Serving, wire

UID = uid_of(1)


@pytest.fixture
def authority(tmp_path: Path) -> TestAuthority:
    return TestAuthority(tmp_path)


def sign(authority: TestAuthority, csr: bytes) -> x509.Certificate:
    certificate, ca = FileAuthority(authority.certificate, authority.key).sign(
        csr, UID, time.time_ns()
    )
    assert ca == authority.certificate.read_bytes()
    return x509.load_pem_x509_certificate(certificate)


def test_a_certificate_is_for_the_agent_whatever_name_it_asks_for(
    authority: TestAuthority,
) -> None:
    key = new_key()
    certificate = sign(authority, request_for("admin", key))
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert [name.value for name in names] == [uid_text(UID)]
    assert certificate.public_key() == key.public_key()
    ca = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    certificate.verify_directly_issued_by(ca)


@pytest.mark.parametrize(
    "alternative",
    [
        None,
        x509.DNSName(uid_text(uid_of(2))),
        x509.UniformResourceIdentifier(f"urn:uuid:{uid_text(uid_of(2))}"),
    ],
)
def test_a_request_that_names_another_agent_is_refused(
    authority: TestAuthority, alternative: x509.GeneralName | None
) -> None:
    name = uid_text(uid_of(2)) if alternative is None else uid_text(UID)
    with pytest.raises(CsrRefused, match="another agent"):
        sign(authority, request_for(name, new_key(), alternative))


def test_what_is_no_request_is_refused(authority: TestAuthority) -> None:
    good = request_for(uid_text(UID), new_key())
    body = good.splitlines()
    body[2] = body[2][::-1]
    for bad in (b"", b"x", good[:200], b"\n".join(body)):
        with pytest.raises(CsrRefused):
            sign(authority, bad)


def test_a_small_key_is_refused(authority: TestAuthority) -> None:
    key = rsa.generate_private_key(65537, 1024)
    with pytest.raises(CsrRefused, match="1024 bits"):
        sign(authority, request_for("x", key))  # type: ignore[arg-type]


def test_an_authority_needs_its_files(authority: TestAuthority, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        FileAuthority(tmp_path / "nothing", authority.key)
    with pytest.raises(UsageError):
        FileAuthority(authority.certificate, authority.certificate)


def client_context(authority: TestAuthority, name: str = "") -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.certificate))
    if name:
        context.load_cert_chain(*authority.issue(name))
    return context


def start_tls(start: StartServing, authority: TestAuthority, *arguments: str) -> Serving:
    certificate, key = authority.issue("server")
    return start("--tls-cert", str(certificate), "--tls-key", str(key), *arguments)


def test_agents_and_operators_come_over_tls(
    start_serving: StartServing, authority: TestAuthority
) -> None:
    serving = start_tls(start_serving, authority)
    assert serving.url.startswith("wss://")
    with wire(serving.url, ssl=client_context(authority)) as socket:
        socket.ask(full(1))
        fleet = RemoteFleet(serving.url, ca=authority.certificate)
        assert [row["uid"] for row in fleet.agents("")] == [uid_text(UID)]
    with pytest.raises(PeerError, match="certificate"):
        RemoteFleet(serving.url).agents("")


def test_client_certificates_are_asked_for_and_granted(
    start_serving: StartServing, authority: TestAuthority
) -> None:
    serving = start_tls(
        start_serving,
        authority,
        *("--client-ca", str(authority.certificate)),
        *("--ca-cert", str(authority.certificate), "--ca-key", str(authority.key)),
    )
    with (
        pytest.raises((ssl.SSLError, InvalidMessage, ConnectionClosed, ConnectionError, EOFError)),
        wire(serving.url, ssl=client_context(authority)) as socket,
    ):
        socket.ask(full(1))
    key = new_key()
    with wire(serving.url, ssl=client_context(authority, "first")) as socket:
        assert socket.ask(full(1)).capabilities & 0x40
        message = heartbeat(1, FIRST + 1)
        request = message.connection_settings_request.opamp.certificate_request
        request.csr = request_for("x", key)
        opamp = socket.ask(message).connection_settings.opamp
        assert opamp.destination_endpoint == serving.url
        assert opamp.heartbeat_interval_seconds
        assert not opamp.certificate.private_key
        granted = x509.load_pem_x509_certificate(opamp.certificate.cert)
        assert granted.public_key() == key.public_key()
        message = heartbeat(1, FIRST + 2)
        request = message.connection_settings_request.opamp.certificate_request
        request.csr = request_for(uid_text(uid_of(2)), key)
        answer = socket.ask(message)
        assert answer.error_response.type == (
            ServerErrorResponseType.ServerErrorResponseType_BadRequest
        )
        assert not answer.HasField("connection_settings")
