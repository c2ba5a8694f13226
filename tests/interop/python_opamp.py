"""An agent on OpenTelemetry's Python client of OpAMP: a server's URL, then seconds between polls.

Applies every configuration in memory and prints one JSON line for each thing that happens. Runs
where that client is installed, which has a protobuf package of its own.
"""

import json
import sys
from typing import Any

from opentelemetry._opamp.agent import OpAMPAgent  # type: ignore[import-not-found]
from opentelemetry._opamp.callbacks import OpAMPCallbacks  # type: ignore[import-not-found]
from opentelemetry._opamp.client import OpAMPClient  # type: ignore[import-not-found]
from opentelemetry._opamp.proto import opamp_pb2  # type: ignore[import-not-found]


def say(event: str, **facts: Any) -> None:
    print(json.dumps({"event": event, **facts}), flush=True)  # noqa: T201 - it is no part of otx


class Callbacks(OpAMPCallbacks):  # type: ignore[misc]
    """Applies what is offered."""

    def on_connect_failed(self, agent: Any, client: Any, error: Exception) -> None:
        say("connect_failed", error=str(error))

    def on_error(self, agent: Any, client: Any, error_response: Any) -> None:
        say("error", message=error_response.error_message)

    def on_message(self, agent: Any, client: Any, message: Any) -> None:
        config = message.remote_config
        say("message", has_config=config is not None)
        if config is None:
            return
        bodies = {key: file.body.decode() for key, file in config.config.config_map.items()}
        say("config", hash=config.config_hash.hex(), bodies=bodies)
        client.update_effective_config({"": {"applied": 1}}, content_type="application/json")
        status = client.update_remote_config_status(
            remote_config_hash=config.config_hash,
            status=opamp_pb2.RemoteConfigStatuses.RemoteConfigStatuses_APPLIED,
        )
        if status is not None:
            agent.send(client.build_remote_config_status_response_message(status))


def main() -> None:
    url, interval = sys.argv[1], float(sys.argv[2])
    client = OpAMPClient(
        endpoint=url,
        timeout_millis=10_000,
        agent_identifying_attributes={"service.name": "python-client"},
    )
    agent = OpAMPAgent(interval=interval, callbacks=Callbacks(), client=client)
    agent.start()
    say("started", uid=client._instance_uid.hex())
    sys.stdin.read()
    agent.stop()


if __name__ == "__main__":
    main()
