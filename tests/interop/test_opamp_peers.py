"""The peers themselves: they build, speak to each other and end."""

from pathlib import Path

import pytest

from tests.interop.opamp_peers import Programs, go_server, running

pytestmark = pytest.mark.long


@pytest.mark.parametrize("scheme", ["ws", "http"])
def test_server_and_agent_of_opamp_go_meet(go_peers: Programs, tmp_path: Path, scheme: str) -> None:
    command, config = go_server(tmp_path)
    config.write_text("a: 1\n")
    with running(command) as server:
        address = server.until("listening")["addr"]
        url = f"{scheme}://{address}/v1/opamp"
        with running([go_peers.agent, "-endpoint", url, "-heartbeat", "1s"]) as agent:
            offer = server.until("offer")
            applied = agent.until("status")
            assert applied["hash"] == offer["hash"]
            assert applied["status"] == "RemoteConfigStatuses_APPLIED"
            assert agent.stop() == 0
        assert server.stop() == 0
