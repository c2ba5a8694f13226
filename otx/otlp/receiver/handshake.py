"""Why TLS handshakes with clients fail, in words that say whose fault it is and what mends it.

OpenSSL's reasons say what it saw, in its own terms. asyncio drops them: a protocol never hears of
a connection whose handshake failed. So they are picked up where asyncio asks OpenSSL.
"""

import ssl
from collections.abc import Callable

OnFailure = Callable[[str], None]
"""Called with what is to be told, the same text for the same cause."""

_PLAIN_TEXT = "the client spoke plain text (does its endpoint say https://?)"
_NOT_TRUSTED = (
    "the client does not trust the certificate (does it have the authority's, and the name?)"
)
_NO_CERTIFICATE = "the client showed no certificate, which --client-ca asks for"
_TOO_OLD = "the client has no TLS 1.2 or later, or no cipher of those here"
_CAUSES = {
    "HTTP_REQUEST": _PLAIN_TEXT,
    "HTTPS_PROXY_REQUEST": _PLAIN_TEXT,
    "WRONG_VERSION_NUMBER": _PLAIN_TEXT,
    "PACKET_LENGTH_TOO_LONG": _PLAIN_TEXT,
    "RECORD_LAYER_FAILURE": _PLAIN_TEXT,
    "TLSV1_ALERT_UNKNOWN_CA": _NOT_TRUSTED,
    "SSLV3_ALERT_BAD_CERTIFICATE": _NOT_TRUSTED,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": _NOT_TRUSTED,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _NOT_TRUSTED,
    "SSL/TLS_ALERT_UNKNOWN_CA": _NOT_TRUSTED,
    "SSL/TLS_ALERT_BAD_CERTIFICATE": _NOT_TRUSTED,
    "SSL/TLS_ALERT_CERTIFICATE_EXPIRED": _NOT_TRUSTED,
    "SSL/TLS_ALERT_CERTIFICATE_UNKNOWN": _NOT_TRUSTED,
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": _NO_CERTIFICATE,
    "UNSUPPORTED_PROTOCOL": _TOO_OLD,
    "NO_SHARED_CIPHER": _TOO_OLD,
    "TLSV1_ALERT_PROTOCOL_VERSION": _TOO_OLD,
    "SSL/TLS_ALERT_PROTOCOL_VERSION": _TOO_OLD,
}
"""By OpenSSL's reason; what alerts are called differs between its versions."""


def cause_of(error: ssl.SSLError) -> str:
    """Why a handshake failed, for the one who has to mend it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the client's certificate is not one of --client-ca: {error.verify_message}"
    reason = error.reason or "the connection broke"
    return _CAUSES.get(reason, reason.lower().replace("_", " "))


def watch_handshakes(context: ssl.SSLContext, on_failure: OnFailure) -> None:
    """Have `on_failure` hear of each handshake under a context that fails."""

    class Watched(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLSyscallError):
                raise
            except ssl.SSLError as error:
                on_failure(f"TLS handshakes that failed: {cause_of(error)}")
                raise

    context.sslobject_class = Watched
