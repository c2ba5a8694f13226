"""What becomes of an offer: the whole agent, as a process, under a scripted server."""

import asyncio
import os
import resource
import signal
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from otx.opamp.capabilities import AgentCapability as Bit
from otx.opamp.opamp_pb2 import ServerToAgent
from otx.opamp.signing import sign
from tests.services.agent.scripted import (
    APPLIED,
    APPLYING,
    BAD,
    FAILED,
    GOOD,
    OTHER,
    ScriptedServer,
    begun,
    hash_of,
    healthy,
    real_agent,
    scripted_server,
    until,
)

WATCHED = {"observation": "1h"}  # for longer than a test takes
# It ends when a test ends it.
DEAF = {"base": "marker: base\ndeaf: yes\n", "stop_timeout": "1h"}


async def test_an_offer_is_applied_and_what_is_reported_is_what_runs(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        first = script.messages[0]
        assert first.agent_description.identifying_attributes
        assert first.effective_config.config_map.config_map[""].body == b"marker: base\n"
        assert first.capabilities & Bit.ACCEPTS_REMOTE_CONFIG
        assert not first.capabilities & Bit.ACCEPTS_PACKAGES
        await script.push(GOOD)
        await script.until_status(hash_of(GOOD), APPLIED)
        assert [one.status for one in script.statuses] == [APPLYING, APPLIED]
        assert "marker: good" in script.effective
        await until(lambda: agent.alive() == ["good"], "it runs")
        sequence = [one.sequence_num for one in script.messages]
        assert sequence == list(range(sequence[0], sequence[0] + len(sequence)))
        assert await agent.stop() == 0
        assert script.messages[-1].HasField("agent_disconnect")
        assert agent.alive() == []


async def test_a_config_that_cannot_start_is_taken_back_with_its_own_words(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        await script.push(BAD)
        await script.until_status(hash_of(BAD), FAILED)
        assert "exit code 3" in script.status.error_message
        assert "fatal: cannot go on" in script.status.error_message
        await script.until(lambda: healthy(script) and "base" in script.effective, "it is back")
        await until(lambda: agent.alive() == ["base"], "and runs")
        # The same again: nothing is started, and nothing is said.
        launches, messages = agent.launches(), len(script.messages)
        await script.push(BAD)
        await script.push(GOOD)
        await script.until_status(hash_of(GOOD), APPLIED)
        await until(lambda: agent.alive() == ["good"], "it runs")
        assert [marker for _, marker in agent.launches()[len(launches) :]] == ["good"]
        assert all(one.status != FAILED for one in script.statuses[2:])
        assert messages < len(script.messages)


async def test_the_last_words_of_a_process_reach_the_server_without_secrets(tmp_path: Path) -> None:
    text = "marker: password=hunter2\nexit: 3\n"
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        await script.push(text)
        await script.until_status(hash_of(text), FAILED)
        assert "began with password=[REDACTED]" in script.status.error_message
        told = [message.SerializeToString() for message in script.messages]
        assert not any(
            b"last_error: hunter2" in one or b"with password=hunter2" in one for one in told
        )
        await until(lambda: agent.alive() == ["base"], "the base runs again")
        assert "hunter2" not in str(agent.status()) + str(agent.state())


async def test_a_crash_under_observation_undoes_what_was_applied(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script, **WATCHED) as agent:
        await begun(script, agent)
        await script.push(GOOD)
        await script.until_status(hash_of(GOOD), APPLIED)
        await agent.crash("good")
        await script.until_status(hash_of(GOOD), FAILED)
        assert [one.status for one in script.statuses] == [APPLYING, APPLIED, FAILED]
        await script.until(lambda: healthy(script) and "base" in script.effective, "it is back")
        await until(lambda: agent.alive() == ["base"], "and runs")


async def test_a_bad_offer_leads_back_to_the_one_under_observation(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script, **WATCHED) as agent:
        await begun(script, agent)
        await script.push(GOOD)
        await script.until_status(hash_of(GOOD), APPLIED)
        await script.push(BAD)
        await script.until_status(hash_of(BAD), FAILED)
        await until(lambda: agent.alive() == ["good"], "it runs again")
        await script.until(lambda: "marker: good" in script.effective, "and is reported")
        # The newest that is healthy makes the one before it last good, and proves no text.
        proven = agent.state()["proven"]
        await script.push(OTHER)
        await script.until_status(hash_of(OTHER), APPLIED)
        assert agent.state()["record"]["good"] == hash_of(GOOD).hex()
        assert agent.state()["proven"] == proven
        agent.kill()
        agent.start()
        await until(lambda: agent.alive() == ["other"], "it is verified again")


async def test_what_was_applied_and_well_is_what_a_newer_offer_falls_back_to(
    tmp_path: Path,
) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script, **WATCHED) as agent:
        await begun(script, agent)
        await script.push(GOOD)  # under observation for longer than this test takes
        await script.until_status(hash_of(GOOD), APPLIED)
        await script.push(BAD)
        await script.until_status(hash_of(BAD), FAILED)
        await until(lambda: agent.alive() == ["good"], "it is back")
        await script.until(lambda: "good" in script.effective, "and reported")
        await script.push(OTHER)
        await script.until_status(hash_of(OTHER), APPLIED)
        await agent.crash("other")
        await script.until_status(hash_of(OTHER), FAILED)
        await until(lambda: agent.alive() == ["good"], "it is back again")


async def test_the_newest_of_two_offers_runs(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        await script.push(GOOD)
        await script.push(OTHER)
        await script.until_status(hash_of(OTHER), APPLIED)
        await until(lambda: agent.alive() == ["other"], "it runs")
        after = [one for one in script.statuses if one.last_remote_config_hash == hash_of(OTHER)]
        assert script.statuses[-len(after) :] == after


async def test_an_offer_that_runs_already_is_applied_without_a_restart(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        before = agent.launches()
        empty = await script.push("")
        await script.until_status(empty, APPLIED)
        assert agent.launches() == before


async def test_a_server_cannot_widen_what_is_allowed(tmp_path: Path) -> None:
    widened = "marker: wide\nagent: {allow: {directories: [/]}}\n"
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        await script.push(widened)
        await script.until_status(hash_of(widened), FAILED)
        assert "no server can change" in script.status.error_message
        assert len(agent.launches()) == 1


async def test_signed_configurations_alone_are_taken(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    trust = (public.decode(),)
    async with scripted_server() as script, real_agent(tmp_path, script, trust=trust) as agent:
        await begun(script, agent)
        await script.push(GOOD)
        await script.until_status(hash_of(GOOD), FAILED)
        assert "not signed" in script.status.error_message
        assert len(agent.launches()) == 1
        message = ServerToAgent(instance_uid=script.messages[-1].instance_uid)
        message.remote_config.config_hash = b"signed"
        message.remote_config.config.config_map["x"].body = OTHER.encode()
        sign(message.remote_config.config, [key])
        script.assigned = None
        await script.send(message)
        await script.until_status(b"signed", APPLIED)
        await until(lambda: agent.alive() == ["other"], "it runs")
        assert "ed25519" not in script.effective


async def test_a_full_disk_ends_nothing_and_refuses_what_it_cannot_keep(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        assert agent.process is not None
        hard = resource.prlimit(agent.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(agent.process.pid, resource.RLIMIT_FSIZE, (0, hard))
        await script.push(GOOD)
        await script.until_status(hash_of(GOOD), FAILED)
        assert "cannot be stored" in script.status.error_message
        assert agent.alive() == ["base"]
        resource.prlimit(agent.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        # Nothing was wrong with it: it is tried again by itself.
        await script.until_status(hash_of(GOOD), APPLIED)
        assert [one.status for one in script.statuses][-3:] == [FAILED, APPLYING, APPLIED]
        await until(lambda: agent.state()["record"]["received"] == hash_of(GOOD).hex(), "kept")
        await until(lambda: agent.status()["state_problem"] == "", "and said")


async def test_a_refused_validation_is_told_as_one(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        section = agent.config.read_text().replace(
            "agent:\n", "agent:\n  validate: [/bin/sh, -c, 'echo no such thing; exit 1']\n"
        )
        await agent.stop()
        agent.config.write_text(section)
        agent.start()
        await begun(script, agent)
        await script.push(GOOD)
        await script.until_status(hash_of(GOOD), FAILED)
        assert "did not pass validation (sh): no such thing" in script.status.error_message


async def test_a_restart_is_ordered_and_the_config_beside_it_ignored(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        started = script.known["health"].start_time_unix_nano
        order = ServerToAgent(instance_uid=script.messages[-1].instance_uid, capabilities=0x7F)
        order.command.SetInParent()
        order.remote_config.config_hash = b"x"
        await script.send(order)
        await script.until(
            lambda: healthy(script) and script.known["health"].start_time_unix_nano > started,
            "it was restarted",
        )
        assert script.statuses == []
        await until(lambda: [it for _, it in agent.launches()] == ["base", "base"], "it runs")


async def test_a_process_that_does_not_stay_up_is_told(tmp_path: Path) -> None:
    base = "marker: base\nexit: 4\n"
    async with scripted_server() as script, real_agent(tmp_path, script, base=base) as agent:
        await until(
            lambda: agent.log().count("the process is down: it ended with exit") > 1, "said"
        )
        await until(lambda: agent.status()["process"]["restarts"] > 1, "and counted")
        assert script.url


async def test_a_process_that_dies_is_unhealthy_until_it_is_back(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        os.kill(agent.launches()[-1][0], signal.SIGKILL)
        await script.until(lambda: not healthy(script), "its end is told")
        gone = script.known["health"]
        assert "SIGKILL" in gone.last_error
        assert gone.start_time_unix_nano == 0
        await script.until(lambda: healthy(script), "it is back")
        assert script.known["health"].start_time_unix_nano > 0
        await until(lambda: len(agent.launches()) == 2, "it runs")


async def test_what_starts_is_called_healthy_once_it_was_well_for_the_window(
    tmp_path: Path,
) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        seen = len(script.messages)
        await script.push(GOOD)
        await script.until_status(hash_of(GOOD), APPLIED)
        told = [one.health for one in script.messages[seen:] if one.HasField("health")]
        while told[0].healthy and told[0].start_time_unix_nano != told[-1].start_time_unix_nano:
            told.pop(0)  # of what ran before, and runs while the new one is validated
        assert [one.healthy for one in told] == [False] * (len(told) - 1) + [True]
        assert told[-2].status == "starting"
        assert told[-2].last_error == "it is starting"
        assert told[-2].start_time_unix_nano == told[-1].start_time_unix_nano > 0
        # APPLIED and healthy are one message: nobody sees the one without the other.
        assert script.messages[-1].health.healthy
        assert script.messages[-1].remote_config_status.status == APPLIED


async def test_a_crash_under_observation_is_never_merged_away(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script, **WATCHED) as agent:
        await begun(script, agent)
        await script.push(GOOD)
        await script.until_status(hash_of(GOOD), APPLIED)
        seen = len(script.messages)
        await agent.crash("good")
        await script.until_status(hash_of(GOOD), FAILED)
        await script.until(lambda: healthy(script), "the one before is well again")
        told = [one.health for one in script.messages[seen:] if one.HasField("health")]
        assert not told[0].healthy
        assert any("SIGKILL" in one.last_error for one in told[:-1])
        assert told[-1].healthy


def offers(count: int) -> list[str]:
    return [f"marker: offer{number}\n" for number in range(count)]


async def test_a_burst_of_offers_is_few_starts_and_the_newest_is_applied(tmp_path: Path) -> None:
    burst = offers(20)
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        for text in burst:
            await script.push(text)
        await script.until_status(hash_of(burst[-1]), APPLIED)
        await until(lambda: agent.alive() == ["offer19"], "the newest runs")
        assert len(agent.launches()) <= 3  # the base, the first where it was quick, the newest
        applied = [one for one in script.statuses if one.status == APPLIED]
        assert [one.last_remote_config_hash for one in applied] == [hash_of(burst[-1])]


async def test_what_comes_before_the_former_has_ended_is_one_start(tmp_path: Path) -> None:
    burst = offers(4)
    async with scripted_server() as script, real_agent(tmp_path, script, **DEAF) as agent:
        await begun(script, agent)
        for text in burst:
            await script.push(text)
            await script.until_status(hash_of(text), APPLYING)
            await asyncio.sleep(0.3)  # long enough for each to be validated and ordered
        await agent.crash("base")
        await script.until_status(hash_of(burst[-1]), APPLIED)
        await until(lambda: agent.alive() == ["offer3"], "the newest runs")
        assert [it for _, it in agent.launches()] == ["base", "offer3"]


async def test_a_refusal_after_a_burst_brings_back_what_ran(tmp_path: Path) -> None:
    refused = "agent: {}\n"
    async with scripted_server() as script, real_agent(tmp_path, script, **DEAF) as agent:
        await begun(script, agent)
        await script.push(GOOD)
        await until(lambda: "is being restarted" in agent.status()["process"]["problem"], "ends")
        await script.push(refused)
        await script.until_status(hash_of(refused), FAILED)
        await agent.crash("base")
        await until(lambda: [it for _, it in agent.launches()] == ["base", "base"], "it is back")
        await script.until(lambda: healthy(script), "and well")


async def signed_offer(script: ScriptedServer, key: Ed25519PrivateKey, name: bytes) -> None:
    """OTHER, signed, under any hash."""
    message = ServerToAgent(instance_uid=script.messages[-1].instance_uid)
    message.remote_config.config_hash = name
    message.remote_config.config.config_map["x"].body = OTHER.encode()
    sign(message.remote_config.config, [key])
    await script.send(message)


async def test_a_signed_offer_of_what_runs_is_applied_without_a_restart(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    trust = (public.decode(),)
    async with scripted_server() as script, real_agent(tmp_path, script, trust=trust) as agent:
        await begun(script, agent)
        await signed_offer(script, key, b"first")
        await script.until_status(b"first", APPLIED)
        await until(lambda: agent.alive() == ["other"], "it runs")
        launches = agent.launches()
        await signed_offer(script, key, b"second")
        await script.until_status(b"second", APPLIED)
        await signed_offer(script, Ed25519PrivateKey.generate(), b"foreign")
        await script.until_status(b"foreign", FAILED)
        assert agent.launches() == launches
        assert agent.alive() == ["other"]


async def test_an_offer_of_what_has_just_been_started_waits_until_it_is_verified(
    tmp_path: Path,
) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        agent.kill()
        agent.config.write_text(agent.config.read_text().replace("50ms", "1s"))
        empty = script.assign("")
        seen = len(script.messages)
        agent.start()
        await script.until_status(empty, APPLIED)
        told = [one for one in script.messages[seen:] if one.HasField("remote_config_status")]
        assert told[-1].health.healthy or healthy(script)
        assert len(agent.launches()) <= 2  # one of the agent that was killed, if it came so far
