"""The agent's own section of its local file: what it allows a server, and how it watches.

    agent:
      name: edge-collector                 # service.name; else the command's
      attributes: {deployment.environment.name: production}
      uid: own                             # or assigned: the server is asked for one
      heartbeat: 30s
      health: {url: "http://127.0.0.1:13133/", window: 1s, timeout: 10s, observation: 30s}
      stop_timeout: 10s
      validate: [otelcol, validate, --config, "{config}"]  # []: nothing validates
      collector: true                      # else told by the command's name
      message_limit: 64MiB                 # the largest message either way
      tls: {ca: FILE, cert: FILE, key: FILE, insecure: false, min_version: "1.2", request: false}
      allow:
        endpoints: ["otlp.example.com:4317"]  # where exporters may send; no list: anywhere
        directories: [/var/log]               # files that may be touched; no list: any
        components: [otlp, batch]             # kinds of components; no list: all that run nothing
        exec: false                           # components that run programs
        servers: ["opamp-2.example.com"]      # hosts that settings offers may move the agent to
        insecure: false                       # settings offers that turn verification off

No server can change it: remote configurations that have an `agent` section are refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from otx.errors import OtxError, UsageError
from otx.model.units import parse_duration_ns, parse_size
from otx.opamp.framing import DEFAULT_LIMIT, Limits
from otx.services.agent.overlay import OWN_SECTION, Unmergeable, compose, keys_of
from otx.services.agent.runner import Timing


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a server may do; None: no list, so nothing is restricted by it."""

    endpoints: tuple[str, ...] | None = None
    directories: tuple[str, ...] | None = None
    components: tuple[str, ...] | None = None
    exec: bool = False
    servers: tuple[str, ...] = ()
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """The agent's own section, with what holds where it says nothing."""

    name: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    asks_for_uid: bool = False
    heartbeat_s: int = 0
    health_url: str = ""
    timing: Timing = field(default_factory=Timing)
    validate: tuple[str, ...] | None = None
    collector: bool | None = None
    tls: Mapping[str, str] = field(default_factory=dict)
    allowed: Allowed = field(default_factory=Allowed)
    limits: Limits = field(default_factory=Limits)


def read_section(text: bytes, file: str) -> Section:
    """The section of a local file; what is no YAML map has none.

    Raises:
        UsageError: It says something that it cannot say; the text names file and place.
    """
    try:
        node = keys_of(compose(file, text)).get(OWN_SECTION)
    except Unmergeable as error:
        if _BEGINS.search(text):
            raise UsageError(str(error), hint="what it allows a server cannot be read") from None
        return Section()  # another format, which has no such section
    if node is None:
        return Section()
    reader = _Reader(file)
    value = reader.plain(node)
    top = reader.map(value, "agent", _TOP)
    health = reader.map(top.get("health", {}), "agent.health", _HEALTH)
    allow = reader.map(top.get("allow", {}), "agent.allow", _ALLOW)
    usual = Timing()
    timing = Timing(
        window_s=reader.seconds(health, "agent.health", "window", usual.window_s),
        health_s=reader.seconds(health, "agent.health", "timeout", usual.health_s),
        observation_s=reader.seconds(health, "agent.health", "observation", usual.observation_s),
        stop_s=reader.seconds(top, "agent", "stop_timeout", usual.stop_s),
        validate_s=reader.seconds(top, "agent", "validate_timeout", usual.validate_s),
    )
    return Section(
        name=reader.text(top, "agent", "name"),
        attributes=reader.texts_map(top.get("attributes", {}), "agent.attributes"),
        asks_for_uid=reader.one_of(top, "agent", "uid", ("own", "assigned")) == "assigned",
        heartbeat_s=round(reader.seconds(top, "agent", "heartbeat", 0)),
        health_url=reader.text(health, "agent.health", "url"),
        timing=timing,
        validate=reader.texts(top, "agent", "validate"),
        collector=reader.flag(top, "agent", "collector"),
        limits=Limits(message_bytes=reader.size(top, "agent", "message_limit", DEFAULT_LIMIT)),
        tls=reader.texts_map(reader.map(top.get("tls", {}), "agent.tls", _TLS), "agent.tls"),
        allowed=Allowed(
            endpoints=reader.texts(allow, "agent.allow", "endpoints"),
            directories=reader.texts(allow, "agent.allow", "directories"),
            components=reader.texts(allow, "agent.allow", "components"),
            exec=bool(reader.flag(allow, "agent.allow", "exec")),
            servers=reader.texts(allow, "agent.allow", "servers") or (),
            insecure=bool(reader.flag(allow, "agent.allow", "insecure")),
        ),
    )


