"""The whole agent, as a process, under a server that does what the test says."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from otx.opamp.capabilities import AgentCapability as Bit
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent, ServerToAgentFlags
from otx.opamp.opamp_pb2 import ServerErrorResponseType as ErrorType
from tests.services.agent.scripted import (
    APPLIED,
    GOOD,
    RealAgent,
    ScriptedServer,
    begun,
    hash_of,
    healthy,
    real_agent,
    scripted_server,
    until,
)


async def test_without_a_server_the_last_good_configuration_runs(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        await script.push(GOOD)
        await script.until_status(hash_of(GOOD), APPLIED)
        await until(lambda: bool(agent.state()["record"]["good"]), "it survived")
        await agent.stop()
    agent.start()
    try:
        await until(lambda: agent.alive() == ["good"], "it runs without a server")
        await until(lambda: agent.status()["connection"]["problem"] != "", "and says so")
        assert await agent.stop() == 0
    finally:
        agent.end()


async def test_an_agent_that_is_killed_takes_its_process_along(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        agent.kill()
        await until(lambda: agent.alive() == [], "the process ends with it")


async def test_what_ignores_term_is_ended_by_the_next_agent(tmp_path: Path) -> None:
    base = "marker: base\ndeaf: yes\n"
    async with scripted_server() as script, real_agent(tmp_path, script, base=base) as agent:
        await begun(script, agent)
        agent.kill()
        agent.start()
        await until(lambda: len(agent.launches()) == 2, "it is started again")
        await until(lambda: agent.alive() == ["base"], "one runs, not two")
        await agent.stop()
        assert agent.alive() == []


async def test_children_of_the_process_end_with_it(tmp_path: Path) -> None:
    base = "marker: base\nchildren: yes\n"
    async with scripted_server() as script, real_agent(tmp_path, script, base=base) as agent:
        await begun(script, agent)
        await until(lambda: sorted(agent.alive()) == ["base", "child"], "there is a child")
        await agent.stop()
        assert agent.alive() == []


async def test_remote_configuration_is_off_by_default(tmp_path: Path) -> None:
    async with scripted_server() as script:
        script.assign(GOOD)
        async with real_agent(tmp_path, script, allows_remote=False) as agent:
            await begun(script, agent)
            assert not script.messages[0].capabilities & Bit.ACCEPTS_REMOTE_CONFIG
            await until(lambda: "is not allowed here" in agent.log(), "what comes is ignored")
            assert agent.alive() == ["base"]


async def test_a_new_uid_is_kept(tmp_path: Path) -> None:
    new = bytes(range(16))

    def assign_uid(message: AgentToServer, reply: ServerToAgent) -> None:
        if message.instance_uid != new:
            reply.agent_identification.new_instance_uid = new

    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        script.answer = assign_uid
        await script.until(
            lambda: bool(script.messages) and script.messages[-1].instance_uid == new, "it uses it"
        )
        agent.kill()
        count = len(script.messages)
        agent.start()
        await script.until(lambda: len(script.messages) > count, "it is back")
        assert script.messages[count].instance_uid == new
        attributes = script.messages[count].agent_description.identifying_attributes
        names = {one.key: one.value.string_value for one in attributes}
        assert names["service.instance.id"] == "00010203-0405-0607-0809-0a0b0c0d0e0f"


async def test_a_server_is_asked_for_a_uid_until_it_gives_one(tmp_path: Path) -> None:
    new = bytes(range(16))

    def assign_uid(message: AgentToServer, reply: ServerToAgent) -> None:
        if message.flags & 1 and len(script.messages) > 1:
            reply.agent_identification.new_instance_uid = new
        elif message.flags & 1:  # have it speak again: by itself it may be silent until it beats
            reply.flags = ServerToAgentFlags.ServerToAgentFlags_ReportFullState

    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        agent.kill()
        (tmp_path / "state" / "state.json").unlink(missing_ok=True)
        (tmp_path / "state" / "state.previous.json").unlink(missing_ok=True)
        text = agent.config.read_text()
        agent.config.write_text(text.replace("agent:\n", "agent:\n  uid: assigned\n"))
        script.answer = assign_uid
        script.messages.clear()
        agent.start()
        await script.until(
            lambda: bool(script.messages) and script.messages[-1].instance_uid == new, "it has one"
        )
        asked = [message.flags for message in script.messages if message.instance_uid != new]
        assert asked
        assert set(asked) == {1}
        agent.kill()
        count = len(script.messages)
        agent.start()
        await script.until(lambda: len(script.messages) > count, "it is back")
        assert (script.messages[count].instance_uid, script.messages[count].flags) == (new, 0)


async def test_unavailable_is_honoured(tmp_path: Path) -> None:
    refused_s: list[float] = []

    def refuse_once(message: AgentToServer, reply: ServerToAgent) -> None:
        if not refused_s:
            refused_s.append(time.monotonic())
            reply.ClearField("flags")
            reply.error_response.type = ErrorType.ServerErrorResponseType_Unavailable
            reply.error_response.retry_info.retry_after_nanoseconds = 600_000_000

    async with scripted_server() as script, real_agent(tmp_path, script):
        script.answer = refuse_once
        # What it had to say before it read the refusal comes first.
        await script.until(lambda: goodbye(script) >= 0, "it goes")
        at = goodbye(script)
        await script.until(lambda: len(script.messages) > at + 1, "it comes back")
        assert time.monotonic() - refused_s[0] >= 0.6


def goodbye(script: ScriptedServer) -> int:
    """The place of the first message that ends a connection; -1 before there is one."""
    said = (at for at, it in enumerate(script.messages) if it.HasField("agent_disconnect"))
    return next(said, -1)


async def test_a_damaged_state_is_told_and_the_one_before_is_used(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        uid = script.messages[0].instance_uid
        await agent.stop()
        (tmp_path / "state" / "state.json").write_bytes(b'{"format": 1, "sha256": "0", "st')
        count = len(script.messages)
        agent.start()
        await script.until(lambda: len(script.messages) > count, "it is back")
        assert script.messages[-1].instance_uid == uid
        assert "damaged" in agent.log()
        assert (tmp_path / "state" / "state.damaged.json").exists()


async def test_a_second_agent_on_the_same_state_is_refused(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await script.until(lambda: healthy(script), "the first runs")
        first = agent.process
        agent.start()
        assert agent.process is not None
        assert await asyncio.to_thread(agent.process.wait, 30) == 5
        assert "runs already" in agent.log()
        agent.process = first


def test_the_journal_is_what_these_tests_rest_on(tmp_path: Path) -> None:
    """A pid of the journal that is someone else's now is not taken for the supervised process."""
    agent = RealAgent(tmp_path, "ws://127.0.0.1:1")
    agent.journal.write_text(f"{os.getpid()} me\n")
    assert agent.launches() == [(os.getpid(), "me")]
    assert agent.alive() == []
    with pytest.raises(AssertionError):
        agent.kill()
