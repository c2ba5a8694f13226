"""What a message says in one line; against the one before of the same agent only what changed.

A `Storyteller` sees the messages of all agents in the order in which they pass. What it tells holds
nothing secret: no body, no key, no certificate, no value of a header.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from otx.model.units import counted, format_duration
from otx.opamp.capabilities import AgentCapability, AgentFlag, ServerCapability, ServerFlag, words
from otx.opamp.document import enum_word, shown_url
from otx.opamp.instance_uid import uid_text
from otx.opamp.opamp_pb2 import (
    AgentToServer,
    AvailableComponents,
    ConnectionSettingsOffers,
    ConnectionSettingsStatus,
    CustomMessage,
    OpAMPConnectionSettings,
    OtherConnectionSettings,
    PackageStatuses,
    RemoteConfigStatus,
    ServerErrorResponse,
    ServerToAgent,
    TelemetryConnectionSettings,
)
from otx.opamp.story_parts import (
    LONGEST_VALUE,
    Health,
    Lines,
    description_of,
    description_told,
    hash_text,
    named,
    quoted,
    set_change,
)

AGENTS = 10_000
"""Agents that are remembered; the one heard of least recently is told anew."""
MOST_WORDS = 64
"""Custom capabilities and packages that are remembered of an agent."""
LONGEST_UID = 64
"""Bytes of a uid that are looked at; a right one has 16."""

_SETTINGS = {"opamp", "own_metrics", "own_traces", "own_logs"}
_Settings = OpAMPConnectionSettings | TelemetryConnectionSettings | OtherConnectionSettings


@dataclass(slots=True)
class _Known:
    """What was told of an agent."""

    description: dict[str, str] | None = None
    agent_bits: AgentCapability | None = None
    server_bits: ServerCapability | None = None
    health: Health | None = None
    effective: Lines | None = None
    status: tuple[bytes, str, str] | None = None
    settings_status: tuple[bytes, str, str] | None = None
    packages: dict[str, str] | None = None
    components: bytes | None = None
    agent_custom: list[str] = field(default_factory=list)
    server_custom: list[str] = field(default_factory=list)
    offered: dict[str, bytes] = field(default_factory=dict)


class Storyteller:
    """Tells messages, each as a list of phrases; never an empty one."""

    def __init__(self, agents: int = AGENTS) -> None:
        self._agents = agents
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def report(self, message: AgentToServer) -> list[str]:
        """What an agent says."""
        known = self._of(message.instance_uid)
        return list(_report(message, known)) or ["heartbeat"]

    def answer(self, message: ServerToAgent, uid: bytes) -> list[str]:
        """What a server says to an agent; `uid` is whom it is for, whatever it names itself."""
        known = self._of(uid)
        phrases = list(_answer(message, known)) or ["ok"]
        if message.HasField("agent_identification"):
            self._known[message.agent_identification.new_instance_uid[:LONGEST_UID]] = known
        return phrases

    def _of(self, uid: bytes) -> _Known:
        uid = uid[:LONGEST_UID]
        known = self._known.setdefault(uid, _Known())
        self._known.move_to_end(uid)
        while len(self._known) > self._agents:
            self._known.popitem(last=False)
        return known


def _report(message: AgentToServer, known: _Known) -> Iterator[str]:
    if message.HasField("agent_description"):
        description = description_of(message.agent_description)
        yield description_told(description, known.description)
        known.description = description
    if message.HasField("health"):
        health = Health.of(message.health)
        yield health.told(known.health)
        known.health = health
    if message.HasField("effective_config"):
        effective = Lines.of(message.effective_config.config_map)
        yield effective.told(known.effective)
        known.effective = effective
    if message.HasField("remote_config_status"):
        status = _status(message.remote_config_status)
        yield _status_told("status", status, known.status)
        known.status = status
    if message.HasField("connection_settings_status"):
        status = _status(message.connection_settings_status)
        yield _status_told("settings status", status, known.settings_status)
        known.settings_status = status
    yield from _rare(message, known)
    if message.capabilities:
        yield from _agent_bits(AgentCapability(message.capabilities), known)


def _agent_bits(bits: AgentCapability, known: _Known) -> Iterator[str]:
    if known.agent_bits is None:
        yield f"can {' '.join(words(bits))}"
    elif bits != known.agent_bits:
        yield f"capabilities {set_change(words(bits), words(known.agent_bits))}"
    known.agent_bits = bits


def _status(status: RemoteConfigStatus | ConnectionSettingsStatus) -> tuple[bytes, str, str]:
    if isinstance(status, RemoteConfigStatus):
        hashed = status.last_remote_config_hash
    else:
        hashed = status.last_connection_settings_hash
    return hashed, _enum(status, "status"), quoted(status.error_message)


def _status_told(
    name: str, status: tuple[bytes, str, str], before: tuple[bytes, str, str] | None
) -> str:
    hashed, word, error = status
    said = f"{name} {word} {hash_text(hashed)}" + (f": {error}" if error else "")
    return f"{said}, unchanged" if status == before else said


def _rare(message: AgentToServer, known: _Known) -> Iterator[str]:
    if message.HasField("package_statuses"):
        yield _packages(message.package_statuses, known)
    if message.HasField("available_components"):
        yield _components(message.available_components, known)
    if message.HasField("custom_capabilities"):
        names = _names(message.custom_capabilities.capabilities)
        yield from _custom(names, known.agent_custom)
        known.agent_custom = names
    if message.HasField("custom_message"):
        yield _custom_message(message.custom_message)
    if message.HasField("connection_settings_request"):
        csr = message.connection_settings_request.opamp.certificate_request.csr
        yield f"asks for a certificate (CSR, {counted(len(csr), 'byte')})"
    if message.flags:
        yield f"flags {' '.join(words(AgentFlag(message.flags)))}"
    if message.HasField("agent_disconnect"):
        yield "goes away"
    yield from _unknown(message)


def _packages(statuses: PackageStatuses, known: _Known) -> str:
    now = {
        quoted(name, LONGEST_VALUE): " ".join(
            filter(None, [_enum(one, "status"), one.agent_has_version, quoted(one.error_message)])
        )
        for name, one in sorted(statuses.packages.items())[:MOST_WORDS]
    }
    before = known.packages or {}
    changes = [f"{name} {said}" for name, said in now.items() if before.get(name) != said]
    changes += [f"{name} gone" for name in before if name not in now]
    is_first, known.packages = known.packages is None, now
    error = f": {quoted(statuses.error_message)}" if statuses.error_message else ""
    return f"packages: {named(changes) or ('none' if is_first else 'unchanged')}{error}"


def _components(components: AvailableComponents, known: _Known) -> str:
    is_same = known.components == components.hash
    known.components = components.hash
    many = counted(len(components.components), "kind") if components.components else "hash only"
    return f"components {hash_text(components.hash)} ({many}{', unchanged' if is_same else ''})"


def _answer(message: ServerToAgent, known: _Known) -> Iterator[str]:
    if message.HasField("error_response"):
        yield _error(message.error_response)
    if message.HasField("command"):
        yield f"command {_enum(message.command, 'type')}"
    if message.HasField("remote_config"):
        config = message.remote_config
        again = _again("remote_config", config.config_hash, known)
        objects = counted(len(config.config.config_map), "object")
        yield f"offers remote config {hash_text(config.config_hash)} ({objects}){again}"
    if message.HasField("connection_settings"):
        yield _settings_offer(message.connection_settings, known)
    if message.HasField("packages_available"):
        offer = message.packages_available
        again = _again("packages_available", offer.all_packages_hash, known)
        yield f"offers packages {hash_text(offer.all_packages_hash)} ({len(offer.packages)}){again}"
    if message.HasField("agent_identification"):
        new = message.agent_identification.new_instance_uid
        yield f"gives the uid {uid_text(new[:LONGEST_UID])}"
    yield from _server_words(message, known)
    yield from _unknown(message)


def _server_words(message: ServerToAgent, known: _Known) -> Iterator[str]:
    if message.flags:
        yield f"flags {' '.join(words(ServerFlag(message.flags)))}"
    if message.capabilities:
        bits = ServerCapability(message.capabilities)
        if known.server_bits is None:
            yield f"can {' '.join(words(bits))}"
        elif bits != known.server_bits:
            yield f"capabilities {set_change(words(bits), words(known.server_bits))}"
        known.server_bits = bits
    if message.HasField("custom_capabilities"):
        names = _names(message.custom_capabilities.capabilities)
        yield from _custom(names, known.server_custom)
        known.server_custom = names
    if message.HasField("custom_message"):
        yield _custom_message(message.custom_message)


def _error(error: ServerErrorResponse) -> str:
    text = f": {quoted(error.error_message)}" if error.error_message else ""
    wait = ""
    if error.HasField("retry_info"):
        wait = f", retry after {format_duration(error.retry_info.retry_after_nanoseconds)}"
    return f"error {_enum(error, 'type')}{text}{wait}"


def _again(name: str, hashed: bytes, known: _Known) -> str:
    is_again = known.offered.get(name) == hashed
    known.offered[name] = hashed
    return " again" if is_again else ""


def _settings_offer(offers: ConnectionSettingsOffers, known: _Known) -> str:
    named_settings = [
        (field.name, one) for field, one in offers.ListFields() if field.name in _SETTINGS
    ]
    others = sorted(offers.other_connections.items())
    parts = [
        f"{quoted(name, LONGEST_VALUE)}: {_settings(one)}"
        for name, one in [*named_settings, *others[:MOST_WORDS]]
    ]
    again = _again("connection_settings", offers.hash, known)
    return f"offers settings {hash_text(offers.hash)} ({'; '.join(parts) or 'empty'}){again}"


def _settings(one: _Settings) -> str:
    parts = [quoted(shown_url(one.destination_endpoint), LONGEST_VALUE)]
    if one.headers.headers:
        names = [quoted(header.key, LONGEST_VALUE) for header in one.headers.headers]
        parts.append(f"headers {named(names)}")
    if one.HasField("certificate"):
        parts.append("certificate" + (" and key" if one.certificate.private_key else ""))
    if one.HasField("tls"):
        parts.append("tls" + (", verification off" if one.tls.insecure_skip_verify else ""))
    if one.HasField("proxy"):
        parts.append(f"proxy {quoted(shown_url(one.proxy.url), LONGEST_VALUE)}")
    if isinstance(one, OpAMPConnectionSettings):
        parts.append(f"heartbeat {one.heartbeat_interval_seconds}s")
    return ", ".join(filter(None, parts)) or "empty"


def _names(capabilities: Sequence[str]) -> list[str]:
    return [quoted(name, LONGEST_VALUE) for name in capabilities[:MOST_WORDS]]


def _custom(now: list[str], before: list[str]) -> Iterator[str]:
    # opamp-go's server sends an empty list with every answer over HTTP.
    if now or before:
        yield f"custom capabilities {set_change(now, before) or 'unchanged'}"


def _custom_message(message: CustomMessage) -> str:
    name = f"{quoted(message.capability, LONGEST_VALUE)} {quoted(message.type, LONGEST_VALUE)}"
    return f"custom message {name} ({counted(len(message.data), 'byte')})"


def _enum(message: Message, name: str) -> str:
    return str(enum_word(message.DESCRIPTOR.fields_by_name[name], getattr(message, name)))


def _unknown(message: Message) -> Iterator[str]:
    unknown: Any = UnknownFieldSet(message)
    numbers = sorted({one.field_number for one in unknown})
    if numbers:
        yield f"unknown fields {named([str(number) for number in numbers])}"