_BEGINS = re.compile(rb"^[\"']?agent[\"']?\s*:", re.MULTILINE)
_TOP = {
    "name", "uid", "attributes", "heartbeat", "health", "stop_timeout", "validate",
    "validate_timeout", "collector", "tls", "allow", "message_limit",
}  # fmt: skip
_HEALTH = {"url", "window", "timeout", "observation"}
_ALLOW = {"endpoints", "directories", "components", "exec", "servers", "insecure"}
_TLS = {"ca", "cert", "key", "insecure", "min_version", "request"}


class _Reader:
    """Takes values out of a section, or says which of them cannot be used."""

    def __init__(self, file: str) -> None:
        self._file = file

    def plain(self, node: yaml.Node) -> Any:
        """A node as Python's values."""
        try:
            return yaml.safe_load(yaml.serialize(node))
        except (yaml.YAMLError, ValueError) as error:
            raise self._error("agent", " ".join(str(error).split())) from None

    def map(self, value: Any, place: str, known: set[str]) -> dict[str, Any]:
        """A map with known keys only: a word spelt wrong would silently allow or forbid."""
        if not isinstance(value, dict):
            raise self._error(place, "it is no map")
        for key in value:
            if key not in known:
                raise self._error(
                    f"{place}.{key}", f"there is no such key; known: {', '.join(sorted(known))}"
                )
        return value

    def seconds(self, values: dict[str, Any], place: str, key: str, usual: float) -> float:
        """A duration in seconds."""
        value = values.get(key)
        if value is None:
            return usual
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        try:
            return parse_duration_ns(str(value)) / 1e9
        except OtxError as error:
            raise self._error(f"{place}.{key}", error.message) from None

    def size(self, values: dict[str, Any], place: str, key: str, usual: int) -> int:
        """A size in bytes."""
        try:
            return parse_size(str(values[key])) if key in values else usual
        except OtxError as error:
            raise self._error(f"{place}.{key}", error.message) from None

    def text(self, values: dict[str, Any], place: str, key: str) -> str:
        """A text; "" where it is not there."""
        value = values.get(key, "")
        if not isinstance(value, str):
            raise self._error(f"{place}.{key}", "it is no text")
        return value

    def one_of(self, values: dict[str, Any], place: str, key: str, words: tuple[str, ...]) -> str:
        """One of these words; the first where it is not there."""
        value = values.get(key, words[0])
        if value not in words:
            raise self._error(f"{place}.{key}", f"it is none of {', '.join(words)}")
        return str(value)

    def texts(self, values: dict[str, Any], place: str, key: str) -> tuple[str, ...] | None:
        """A list of texts; None where it is not there, which is not an empty one."""
        if key not in values:
            return None
        value = values[key]  # null, for a list that somebody forgot to write, is no list
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self._error(f"{place}.{key}", "it is no list of texts")
        return tuple(value)

    def texts_map(self, value: Any, place: str) -> dict[str, str]:
        """A map of texts; numbers and flags are taken as they are written."""
        if not isinstance(value, dict) or any(
            isinstance(one, dict | list) for one in value.values()
        ):
            raise self._error(place, "it is no map of texts")
        return {
            str(key): str(one).lower() if isinstance(one, bool) else str(one)
            for key, one in value.items()
        }

    def flag(self, values: dict[str, Any], place: str, key: str) -> bool | None:
        """True, false, or None where it is not there."""
        value = values.get(key)
        if value is not None and not isinstance(value, bool):
            raise self._error(f"{place}.{key}", "it is neither true nor false")
        return value

    def _error(self, place: str, what: str) -> UsageError:
        return UsageError(f"{self._file}: {place}: {what}", hint="docs/agent.md shows the section")
