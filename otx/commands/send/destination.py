"""Where `otx send` sends to: flags, settings, and the standard variables of OpenTelemetry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from otx.commands.send.options import Taken
from otx.config import Config, Value
from otx.environment import Environment
from otx.errors import UsageError
from otx.model.units import parse_duration_ns
from otx.output import Remarks

if TYPE_CHECKING:
    from otx.model.signal import Signal
    from otx.otlp.exporter.endpoint import Endpoint

_NS_PER_S = 1e9


@dataclass(frozen=True, slots=True)
class Destination:
    """Where one signal goes, and how.

    Attributes:
        timeout_s: For one request.
    """

    endpoint: "Endpoint"
    compression: str
    timeout_s: float


def destination(
    environment: Environment, signal: "Signal", taken: Taken, *, warns: bool = True
) -> Destination:
    """What the options and variables say of a signal.

    Args:
        environment: Where variables and settings are.
        signal: What is sent.
        taken: The options of `DESTINATION`.
        warns: Whether what variables say in vain is warned about.

    Raises:
        UsageError: The endpoint, the protocol, a header or the timeout is none.
    """
    from otx.otlp.exporter.variables import COMPRESSIONS, Variables

    place = _own_setting(environment, signal, "send.endpoint", taken["endpoint"])
    way = _own_setting(environment, signal, "send.protocol", taken["protocol"])
    origin = "--endpoint" if place is None or place.origin == "flag" else place.origin
    told = (place.text if place else None, way.text if way else None)
    endpoint = _endpoint(signal, environment.variables, told, origin, taken)
    said = Variables(signal, environment.variables)
    compression = taken["compression"] or said.choice("COMPRESSION", COMPRESSIONS) or "none"
    timeout_s = _timeout_s(taken["timeout"]) if taken["timeout"] else said.timeout_s()
    for warning in (*endpoint.warnings, *said.warnings) if warns else ():
        Remarks(environment).warning(warning)
    return Destination(endpoint, compression, timeout_s)


def check_flags(signal: "Signal", taken: Taken) -> None:
    """Refuse what flags say in vain, whatever variables and settings say.

    Args:
        signal: What is sent.
        taken: The options of `DESTINATION`.

    Raises:
        UsageError: The endpoint, the protocol, a header or the timeout is none.
    """
    _endpoint(signal, {}, (taken["endpoint"], taken["protocol"]), "--endpoint", taken)
    if taken["timeout"]:
        _timeout_s(taken["timeout"])


def _endpoint(
    signal: "Signal",
    variables: Mapping[str, str],
    told: tuple[str | None, str | None],
    origin: str,
    taken: Taken,
) -> "Endpoint":
    """Where to send by an endpoint and a protocol that were told, variables and other flags."""
    from otx.otlp.exporter.endpoint import Security, parse_header, resolve_endpoint

    return resolve_endpoint(
        signal,
        variables,
        endpoint=told[0],
        protocol=told[1],
        headers=dict(parse_header(text) for text in taken["header"] or []),
        endpoint_origin=origin,
        security=Security(
            taken["insecure"], taken["ca"] or "", taken["cert"] or "", taken["key"] or ""
        ),
    )


def _own_setting(
    environment: Environment, signal: "Signal", key: str, flag: str | None
) -> Value | None:
    """A setting, unless the variables of OpenTelemetry decide; those have rules of their own."""
    value = Config(environment).get(key, flag)
    if value.origin == "flag" or value.origin.startswith("environment OTX_"):
        return value
    name = key.partition(".")[2].upper()
    standard = (f"OTEL_EXPORTER_OTLP_{signal.name}_{name}", f"OTEL_EXPORTER_OTLP_{name}")
    if value.origin == "default" or any(environment.variables.get(it) for it in standard):
        return None
    return value


def _timeout_s(text: str) -> float:
    timeout_s = parse_duration_ns(text) / _NS_PER_S
    if timeout_s <= 0:
        raise UsageError("--timeout has to be above 0")
    return timeout_s
