"""Where to send, over what, and why: flags, `OTEL_EXPORTER_OTLP_*`, defaults.

The rules are those of the OpenTelemetry specification ("OpenTelemetry Protocol Exporter"): a
signal's own variable is the URL as it is, the general one is a base to which `v1/<signal>` is
added. Which of them held is kept, because a wrong path is the commonest mistake with OTLP.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.otlp.wire import WIRE

Protocol: TypeAlias = Literal["grpc", "http/protobuf", "http/json"]
PROTOCOLS: tuple[Protocol, ...] = ("grpc", "http/protobuf", "http/json")
_PREFIX = "OTEL_EXPORTER_OTLP_"
_GRPC_PORT, _HTTP_PORT = 4317, 4318


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place to send one signal to.

    Attributes:
        target: The URL that is posted to, or for gRPC HOST:PORT or `unix:PATH`.
        is_secure: Whether TLS is spoken.
        origin: What said so: `--endpoint`, a variable, `default`.
        headers: Sent with each request; names in lower case.
        certificate: PEM file of the authorities to trust, "" for the system's.
    """

    protocol: Protocol
    target: str
    is_secure: bool
    origin: str
    headers: Mapping[str, str] = field(default_factory=dict)
    certificate: str = ""

    def __str__(self) -> str:
        return f"{self.target} ({self.protocol}, from {self.origin})"


def resolve_endpoint(
    signal: Signal,
    variables: Mapping[str, str],
    endpoint: str | None = None,
    protocol: str | None = None,
    headers: Mapping[str, str] | None = None,
    endpoint_origin: str = "--endpoint",
) -> Endpoint:
    """Where a signal goes: what flags say, then variables, then localhost.

    Args:
        signal: What is sent.
        variables: The environment.
        endpoint: `--endpoint`: a URL, HOST:PORT or `unix:PATH`.
        protocol: `--protocol`.
        headers: `--header`, over those of the environment.
        endpoint_origin: What gave `endpoint`, where it was no flag.

    Raises:
        UsageError: The endpoint or the protocol is none.
    """
    text, origin = _first(signal, variables, "ENDPOINT", endpoint, endpoint_origin)
    said, _ = _first(signal, variables, "PROTOCOL", protocol, "--protocol")
    chosen = _protocol(said, text)
    certificate, _ = _first(signal, variables, "CERTIFICATE", None, "")
    sent_headers = {**_environment_headers(signal, variables), **(headers or {})}
    if chosen == "grpc":
        target, is_secure = _grpc_target(text)
    else:
        target = _http_url(text, origin, signal)
        is_secure = target.startswith("https:")
    return Endpoint(chosen, target, is_secure, origin, sent_headers, certificate)


def parse_header(text: str) -> tuple[str, str]:
    """Name in lower case and value of `NAME=VALUE`.

    Raises:
        UsageError: There is no name.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"{text!r} is no header", hint="write it like --header api-key=SECRET")
    return name.strip().lower(), value.strip()


def _first(
    signal: Signal, variables: Mapping[str, str], name: str, flag: str | None, flag_name: str
) -> tuple[str, str]:
    """The strongest value, and what gave it. An empty variable is unset."""
    if flag:
        return flag, flag_name
    for variable in (f"{_PREFIX}{signal.name}_{name}", _PREFIX + name):
        if value := variables.get(variable, ""):
            return value, variable
    return "", "default"


def _protocol(said: str, endpoint: str) -> Protocol:
    for protocol in PROTOCOLS:
        if said == protocol:
            return protocol
    if said:
        raise UsageError(f"no protocol {said!r}", hint=f"one of {', '.join(PROTOCOLS)}")
    if not endpoint:
        return "http/protobuf"
    if "://" not in endpoint or _split(endpoint)[1] == _GRPC_PORT:
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
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return host, port


def _grpc_target(endpoint: str) -> tuple[str, bool]:
    if not endpoint:
        return f"localhost:{_GRPC_PORT}", False
    if "://" not in endpoint:
        # Plain text, where the specification would have TLS: this is what one types for localhost.
        has_port = endpoint.startswith("unix:") or endpoint.rpartition(":")[2].isdigit()
        return (endpoint if has_port else f"{endpoint}:{_GRPC_PORT}"), False
    is_secure = endpoint.startswith("https:")
    host, port = _split(endpoint)
    return f"{host}:{port or (443 if is_secure else 80)}", is_secure


def _http_url(endpoint: str, origin: str, signal: Signal) -> str:
    path = WIRE[signal].path
    if not endpoint:
        return f"http://localhost:{_HTTP_PORT}{path}"
    if endpoint.startswith("unix:"):
        raise _no_endpoint(endpoint, "a Unix socket is for --protocol grpc")
    url = endpoint if "://" in endpoint else f"http://{endpoint}"
    _split(url)
    if origin == f"{_PREFIX}{signal.name}_ENDPOINT":
        return url
    # A flag that has the whole path means it; a variable is a base, by the specification.
    if not origin.startswith(_PREFIX) and urlsplit(url).path.endswith(path):
        return url
    return url.rstrip("/") + path


def _environment_headers(signal: Signal, variables: Mapping[str, str]) -> dict[str, str]:
    text, _ = _first(signal, variables, "HEADERS", None, "")
    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    return {name.strip().lower(): unquote(value.strip()) for name, _, value in pairs}


def _no_endpoint(text: str, why: str) -> UsageError:
    return UsageError(
        f"{text!r} is no endpoint: {why}",
        hint="write it like http://127.0.0.1:4318 or 127.0.0.1:4317",
    )
