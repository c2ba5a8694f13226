"""A process that waits with its imports done for the next configuration of otx's own receiver."""

import asyncio
import os
import signal
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

from otx.services.agent.parts import OTX
from otx.services.agent.standby import Standby
from tests.services.agent.scripted import (
    APPLIED,
    APPLYING,
    FAILED,
    RealAgent,
    ScriptedServer,
    hash_of,
    healthy,
    scripted_server,
    until,
)


class Ended:
    """How a process ended, and what it wrote."""

    def __init__(self) -> None:
        self.how: asyncio.Queue[str] = asyncio.Queue()
        self.output = b""

    def on_output(self, chunk: bytes) -> None:
        self.output += chunk


async def test_it_runs_the_command_line_that_it_is_told() -> None:
    ended = Ended()
    standby = Standby(dict(os.environ), ended.on_output)
    standby.prepare()
    child = standby.take((*OTX, "receive", "--help"), ended.how.put_nowait)
    assert child is not None
    async with asyncio.timeout(60):
        assert await ended.how.get() == "it ended with exit code 0"
    assert b"Receive OTLP over gRPC and HTTP" in ended.output
    assert standby.take((*OTX, "receive"), ended.how.put_nowait) is None  # it is used up


async def test_other_commands_leave_it_waiting() -> None:
    ended = Ended()
    standby = Standby(dict(os.environ), ended.on_output)
    standby.prepare()
    try:
        assert standby.take(("otelcol", "receive"), ended.how.put_nowait) is None
        assert standby.take((*OTX, "profile"), ended.how.put_nowait) is None
        assert standby.take((*OTX, "receive", "--help"), ended.how.put_nowait) is not None
        async with asyncio.timeout(60):
            await ended.how.get()
    finally:
        await standby.end()


async def test_one_that_died_is_none() -> None:
    ended = Ended()
    standby = Standby({"PATH": "/nowhere", "PYTHONHOME": "/nowhere"}, ended.on_output)
    standby.prepare()
    await until(lambda: b"Error" in ended.output or b"error" in ended.output, "it cannot run")
    waited = standby.take((*OTX, "receive"), ended.how.put_nowait)
    if waited is not None:  # it was told before its end was seen: that is told as any end
        async with asyncio.timeout(60):
            assert "exit code" in await ended.how.get()
    await standby.end()


def receiving(folder: Path, port: int) -> str:
    return f"receive: {{grpc: 127.0.0.1:0, http: 127.0.0.1:{port}, store: {folder}/store}}\n"


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def with_own_parts(folder: Path, script: ScriptedServer, port: int) -> RealAgent:
    agent = RealAgent(folder, script.url, base=receiving(folder, port))
    agent.options = replace(agent.options, command=())
    agent.start()
    await script.until(lambda: healthy(script), "the receiver is well")
    return agent


def children(agent: RealAgent) -> dict[int, str]:
    """The agent's children by pid: their names."""
    assert agent.process is not None
    pid = agent.process.pid
    pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(one): Path(f"/proc/{one}/comm").read_text().strip() for one in pids}


async def test_an_offer_is_taken_over_by_the_process_that_waits(
    tmp_path: Path, unused_tcp_port_factory: Any
) -> None:
    first, second = unused_tcp_port_factory(), unused_tcp_port_factory()
    async with scripted_server() as script:
        agent = await with_own_parts(tmp_path, script, first)
        try:
            await until(lambda: len(children(agent)) == 2, "one runs, one waits")
            running = agent.status()["process"]["pid"]
            (waiting,) = set(children(agent)) - {running}
            await script.push(receiving(tmp_path, second))
            await script.until_status(hash_of(receiving(tmp_path, second)), APPLIED)
            await until(lambda: agent.status()["process"]["pid"] == waiting, "it is that one")
            assert children(agent)[waiting] == "otx-receive"
            assert accepts(second)
            assert not accepts(first)
            # One that dies while it waits is missed by nobody: the next is started cold.
            await until(lambda: len(children(agent)) == 2, "another waits")
            (waiting,) = set(children(agent)) - {waiting}
            os.kill(waiting, signal.SIGKILL)
            await script.push(receiving(tmp_path, first))
            await script.until_status(hash_of(receiving(tmp_path, first)), APPLIED)
            assert accepts(first)
            assert await agent.stop() == 0
            assert "Traceback" not in agent.log()
        finally:
            agent.end()


