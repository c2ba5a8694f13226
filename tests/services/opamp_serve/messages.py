"""Reports as an agent of flesh and bytes sends them."""

from otx.opamp.capabilities import AgentCapability
from otx.opamp.opamp_pb2 import (
    AgentConfigFile,
    AgentConfigMap,
    AgentDescription,
    AgentToServer,
    AnyValue,
    ComponentHealth,
    EffectiveConfig,
    KeyValue,
    RemoteConfigStatus,
)

USUAL = (
    AgentCapability.REPORTS_STATUS
    | AgentCapability.ACCEPTS_REMOTE_CONFIG
    | AgentCapability.REPORTS_EFFECTIVE_CONFIG
    | AgentCapability.REPORTS_HEALTH
    | AgentCapability.REPORTS_REMOTE_CONFIG
    | AgentCapability.ACCEPTS_RESTART_COMMAND
)
FIRST = 1 << 24


def uid_of(number: int) -> bytes:
    """A uid of its own for each number."""
    return b"\x01\x90" + b"\x00" * 4 + b"\x70\x00\x80\x00" + number.to_bytes(6, "big")


def full(number: int, sequence_num: int = FIRST, **labels: str) -> AgentToServer:
    """A complete report."""
    pairs = {"host.name": f"host-{number}", **labels}
    return AgentToServer(
        instance_uid=uid_of(number),
        sequence_num=sequence_num,
        capabilities=USUAL,
        agent_description=AgentDescription(
            identifying_attributes=[_pair("service.name", f"agent-{number}")],
            non_identifying_attributes=[_pair(*pair) for pair in pairs.items()],
        ),
        health=ComponentHealth(healthy=True, start_time_unix_nano=1),
        effective_config=EffectiveConfig(
            config_map=AgentConfigMap(config_map={"": AgentConfigFile(body=b"mine: 1")})
        ),
        remote_config_status=RemoteConfigStatus(),
    )


def heartbeat(number: int, sequence_num: int) -> AgentToServer:
    """A report that says nothing new."""
    return AgentToServer(instance_uid=uid_of(number), sequence_num=sequence_num, capabilities=USUAL)


def status(
    number: int, sequence_num: int, word: str, hash_: bytes, error: str = ""
) -> AgentToServer:
    """A report of what became of a configuration."""
    message = heartbeat(number, sequence_num)
    message.remote_config_status.CopyFrom(
        RemoteConfigStatus(
            last_remote_config_hash=hash_,
            status=f"RemoteConfigStatuses_{word}",
            error_message=error,
        )
    )
    return message


def _pair(key: str, text: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=text))
