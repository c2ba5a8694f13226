"""Certificate requests, and certificates that nobody has a reason to trust."""

from otx.errors import missing_extra
from otx.opamp.instance_uid import uid_text


def request_for(uid: bytes) -> bytes:
    """A certificate request, as PEM, whose subject is this agent.

    Raises:
        MachineError: The library is not installed.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID
    except ImportError:
        raise missing_extra("cryptography", "opamp") from None
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, uid_text(uid))])
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)
