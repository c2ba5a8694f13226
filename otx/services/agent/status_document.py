"""What an agent writes down for `otx agent status`; keys are stable, scripts read them."""

import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from otx import __version__
from otx.opamp.instance_uid import InstanceUid, uid_text
from otx.opamp.opamp_pb2 import ConnectionSettingsStatuses
from otx.opamp.transport.endpoint import Endpoint
from otx.services.agent.link import State
from otx.services.agent.memory import Memory
from otx.services.agent.supervisor import Supervisor

STATUS_EVERY_S = 10.0
"""How often it is written where nothing changes."""


def status_document(
    state: str,
    *,
    uid: InstanceUid,
    memory: Memory,
    supervisor: Supervisor,
    link: State,
    servers: Sequence[Endpoint],
    started_unix_ns: int,
    allows_remote: bool,
    own_telemetry: dict[str, dict[str, object]],
    remarks: list[str],
) -> dict[str, Any]:
    """The status as JSON has it; it holds no secrets."""
    record, runner = supervisor.machine.record, supervisor.runner
    settings_status = ConnectionSettingsStatuses.Name(memory.settings_status)
    return {
        "state": state,
        "pid": os.getpid(),
        "uid": uid_text(uid),
        "version": __version__,
        "started_unix_nano": started_unix_ns,
        "written_unix_nano": time.time_ns(),
        "state_problem": supervisor.keeper.problem,
        "servers": [one.shown for one in servers],
        "connection": asdict(link),
        "connection_settings": {
            "status": settings_status.removeprefix("ConnectionSettingsStatuses_"),
            "hash": memory.settings_hash.hex(),
            "reason": memory.settings_reason,
        },
        "allows_remote_config": allows_remote,
        "remote_config": {
            "phase": record.phase.value,
            "status": record.status.name,
            "hash": record.received.hex(),
            "reason": record.reason,
            "candidate": record.candidate.hex(),
            "trial": record.trial.hex(),
            "good": record.good.hex(),
            "running": supervisor.running_hash.hex(),
            "attempts": record.attempts,
            "failed": [one.hash.hex() for one in record.failures],
        },
        "process": {
            "command": list(runner.command),
            "pid": memory.process[0] if memory.process else None,
            "started_unix_nano": runner.started_unix_ns,
            "problem": runner.problem,
            "restarts": supervisor.restarts,
            "next_start_unix_nano": supervisor.next_start_unix_ns,
        },
        "local_file": supervisor.reload.document(),
        **{
            signal: {"is_offered": signal in memory.telemetry, **state}
            for signal, state in own_telemetry.items()
        },
        "packages": "declined: otx installs none",
        "remarks": remarks,
    }
