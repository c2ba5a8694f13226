"""The agent's state in the words of the protocol."""

from otx.opamp.config_machine import Record
from otx.opamp.config_table import Status
from otx.opamp.opamp_pb2 import (
    ComponentHealth,
    ConnectionSettingsStatus,
    ConnectionSettingsStatuses,
    EffectiveConfig,
    RemoteConfigStatus,
)
from otx.services.agent.memory import Memory
from otx.services.agent.redaction import redacted, redacted_words
from otx.services.agent.runner import Runner
from otx.services.agent.supervisor import Supervisor

LONGEST_ERROR = 4096


def health(supervisor: Supervisor, agent_started_unix_ns: int) -> ComponentHealth:
    """How the supervised process does; without one, how the agent does."""
    runner, record = supervisor.runner, supervisor.machine.record
    is_running = runner.started_unix_ns > 0
    part = ComponentHealth(healthy=runner.running is not None and not runner.problem)
    part.start_time_unix_nano = runner.started_unix_ns
    if part.healthy and not is_running:
        part.start_time_unix_nano = agent_started_unix_ns  # nothing is to be run: the agent's own
    if not part.healthy:
        part.last_error = redacted_words(runner.problem)[:LONGEST_ERROR]
    part.status = _state(runner)
    part.status_time_unix_nano = part.start_time_unix_nano
    facts = {
        "otx.config.phase": record.phase.value,
        "otx.config.good_hash": record.good.hex(),
        "otx.config.running_hash": supervisor.running_hash.hex(),
    }
    if record.failures:
        facts["otx.config.failed_hash"] = record.failures[-1].hash.hex()
    for key, value in facts.items():
        part.attributes.add(key=key).value.string_value = value
    return part


def _state(runner: Runner) -> str:
    """Healthy is said of what was well for the window; until then it is starting."""
    if runner.running is None:
        return "not running"
    return "running" if runner.is_verified or not runner.started_unix_ns else "starting"


def effective_config(text: bytes | None) -> EffectiveConfig:
    """The configuration that runs, without its secrets."""
    part = EffectiveConfig()
    one = part.config_map.config_map[""]
    if text is not None:
        one.body, one.content_type = redacted(text), "text/yaml"
    return part


def remote_status(record: Record) -> RemoteConfigStatus | None:
    """How far the last offer has come; None before any."""
    if record.status is Status.UNSET:
        return None
    reason = redacted_words(record.reason)
    part = RemoteConfigStatus(last_remote_config_hash=record.received, error_message=reason)
    part.status = record.status.value
    return part


def settings_status(memory: Memory) -> ConnectionSettingsStatus | None:
    """What became of the last offer of connection settings; None before any."""
    if not memory.settings_status:
        return None
    return ConnectionSettingsStatus(
        last_connection_settings_hash=memory.settings_hash,
        error_message=redacted_words(memory.settings_reason),
        status=ConnectionSettingsStatuses.Name(memory.settings_status),
    )
