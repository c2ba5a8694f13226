"""What a server proves itself with: PEM files that may be renewed while it runs."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from otx.errors import UsageError
from otx.otlp.receiver.handshake import OnFailure, watch_handshakes


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The PEM files of a server.

    Attributes:
        certificate: Its certificate, and those between it and its authority.
        key: Its private key; None where `certificate` holds it too.
        client_ca: Authorities of which every client must show a certificate; None for any client.
    """

    certificate: Path
    key: Path | None = None
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Pems:
    """What the files held when they were read last, for a library that has its own TLS."""

    certificate: bytes
    key: bytes
    client_ca: bytes | None


class ServerTls:
    """TLS of both servers; a handshake takes what was read last, connections keep theirs."""

    def __init__(self, files: TlsFiles) -> None:
        """Read the files.

        Raises:
            UsageError: One cannot be read, or they do not belong together.
        """
        self._files = files
        self._context, self.pems = _read(files)

    def reload(self) -> None:
        """Read the files again, for connections to come.

        Raises:
            UsageError: As in the constructor; what was read before stays in use.
        """
        self._context, self.pems = _read(self._files)

    def listening_context(self, on_failure: OnFailure) -> ssl.SSLContext:
        """A context for a listener, each of whose handshakes goes on in the newest one.

        Args:
            on_failure: Called with why a handshake failed.
        """

        def renew(connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
            connection.context = self._context

        context, _ = _read(self._files)
        # Called for clients that name no server as well (a name of None).
        context.sni_callback = renew
        watch_handshakes(context, on_failure)
        return context


def _read(files: TlsFiles) -> tuple[ssl.SSLContext, Pems]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    key = files.key or files.certificate
    try:
        # A password, so that an encrypted key is an error and not a question on the terminal.
        context.load_cert_chain(files.certificate, key, password="")
        authorities = None
        if files.client_ca is not None:
            context.load_verify_locations(files.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
            authorities = files.client_ca.read_bytes()
        return context, Pems(files.certificate.read_bytes(), key.read_bytes(), authorities)
    except (OSError, ValueError) as error:
        raise UsageError(f"{_names(files)}: {_why(error)}", hint="each is a PEM file") from None


def _names(files: TlsFiles) -> str:
    given = (files.certificate, files.key, files.client_ca)
    return f"cannot use {', '.join(str(path) for path in given if path is not None)}"


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
