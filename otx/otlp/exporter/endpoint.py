"""Where to send, over what, and why: flags, `OTEL_EXPORTER_OTLP_*`, defaults.

The rules are those of the OpenTelemetry specification ("OpenTelemetry Protocol Exporter"): a
signal's own variable is the URL as it is, the general one is a base to which `v1/<signal>` is
added. Which of them held is kept, because a wrong path is the commonest mistake with OTLP.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.otlp.exporter.headers import check_headers
from otx.otlp.exporter.proxy import proxy_for
from otx.otlp.exporter.variables import PREFIX, Variables
from otx.otlp.wire import WIRE

Protocol: TypeAlias = Literal["grpc", "http/protobuf", "http/json"]
PROTOCOLS: tuple[Protocol, ...] = ("grpc", "http/protobuf", "http/json")
_GRPC_PORT, _HTTP_PORT = 4317, 4318


@dataclass(frozen=True, slots=True)
class Security:
    """What flags say of TLS; a flag beats its variable.

    Attributes:
        insecure: Whether a place without a scheme is spoken to in plain text; None for not said.
        certificate: PEM file of the authorities to trust.
        client_certificate: PEM file that this side shows.
        client_key: PEM file of its key.
    """

    insecure: bool | None = None
    certificate: str = ""
    client_certificate: str = ""
    client_key: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place to send one signal to.

    Attributes:
        target: The URL that is posted to, or for gRPC HOST:PORT; for both `unix:PATH`, where over
            HTTP each signal has its standard path.
        is_secure: Whether TLS is spoken.
        origin: What said so: `--endpoint`, a variable, `default`.
        headers: Sent with each request; names in lower case.
        certificate: PEM file of the authorities to trust, "" for the system's.
        client_certificate: PEM file that this side shows, "" for none.
        client_key: PEM file of its key, "" where that stands in the same file.
        proxy: URL of the HTTP proxy between, "" for none; gRPC finds its own.
        warnings: What was said by variables and ignored.
    """

    protocol: Protocol
    target: str
    is_secure: bool
    origin: str
    headers: Mapping[str, str] = field(default_factory=dict)
    certificate: str = ""
    client_certificate: str = ""
    client_key: str = ""
    proxy: str = ""
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.target} ({self.protocol}, from {self.origin})"


def resolve_endpoint(
    signal: Signal,
    variables: Mapping[str, str],
    endpoint: str | None = None,
    protocol: str | None = None,
    headers: Mapping[str, str] | None = None,
    endpoint_origin: str = "--endpoint",
    security: Security = Security(),
) -> Endpoint:
    """Where a signal goes: what flags say, then variables, then localhost.

    Args:
        signal: What is sent.
        variables: The environment.
        endpoint: `--endpoint`: a URL, HOST:PORT or `unix:PATH`.
        protocol: `--protocol`.
        headers: `--header`, over those of the environment.
        endpoint_origin: What gave `endpoint`, where it was no flag.
        security: `--insecure`, `--ca`, `--cert` and `--key`.

    Raises:
        UsageError: The endpoint, the protocol or a header is none.
    """
    said = Variables(signal, variables)
    text, origin = (endpoint, endpoint_origin) if endpoint else said.first("ENDPOINT")
    text, user = without_user(text)
    chosen = _protocol(protocol or said.choice("PROTOCOL", PROTOCOLS), text)
    tls = _security(said, security)
    sent_headers = {**user, **said.headers(), **(headers or {})}
    check_headers(sent_headers, is_grpc=chosen == "grpc")
    proxy = ""
    if chosen == "grpc":
        target, is_secure = _grpc_target(text, tls)
    else:
        target = _http_url(text, origin, signal)
        is_secure = target.startswith("https:")
        proxy, _ = proxy_for(target, variables)
    return Endpoint(
        protocol=chosen,
        target=target,
        is_secure=is_secure,
        origin=origin,
        headers=sent_headers,
        certificate=tls.certificate,
        client_certificate=tls.client_certificate,
        client_key=tls.client_key,
        proxy=proxy,
        warnings=tuple(said.warnings),
    )