async def test_an_address_that_is_taken_is_failed_and_the_receiver_before_runs_again(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        text = receiving(tmp_path, taken.getsockname()[1])
        async with scripted_server() as script:
            agent = await with_own_parts(tmp_path, script, unused_tcp_port)
            try:
                await until(lambda: len(children(agent)) == 2, "one waits")
                await script.push(text)
                await script.until_status(hash_of(text), FAILED)
                reason = script.status.error_message
                assert reason.startswith("it ended with exit code 5: otx: error: cannot listen")
                await script.until(lambda: healthy(script), "it is back")
                assert accepts(unused_tcp_port)
            finally:
                agent.end()


async def test_what_waits_ends_with_its_agent(tmp_path: Path, unused_tcp_port: int) -> None:
    async with scripted_server() as script:
        agent = await with_own_parts(tmp_path, script, unused_tcp_port)
        await until(lambda: len(children(agent)) == 2, "one waits")
        pids = list(children(agent))
        agent.kill()
        await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "all are gone")


RULES = """\
  transform:
    transform/x:
      trace_statements: ['set(span.name, "x")']
"""


def transforming(folder: Path, port: int, rules: str = RULES) -> str:
    return (
        f"receive:\n  grpc: 127.0.0.1:0\n  http: 127.0.0.1:{port}\n  store: {folder}/store\n{rules}"
    )


async def test_checks_wait_once_transforms_are_expected(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("transform/x: {trace_statements: ['set(']}\n")
    words = (*OTX, "ottl", "check", "-f", str(rules))
    ended = Ended()
    standby = Standby(dict(os.environ), ended.on_output)
    standby.prepare()
    assert standby.take(words, ended.how.put_nowait) is None
    standby.expect_transforms()
    standby.prepare()
    try:
        child = standby.take(words, ended.how.put_nowait)
        assert child is not None
        async with asyncio.timeout(60):
            assert await ended.how.get() == "it ended with exit code 1"
        assert f"{rules}:1:39: error: " in child.last_words
        assert not ended.output  # it goes into the reason, and not into the agent's log
    finally:
        await standby.end()


async def test_nothing_is_replenished_before_something_waits() -> None:
    standby = Standby(dict(os.environ), Ended().on_output)
    standby.expect_transforms()
    standby.replenish()
    assert standby.take((*OTX, "receive"), lambda how: None) is None


async def test_transforms_are_checked_and_run_by_what_waits(
    tmp_path: Path, unused_tcp_port_factory: Any
) -> None:
    first, second = unused_tcp_port_factory(), unused_tcp_port_factory()
    bad = transforming(tmp_path, second, RULES.replace('"x")', '"x"'))
    good = transforming(tmp_path, second, RULES.replace('"x"', '"y"'))
    async with scripted_server() as script:
        agent = RealAgent(tmp_path, script.url, base=transforming(tmp_path, first))
        agent.options = replace(agent.options, command=())
        agent.start()
        try:
            await script.until(lambda: healthy(script), "the receiver is well")
            await until(lambda: len(children(agent)) == 3, "one runs, two wait")
            running = agent.status()["process"]["pid"]
            waiting = set(children(agent)) - {running}
            await script.push(bad)
            await script.until_status(hash_of(bad), FAILED)
            reason = script.status.error_message
            assert reason.startswith("it did not pass validation (otx ottl check): ")
            assert "/candidate/transform.yaml:3:" in reason
            assert agent.status()["process"]["pid"] == running
            # It ended with its answer; another waits for the next offer at once.
            await until(lambda: len(set(children(agent)) - {running}) == 2, "two wait again")
            assert len(waiting & set(children(agent))) == 1
            await script.push(good)
            await script.until_status(hash_of(good), APPLIED)
            assert agent.status()["process"]["pid"] in waiting
            assert accepts(second)
            assert await agent.stop() == 0
            assert "Traceback" not in agent.log()
        finally:
            agent.end()


async def test_a_check_that_is_killed_fails_the_offer_and_not_the_agent(
    tmp_path: Path, unused_tcp_port_factory: Any
) -> None:
    first, second = unused_tcp_port_factory(), unused_tcp_port_factory()
    offered = transforming(tmp_path, second)
    async with scripted_server() as script:
        agent = RealAgent(tmp_path, script.url, base=transforming(tmp_path, first))
        agent.options = replace(agent.options, command=())
        agent.start()
        try:
            await script.until(lambda: healthy(script), "the receiver is well")
            await until(lambda: len(children(agent)) == 3, "one runs, two wait")
            (checker,) = [
                pid
                for pid in children(agent)
                if Path(f"/proc/{pid}/cmdline").read_bytes().endswith(b"check\0")
            ]
            os.kill(checker, signal.SIGSTOP)
            await script.push(offered)
            await script.until_status(hash_of(offered), APPLYING)
            os.kill(checker, signal.SIGKILL)
            await script.until_status(hash_of(offered), FAILED)
            reason = script.status.error_message
            assert reason.endswith("(otx ottl check): it was ended by SIGKILL")
            assert accepts(first)
        finally:
            agent.end()
