"""Many agents on one server: nothing is lost when it restarts or is killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.opamp_fleet import Server, allow_files, measure


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path)
    yield started
    started.end()


async def test_two_hundred_agents_are_all_back_after_a_restart_and_a_kill(server: Server) -> None:
    figures = await measure(server, 200, steady_s=1.0, heartbeat_s=0.5, retry_s=2.0)
    assert figures["kept"] == figures["known"] == figures["in_sync"] == 200
    assert figures["memory_mib"] < 200


@pytest.mark.long
async def test_ten_thousand_agents(server: Server) -> None:
    count = 10_000
    if allow_files(count + 200) < count + 200:
        pytest.skip("this machine allows too few open files")
    figures = await measure(server, count, steady_s=60.0, heartbeat_s=30.0)
    assert figures["kept"] == figures["known"] == count