def parse_header(text: str) -> tuple[str, str]:
    """Name in lower case and value of `NAME=VALUE`.

    Raises:
        UsageError: There is no name.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"{text!r} is no header", hint="write it like --header api-key=SECRET")
    return name.strip().lower(), value.strip()


def without_user(endpoint: str) -> tuple[str, dict[str, str]]:
    """An endpoint without the user in it, and the header that says who that is (RFC 7617).

    So no text in which the endpoint stands tells the password.
    """
    scheme, separator, rest = endpoint.partition("://")
    if not separator:
        scheme, rest = "", endpoint
    place = re.split(r"[/?#]", rest, maxsplit=1)[0]
    user, at, _ = place.rpartition("@")
    if not at or endpoint.startswith("unix:"):
        return endpoint, {}
    name, _, password = user.partition(":")
    pair = f"{unquote(name)}:{unquote(password)}".encode(errors="surrogateescape")
    told = base64.b64encode(pair).decode()
    return scheme + separator + rest.removeprefix(user + at), {"authorization": f"Basic {told}"}


def _security(said: Variables, flags: Security) -> Security:
    """Flags, and where they say nothing the variables."""
    return Security(
        insecure=said.flag("INSECURE") if flags.insecure is None else flags.insecure,
        certificate=flags.certificate or said.first("CERTIFICATE")[0],
        client_certificate=flags.client_certificate or said.first("CLIENT_CERTIFICATE")[0],
        client_key=flags.client_key or said.first("CLIENT_KEY")[0],
    )


def _protocol(said: str, endpoint: str) -> Protocol:
    for protocol in PROTOCOLS:
        if said == protocol:
            return protocol
    if said:
        raise UsageError(f"no protocol {said!r}", hint=f"one of {', '.join(PROTOCOLS)}")
    if not endpoint:
        return "http/protobuf"
    if endpoint.startswith("unix:") or "://" not in endpoint:
        return "grpc"
    if _split(endpoint)[1] == _GRPC_PORT:
        return "grpc"
    return "http/protobuf"


def _split(endpoint: str) -> tuple[str, int | None]:
    """Host and port of a URL."""
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError as error:
        raise _no_endpoint(endpoint, str(error)) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _no_endpoint(endpoint, "it is no http or https URL")
    if any(character.isspace() or not character.isprintable() for character in endpoint):
        raise _no_endpoint(endpoint, "it has a space or a control character")
    try:
        parts.hostname.encode("idna")
    except UnicodeError:
        raise _no_endpoint(endpoint, f"{parts.hostname!r} is no name of a host") from None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return host, port


def _grpc_target(endpoint: str, tls: Security) -> tuple[str, bool]:
    # Plain text where nobody says otherwise, where the specification would have TLS: this is what
    # one types for localhost. Who names certificates wants them used.
    wants_tls = bool(tls.certificate or tls.client_certificate)
    is_secure = wants_tls if tls.insecure is None else not tls.insecure
    if not endpoint:
        return f"localhost:{_GRPC_PORT}", is_secure
    if endpoint.startswith("unix:"):
        return _socket(endpoint), is_secure
    if "://" not in endpoint:
        _split(f"http://{endpoint}")
        has_port = endpoint.rpartition(":")[2].isdigit()
        return (endpoint if has_port else f"{endpoint}:{_GRPC_PORT}"), is_secure
    is_secure = urlsplit(endpoint).scheme == "https"
    host, port = _split(endpoint)
    return f"{host}:{port or (443 if is_secure else 80)}", is_secure


def _http_url(endpoint: str, origin: str, signal: Signal) -> str:
    path = WIRE[signal].path
    if not endpoint:
        return f"http://localhost:{_HTTP_PORT}{path}"
    if endpoint.startswith("unix:"):
        return _socket(endpoint)
    url = endpoint if "://" in endpoint else f"http://{endpoint}"
    _split(url)
    parts = urlsplit(url)  # which also writes the scheme in lower case, as whoever asks it wants
    if origin == f"{PREFIX}{signal.name}_ENDPOINT":
        return parts.geturl()
    # A flag that has the whole path means it; a variable is a base, by the specification.
    if not origin.startswith(PREFIX) and parts.path.endswith(path):
        return parts.geturl()
    return parts._replace(path=parts.path.rstrip("/") + path).geturl()


def _socket(endpoint: str) -> str:
    """`unix:PATH`, which gRPC also writes as unix:///PATH."""
    path = endpoint.removeprefix("unix:").removeprefix("//")
    if not path.strip("/"):
        raise _no_endpoint(endpoint, "it names no socket")
    return f"unix:{path}"


def _no_endpoint(text: str, why: str) -> UsageError:
    return UsageError(
        f"{text!r} is no endpoint: {why}",
        hint="write it like http://127.0.0.1:4318 or 127.0.0.1:4317",
    )
