"""What a port speaks, found by speaking to it: is it there, TLS or plain, HTTP/2 or HTTP/1.

Only asked when a request has failed: it says why, where the answer alone does not.
"""

import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from otx.otlp.exporter.endpoint import Endpoint

Speech: TypeAlias = Literal["http/1", "http/2", "tls", "nothing"]
_HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""The client's preface and an empty SETTINGS frame (RFC 9113, 3.4)."""
_HTTP1_REQUEST = b"OPTIONS / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
_SETTINGS = 4
_FRAME_TYPE = 3
"""Where a frame's type stands in its head (RFC 9113, 4.1)."""
_TLS_ALERT = b"\x15\x03"
_READ_BYTES = 256
_ALERT_S = 0.2
"""How long is waited for an alert behind a handshake."""
_CLOSED = "closed behind the handshake"
"""What servers of gRPC do to clients without a certificate; others wait for a request."""


@dataclass(frozen=True, slots=True)
class PortLook:
    """What was found of a port.

    Attributes:
        place: HOST:PORT.
        resolves: Whether the name has an address.
        connects: Whether TCP connects.
        error: Why it does not resolve or connect.
        plain: What it says to plain text: `http/1`, `http/2`, `tls` (an alert), or `nothing`.
        has_tls: Whether it completes a handshake, or asks for a client's certificate in one.
        alpn: The protocol that it picks of h2 and http/1.1, "" for none.
        wants_certificate: Whether the handshake fails for want of a client's certificate.
        mistrust: Why its certificate is not trusted, "" where it is.
    """

    place: str
    resolves: bool = True
    connects: bool = True
    error: str = ""
    plain: Speech = "nothing"
    has_tls: bool = False
    alpn: str = ""
    wants_certificate: bool = False
    mistrust: str = ""


def host_and_port(endpoint: Endpoint) -> tuple[str, int] | None:
    """Where an endpoint connects to, proxies aside; None for a Unix socket."""
    if endpoint.target.startswith("unix:"):
        return None
    url = endpoint.target if "://" in endpoint.target else f"//{endpoint.target}"
    parts = urlsplit(url)
    return parts.hostname or "localhost", parts.port or (443 if endpoint.is_secure else 80)


def look(host: str, port: int, timeout_s: float, authorities: str = "") -> PortLook:
    """What a port speaks; three short connections.

    Args:
        host: Name or address.
        port: TCP port.
        timeout_s: For each answer.
        authorities: PEM file of the authorities to trust, "" for the system's.
    """
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return PortLook(place, resolves=False, connects=False, error=_why(error))
    try:
        plain = _plain_speech(host, port, timeout_s)
    except OSError as error:
        return PortLook(place, connects=False, error=_why(error))
    if plain in ("http/1", "http/2"):
        return PortLook(place, plain=plain)
    return _with_tls(PortLook(place, plain=plain), host, port, timeout_s, authorities)


def connects(host: str, port: int, timeout_s: float) -> str:
    """Why TCP does not connect; "" where it does."""
    try:
        socket.create_connection((host, port), timeout_s).close()
    except OSError as error:
        return _why(error)
    return ""


def _plain_speech(host: str, port: int, timeout_s: float) -> Speech:
    """What comes back for the first bytes of HTTP/2, or else for a request of HTTP/1.1.

    Raises:
        OSError: There is no connection.
    """
    answer = _answer_to(_HTTP2_PREFACE, host, port, timeout_s)
    if answer.startswith(_TLS_ALERT):
        return "tls"
    if len(answer) > _FRAME_TYPE and answer[_FRAME_TYPE] == _SETTINGS:
        return "http/2"
    if not answer.startswith(b"HTTP/"):
        answer = _answer_to(_HTTP1_REQUEST % host.encode("idna"), host, port, timeout_s)
    return "http/1" if answer.startswith(b"HTTP/") else "nothing"


def _answer_to(words: bytes, host: str, port: int, timeout_s: float) -> bytes:
    with socket.create_connection((host, port), timeout_s) as connection:
        try:
            connection.sendall(words)
            return connection.recv(_READ_BYTES)
        except OSError:  # who resets does not speak it
            return b""


def _with_tls(
    found: PortLook, host: str, port: int, timeout_s: float, authorities: str
) -> PortLook:
    loose = ssl.create_default_context()
    loose.check_hostname = False
    loose.verify_mode = ssl.CERT_NONE
    alpn, error = _handshake(loose, host, port, timeout_s)
    if error and not _is_about_our_certificate(error):
        return found
    mistrust = ""
    with suppress(OSError):  # of a file that cannot be read others speak
        strict = ssl.create_default_context(cafile=authorities or None)
        mistrust = _handshake(strict, host, port, timeout_s)[1]
    return PortLook(
        found.place,
        plain=found.plain,
        has_tls=True,
        alpn=alpn,
        wants_certificate=bool(error),
        mistrust="" if _is_about_our_certificate(mistrust) else mistrust,
    )


def _handshake(context: ssl.SSLContext, host: str, port: int, timeout_s: float) -> tuple[str, str]:
    """The protocol that was picked, and why there is no connection."""
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        with (
            socket.create_connection((host, port), timeout_s) as connection,
            context.wrap_socket(connection, server_hostname=host) as secured,
        ):
            picked = secured.selected_alpn_protocol() or ""
            # With TLS 1.3 a server says only behind the handshake that it wants a certificate.
            secured.settimeout(min(timeout_s, _ALERT_S))
            with suppress(TimeoutError):
                if not secured.recv(1):
                    return picked, _CLOSED
            return picked, ""
    except ssl.SSLCertVerificationError as error:
        return "", error.verify_message
    except OSError as error:
        return "", _why(error)


def _is_about_our_certificate(error: str) -> bool:
    text = error.upper().replace("_", " ")
    return error == _CLOSED or "CERTIFICATE REQUIRED" in text or "HANDSHAKE FAILURE" in text


def _why(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason
    return error.strerror or str(error)
