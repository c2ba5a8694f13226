"""A key and a request for its certificate, made in a process of its own.

    python -m otx.services.agent.certificate request UID     a key and a request, as PEM
    python -m otx.services.agent.certificate due BASE64      0 where a certificate is to be renewed

The library that does both takes 8 MB of an agent's 40 MB.
"""

import base64
import sys
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from otx.errors import ExitCode
from otx.streams import standard_streams


def new_request(uid_text: str) -> tuple[bytes, bytes]:
    """A key (EC, P-256) and a request that names the agent, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, uid_text)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return secret, request.public_bytes(Encoding.PEM)


def is_due(certificate_pem: bytes, now: datetime) -> bool:
    """Whether two thirds of a certificate's time are over, or it cannot be read."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
    except ValueError:
        return True
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return now >= begins + (ends - begins) * 2 / 3


def main(words: list[str]) -> ExitCode:
    """Do what the first word says."""
    if words[0] == "due":
        due = is_due(base64.b64decode(words[1]), datetime.now(UTC))
        return ExitCode.DONE if due else ExitCode.NO
    _, stdout, _ = standard_streams()
    for part in new_request(words[1]):
        stdout.write(part.decode())
    stdout.flush()
    return ExitCode.DONE


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
