"""Certificates that a client trusts and shows, with errors that name the file and the flag."""

import ssl
from pathlib import Path

from otx.errors import UsageError
from otx.otlp.exporter.endpoint import Endpoint


def client_context(endpoint: Endpoint) -> ssl.SSLContext:
    """What TLS is spoken with.

    Raises:
        UsageError: A file cannot be read, or is no PEM of what it should be.
    """
    require_readable(endpoint)
    try:
        context = ssl.create_default_context(cafile=endpoint.certificate or None)
    except ssl.SSLError as error:
        raise _no_pem(endpoint.certificate, "certificates", error) from None
    if endpoint.client_certificate:
        try:
            context.load_cert_chain(endpoint.client_certificate, endpoint.client_key or None)
        except ssl.SSLError as error:
            files = " and ".join(filter(None, (endpoint.client_certificate, endpoint.client_key)))
            raise _no_pem(files, "a certificate and its key", error) from None
    return context


def require_readable(endpoint: Endpoint) -> None:
    """Refuse files that cannot be read, and a key without its certificate.

    Raises:
        UsageError: That is so.
    """
    if endpoint.client_key and not endpoint.client_certificate:
        raise UsageError(
            "a client's key needs its certificate",
            hint="--cert FILE, or OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
        )
    for path in (endpoint.certificate, endpoint.client_certificate, endpoint.client_key):
        try:
            if path:
                Path(path).read_bytes()
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from None


def _no_pem(path: str, wanted: str, error: ssl.SSLError) -> UsageError:
    why = error.reason or str(error)
    return UsageError(
        f"cannot use {path}: {why}", hint=f"it has to be PEM: {wanted} (--ca, --cert, --key)"
    )
