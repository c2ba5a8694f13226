"""Certificates of a server: which files can be used, and which handshake takes which."""

import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from otx.errors import UsageError
from otx.otlp.receiver.tls import ServerTls, TlsFiles
from tests.services.odd_servers import Certificate, make_certificate


def files_of(certificate: Certificate, client_ca: str | None = None) -> TlsFiles:
    authority = None if client_ca is None else Path(client_ca)
    return TlsFiles(Path(certificate.certificate), Path(certificate.key), authority)


def shown_by(context: ssl.SSLContext) -> bytes | None:
    """The certificate that a handshake with a listener's context shows."""
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with context.wrap_socket(theirs, server_side=True) as connection:
            connection.recv(1)

    server = threading.Thread(target=serve)
    server.start()
    anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anyone.check_hostname = False
    anyone.verify_mode = ssl.CERT_NONE
    with anyone.wrap_socket(ours) as connection:
        shown = connection.getpeercert(binary_form=True)
        connection.sendall(b"x")
        server.join()
    return shown


def der(certificate: Certificate) -> bytes:
    return ssl.PEM_cert_to_DER_cert(Path(certificate.certificate).read_text())


def test_a_listener_takes_what_was_read_last(tmp_path: Path) -> None:
    before = make_certificate(tmp_path, "before")
    tls = ServerTls(files_of(before))
    context = tls.listening_context(print)
    assert shown_by(context) == der(before)
    after = make_certificate(tmp_path, "after")
    Path(before.certificate).write_bytes(Path(after.certificate).read_bytes())
    Path(before.key).write_bytes(Path(after.key).read_bytes())
    tls.reload()
    assert shown_by(context) == der(after)
    assert tls.pems.certificate == Path(after.certificate).read_bytes()


def test_files_that_cannot_be_used_leave_those_before(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    tls = ServerTls(files_of(certificate))
    context = tls.listening_context(print)
    good = der(certificate)
    Path(certificate.key).write_text("no key")
    with pytest.raises(UsageError, match=r"cannot use .*odd\.pem"):
        tls.reload()
    assert shown_by(context) == good


def test_one_file_may_hold_both(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(
        Path(certificate.certificate).read_bytes() + Path(certificate.key).read_bytes()
    )
    assert shown_by(ServerTls(TlsFiles(both)).listening_context(print)) == der(certificate)


def test_files_of_different_pairs_do_not_belong_together(tmp_path: Path) -> None:
    one, other = make_certificate(tmp_path, "one"), make_certificate(tmp_path, "other")
    with pytest.raises(UsageError, match="key values mismatch"):
        ServerTls(TlsFiles(Path(one.certificate), Path(other.key)))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.pem: No such file or directory"):
        ServerTls(TlsFiles(tmp_path / "absent.pem"))


def test_a_key_behind_a_password_is_an_error_and_no_question(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    key = serialization.load_pem_private_key(Path(certificate.key).read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"secret")
    form = serialization.PrivateFormat.PKCS8
    Path(certificate.key).write_bytes(key.private_bytes(serialization.Encoding.PEM, form, locked))
    with pytest.raises(UsageError, match="cannot use"):
        ServerTls(files_of(certificate))
