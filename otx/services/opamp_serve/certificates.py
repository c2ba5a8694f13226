"""A certificate authority for agents, from a certificate and a key in files."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from otx.errors import UsageError
from otx.opamp.instance_uid import uid_text
from otx.opamp.server.authority import CsrRefused

VALID = timedelta(days=90)
CLOCK_SLACK = timedelta(minutes=5)
SMALLEST_RSA = 2048


class FileAuthority:
    """Signs with the key of a file; the subject becomes the agent's uid whatever was asked for."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Read both.

        Raises:
            UsageError: One cannot be used.
        """
        try:
            self._certificate = x509.load_pem_x509_certificate(certificate.read_bytes())
            loaded = serialization.load_pem_private_key(key.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"the authority's files cannot be used: {error}") from None
        if not isinstance(loaded, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise UsageError(f"{key}: the authority's key must be RSA or EC")
        self._key = loaded

    def sign(self, csr: bytes, uid: bytes, now_ns: int) -> tuple[bytes, bytes]:
        """The certificate for a request and the authority's, both as PEM.

        Raises:
            CsrRefused: It is none, is not signed with its key, or names another instance uid.
        """
        request = _checked(csr, uid)
        now = datetime.fromtimestamp(now_ns / 1e9, UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, uid_text(uid))])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._certificate.subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - CLOCK_SLACK)
            .not_valid_after(now + VALID)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        return certificate.public_bytes(pem), self._certificate.public_bytes(pem)


def _checked(csr: bytes, uid: bytes) -> x509.CertificateSigningRequest:
    try:
        request = x509.load_pem_x509_csr(csr)
        is_signed = request.is_signature_valid
        key = request.public_key()
        named = list(_uids(request))
    except Exception:  # the parser's own errors are of many kinds
        raise CsrRefused("the certificate request cannot be read") from None
    if not is_signed:
        raise CsrRefused("the certificate request is not signed with its own key")
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < SMALLEST_RSA:
            raise CsrRefused(f"a key of {key.key_size} bits is too small")
    elif not isinstance(
        key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
    ):
        raise CsrRefused("a key of this kind is not signed here")
    for other in named:
        if other != uid:
            raise CsrRefused(f"the certificate request names {uid_text(other)}, another agent")
    return request


def _uids(request: x509.CertificateSigningRequest) -> Iterator[bytes]:
    """The uids that a request names, as subject or as alternative name."""
    texts = [str(part.value) for part in request.subject]
    try:
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        texts += names.get_values_for_type(x509.DNSName)
        texts += names.get_values_for_type(x509.UniformResourceIdentifier)
    except x509.ExtensionNotFound:
        pass
    for text in texts:
        try:
            yield uuid.UUID(text.removeprefix("urn:uuid:")).bytes
        except ValueError:
            continue
