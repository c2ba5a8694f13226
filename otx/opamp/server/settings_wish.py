"""Connection settings as an operator writes them down, as the message that offers them."""

from collections.abc import Callable, Mapping
from typing import Any

from otx.errors import UsageError
from otx.model.units import NS_PER_S, parse_duration_ns
from otx.opamp.opamp_pb2 import (
    ConnectionSettingsOffers,
    Header,
    Headers,
    OpAMPConnectionSettings,
    OtherConnectionSettings,
    TelemetryConnectionSettings,
    TLSCertificate,
    TLSConnectionSettings,
)
from otx.opamp.server.settings import AUTHORIZATION, DEFAULT_HEARTBEAT_S

_TELEMETRY = ("own_metrics", "own_traces", "own_logs")
_PARTS = ("opamp", *_TELEMETRY, "other")
_KEYS = {
    "opamp": {"endpoint", "headers", "certificate", "tls", "proxy", "heartbeat", "rotate_token"},
    **{name: {"endpoint", "headers", "certificate", "tls", "proxy"} for name in _TELEMETRY},
    "other": {"endpoint", "headers", "certificate", "tls", "proxy", "settings"},
}
_SCHEMES = ("ws://", "wss://", "http://", "https://")


def read_settings(
    wanted: Mapping[str, Any], endpoint: str, make_token: Callable[[], str]
) -> tuple[ConnectionSettingsOffers, str | None]:
    """The offer of a document, and the token that was made for it.

    Args:
        endpoint: This server's own, for an `opamp` that names none.
        make_token: Makes a token where `opamp.rotate_token` asks for one.

    Raises:
        UsageError: A key is unknown, or a value cannot be meant.
    """
    parts = {name: wanted[name] for name in _PARTS if wanted.get(name) is not None}
    if not parts:
        raise UsageError(f"settings need one of {', '.join(_PARTS)}")
    for name, part in parts.items():
        named = part if name == "other" else {name: part}
        for key, one in _object(named, name).items():
            unknown = set(_object(one, key)) - _KEYS[name]
            if unknown:
                raise UsageError(f"settings: {name} has no {', '.join(sorted(unknown))}")
    offers = ConnectionSettingsOffers()
    token = None
    if "opamp" in parts:
        opamp = parts["opamp"]
        token = make_token() if opamp.get("rotate_token") else None
        offers.opamp.CopyFrom(_opamp(opamp, endpoint, token))
    for name in _TELEMETRY:
        if name in parts:
            getattr(offers, name).CopyFrom(_telemetry(parts[name], name))
    for key, one in parts.get("other", {}).items():
        offers.other_connections[key].CopyFrom(_other(one))
    return offers, token


def _opamp(part: Mapping[str, Any], endpoint: str, token: str | None) -> OpAMPConnectionSettings:
    target = str(part.get("endpoint") or endpoint)
    if not target.startswith(_SCHEMES):
        raise UsageError(f"settings: {target!r} is no ws or http URL")
    seconds = parse_duration_ns(str(part.get("heartbeat", f"{DEFAULT_HEARTBEAT_S}s"))) // NS_PER_S
    settings = OpAMPConnectionSettings(
        destination_endpoint=target, heartbeat_interval_seconds=seconds
    )
    headers = _headers(part)
    if token is not None:
        kept = [one for one in headers.headers if one.key.lower() != AUTHORIZATION.lower()]
        headers = Headers(headers=[*kept, Header(key=AUTHORIZATION, value=f"Bearer {token}")])
    settings.headers.CopyFrom(headers)
    _common(settings, part)
    return settings


def _telemetry(part: Mapping[str, Any], name: str) -> TelemetryConnectionSettings:
    target = str(part.get("endpoint", ""))
    if not target.startswith(("http://", "https://")):
        raise UsageError(
            f"settings: {name} needs an endpoint", hint="the full URL: https://host:4318/v1/metrics"
        )
    settings = TelemetryConnectionSettings(destination_endpoint=target)
    settings.headers.CopyFrom(_headers(part))
    _common(settings, part)
    return settings


def _other(part: Mapping[str, Any]) -> OtherConnectionSettings:
    settings = OtherConnectionSettings(destination_endpoint=str(part.get("endpoint", "")))
    settings.headers.CopyFrom(_headers(part))
    settings.other_settings.update(
        {str(key): str(text) for key, text in _object(part.get("settings", {}), "settings").items()}
    )
    _common(settings, part)
    return settings


def _common(
    settings: OpAMPConnectionSettings | TelemetryConnectionSettings | OtherConnectionSettings,
    part: Mapping[str, Any],
) -> None:
    """Certificate, TLS and proxy, which all three have."""
    if certificate := part.get("certificate"):
        texts = {
            key: str(text).encode() for key, text in _object(certificate, "certificate").items()
        }
        settings.certificate.CopyFrom(_message(TLSCertificate, texts, "certificate"))
    if tls := part.get("tls"):
        settings.tls.CopyFrom(_message(TLSConnectionSettings, _object(tls, "tls"), "tls"))
    if proxy := part.get("proxy"):
        settings.proxy.url = str(_object(proxy, "proxy").get("url", ""))


def _message(kind: Any, fields: Mapping[str, Any], name: str) -> Any:
    try:
        return kind(**fields)
    except (ValueError, TypeError) as error:
        raise UsageError(f"settings: {name}: {error}") from None


def _headers(part: Mapping[str, Any]) -> Headers:
    pairs = _object(part.get("headers") or {}, "headers")
    return Headers(headers=[Header(key=str(key), value=str(text)) for key, text in pairs.items()])


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"settings: {name} is no object with keys")
    return value
