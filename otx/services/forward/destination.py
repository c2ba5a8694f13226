"""A place that `otx receive --forward` sends to: its URL, and what stands behind it.

    https://collector:4318 header=api-key=SECRET ca=ca.pem compression=gzip timeout=5s

Where a URL leads and over which protocol is what `otx send --endpoint` says of it. Values of
headers are percent-decoded, as those of OTEL_EXPORTER_OTLP_HEADERS are, so that one can hold a
space. A user in the URL becomes the header that says who it is, and is shown nowhere. The
variables of the exporter do not count: they are about what otx itself sends.
"""

import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.model.units import NS_PER_S, parse_duration_ns
from otx.otlp.address import Address
from otx.otlp.exporter.endpoint import (
    Endpoint,
    Security,
    parse_header,
    resolve_endpoint,
    without_user,
)
from otx.otlp.exporter.tls import client_context

_COMPRESSIONS = ("none", "gzip", "zstd")
_EXPORTER = "OTEL_"
_FORM = "write it like 'https://collector:4318 header=api-key=SECRET compression=gzip'"
_ANY = ("", "0.0.0.0", "::")  # noqa: S104 - compared, not listened on
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Destination:
    """Where to send to, and how.

    Attributes:
        url: As it was given, but for a user in it: a URL, HOST:PORT or `unix:PATH`. It is what
            people are shown and what its position goes by.
        headers: Sent with each request; names in lower case.
        security: The files of its TLS.
        compression: Of what is sent: none, gzip or zstd.
        timeout_s: For one try.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    security: Security = field(default_factory=Security)
    compression: str = "none"
    timeout_s: float = 10.0

    def endpoint(self, signal: Signal, variables: Mapping[str, str]) -> Endpoint:
        """Where a signal goes.

        Raises:
            UsageError: The URL or a header is none.
        """
        proxies = {name: text for name, text in variables.items() if not name.startswith(_EXPORTER)}
        return resolve_endpoint(
            signal,
            proxies,
            self.url,
            headers=self.headers,
            endpoint_origin="--forward",
            security=self.security,
        )


def parse_destination(text: str) -> Destination:
    """Read a URL and its options.

    Raises:
        UsageError: There is none, or an option is unknown or cannot be used.
    """
    url, *words = text.split() or [""]
    if not url or "=" in url.partition("://")[0]:
        # What stands there may be a header with a secret.
        begins = f"{url.partition('=')[0]}=…" if url and "@" not in url else "…"[: len(url)]
        raise UsageError(f"--forward {begins!r} begins with no URL", hint=_FORM)
    url, headers = without_user(url)
    options: dict[str, str] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name == "header":
            key, said = parse_header(value)
            headers[key] = unquote(said)
        elif name in ("ca", "cert", "key", "compression", "timeout") and value:
            options[name] = value
        else:
            raise UsageError(f"--forward {url}: {name!r} is no option of it", hint=_FORM)
    return Destination(
        url,
        headers,
        Security(None, options.get("ca", ""), options.get("cert", ""), options.get("key", "")),
        _compression(url, options.get("compression", "none")),
        parse_duration_ns(options.get("timeout", "10s")) / NS_PER_S,
    )


def check_destinations(destinations: Sequence[Destination], variables: Mapping[str, str]) -> None:
    """Refuse what could never be sent to.

    Raises:
        UsageError: A URL, header or certificate cannot be used, or a URL is there twice.
    """
    seen: set[str] = set()
    for destination in destinations:
        endpoint = destination.endpoint(Signal.TRACES, variables)
        if endpoint.is_secure:
            client_context(endpoint)
        if endpoint.protocol == "grpc" and destination.compression == "zstd":
            raise UsageError(
                f"--forward {destination.url}: zstd is for HTTP", hint="compression=gzip"
            )
        if destination.url in seen:
            raise UsageError(f"--forward {destination.url} is there twice")
        seen.add(destination.url)


def refuse_loop(
    destinations: Sequence[Destination],
    listening: Sequence[Address],
    variables: Mapping[str, str],
) -> None:
    """Refuse a destination that is the receiver itself.

    Args:
        destinations: Where is sent to.
        listening: Where the receiver listens.
        variables: The environment.

    Raises:
        UsageError: One is.
    """
    for destination in destinations:
        endpoint = destination.endpoint(Signal.TRACES, variables)
        if any(_is_at(endpoint, address) for address in listening):
            raise UsageError(
                f"--forward {destination.url} leads back to this receiver",
                hint="what it got would come back for ever; name another place",
            )


def _is_at(endpoint: Endpoint, address: Address) -> bool:
    if address.path or endpoint.target.startswith("unix:"):
        return endpoint.target == f"unix:{address.path}"
    is_url = "://" in endpoint.target
    parts = urlsplit(endpoint.target if is_url else f"//{endpoint.target}")
    if (parts.port or _DEFAULT_PORTS.get(parts.scheme)) != address.port:
        return False
    hosts = _addresses(parts.hostname or "")
    if address.host in _ANY:
        return any(_is_local(host) for host in hosts)
    return bool(hosts & _addresses(address.host))


def _addresses(host: str) -> set[str]:
    """What a name stands for now; nothing where nobody knows."""
    with suppress(OSError):
        return {str(facts[4][0]) for facts in socket.getaddrinfo(host, None)}
    return set()


def _is_local(host: str) -> bool:
    """Whether an address is one of this machine's: a socket can be bound to those alone."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.bind((host, 0))
        return True
    return False


def _compression(url: str, text: str) -> str:
    if text not in _COMPRESSIONS:
        known = ", ".join(_COMPRESSIONS)
        raise UsageError(f"--forward {url}: {text!r} is no compression", hint=f"one of {known}")
    return text
