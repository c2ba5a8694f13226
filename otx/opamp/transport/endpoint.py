"""Where a server is and how it is reached: URL, headers, TLS, proxy."""

import os
import ssl
from dataclasses import dataclass, field, replace
from typing import TypeAlias
from urllib.parse import urlsplit

from otx.errors import UsageError

Headers: TypeAlias = tuple[tuple[str, str], ...]
DEFAULT_PATH = "/v1/opamp"
PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}
_VERSIONS = {
    "": ssl.TLSVersion.TLSv1_2,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "TLSV1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
    "TLSV1.3": ssl.TLSVersion.TLSv1_3,
}


@dataclass(frozen=True, slots=True)
class Tls:
    """What is trusted and shown on a TLS connection.

    Attributes:
        ca_pem: Certificates to trust; "" for those of the system alone.
        with_system: Whether the system's are trusted beside `ca_pem`.
        certificate_pem: The client's own certificate, and `key_pem` its key.
        min_version: "1.2" or "1.3" (also "TLSv1.2").
    """

    ca_pem: str = ""
    with_system: bool = False
    certificate_pem: bytes = b""
    key_pem: bytes = field(default=b"", repr=False)
    is_insecure: bool = False
    min_version: str = ""

    def context(self) -> ssl.SSLContext:
        """The settings as OpenSSL takes them.

        Raises:
            UsageError: A certificate, a key or a version cannot be used.
        """
        version = _VERSIONS.get(self.min_version.upper())
        if version is None:
            raise UsageError(f"no TLS version {self.min_version!r}", hint="1.2 or 1.3")
        try:
            context = ssl.create_default_context(cadata=self.ca_pem or None)
            if self.ca_pem and self.with_system:
                context.load_default_certs()
            if self.certificate_pem:
                _load_pair(context, self.certificate_pem, self.key_pem)
        except (ssl.SSLError, ValueError, OSError) as error:
            raise UsageError(f"the TLS settings cannot be used: {error}") from None
        context.minimum_version = version
        if self.is_insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server.

    Attributes:
        headers: Sent with each request; they may hold tokens and are never shown.
        proxy: URL of an HTTP proxy; "" for what the environment says (HTTPS_PROXY, NO_PROXY).
    """

    url: str
    headers: Headers = field(default=(), repr=False)
    tls: Tls = Tls()
    proxy: str = ""

    @classmethod
    def of(
        cls, url: str, headers: tuple[tuple[str, str], ...] = (), tls: Tls = Tls()
    ) -> "Endpoint":
        """An endpoint of a URL; without a path it gets the specification's.

        Raises:
            UsageError: The URL is none of ws, wss, http and https, or names no host.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise UsageError(f"{url!r} is no URL: {error}") from None
        if parts.scheme not in PORTS or not parts.hostname or port == 0:
            raise UsageError(
                f"{url!r} is no OpAMP server", hint="ws://HOST:PORT/v1/opamp, or wss, http, https"
            )
        if not parts.path:
            parts = parts._replace(path=DEFAULT_PATH)
        return cls(parts._replace(fragment="").geturl(), headers, tls)

    @property
    def is_websocket(self) -> bool:
        """Whether it is a WebSocket; else it is polled by HTTP."""
        return urlsplit(self.url).scheme in ("ws", "wss")

    @property
    def is_secure(self) -> bool:
        """Whether TLS is spoken."""
        return urlsplit(self.url).scheme in ("wss", "https")

    @property
    def host(self) -> str:
        """Its host in lower case, without port."""
        return urlsplit(self.url).hostname or ""

    @property
    def shown(self) -> str:
        """The URL for people: without user, password and query."""
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()

    def at(self, url: str) -> "Endpoint":
        """The same, at another URL."""
        return replace(self, url=Endpoint.of(url).url)


def _load_pair(context: ssl.SSLContext, certificate_pem: bytes, key_pem: bytes) -> None:
    # OpenSSL reads files only; one in memory leaves no key on a disk.
    number = os.memfd_create("certificate")
    try:
        os.write(number, certificate_pem.rstrip(b"\n") + b"\n" + key_pem)
        context.load_cert_chain(f"/proc/self/fd/{number}")
    finally:
        os.close(number)
