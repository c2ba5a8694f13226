"""What an edited local file leads to: the whole agent, as a process."""

import asyncio
import signal
from pathlib import Path
from typing import Any

from otx.services.agent.reload import (
    FORMER_RUNS_AGAIN,
    FORMER_RUNS_ON,
    NOTHING_BEFORE,
    UNHEALTHY_RUNS_ON,
)
from tests.services.agent.scripted import (
    APPLIED,
    APPLYING,
    GOOD,
    WAIT_S,
    RealAgent,
    begun,
    hash_of,
    healthy,
    real_agent,
    scripted_server,
    until,
)


def edit(agent: RealAgent, text: str) -> None:
    """Another local file with the same section, and HUP."""
    section, _, _ = agent.config.read_text().partition("marker")
    agent.config.write_text(section + text)
    hang_up(agent)


def hang_up(agent: RealAgent) -> None:
    assert agent.process is not None
    agent.process.send_signal(signal.SIGHUP)


async def outcome(agent: RealAgent, known: str) -> dict[str, Any]:
    await until(lambda: agent.status()["local_file"]["outcome"] == known, known)
    found = agent.status()["local_file"]
    assert isinstance(found, dict)
    return found


def watched_for(agent: RealAgent, observation: str) -> None:
    """Start the agent anew with another observation."""
    agent.kill()
    agent.config.write_text(agent.config.read_text().replace("300ms", observation))
    agent.start()


async def test_hup_takes_over_a_local_file_that_can_be_used_only(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        section, _, _ = agent.config.read_text().partition("marker")
        agent.config.write_text(section + "marker: [\n")
        assert agent.process is not None
        agent.process.send_signal(signal.SIGHUP)
        await until(lambda: "is not taken" in agent.log(), "it is refused")
        assert agent.alive() == ["base"]
        agent.config.write_text(section + "marker: edited\n")
        agent.process.send_signal(signal.SIGHUP)
        await script.until(lambda: "edited" in script.effective, "the new one runs")
        await until(lambda: agent.alive() == ["edited"], "and nothing else")


async def test_a_local_file_that_does_not_stay_up_gives_way_to_what_did(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        await until(lambda: bool(agent.state()["proven"]), "the base is proven")
        section, _, _ = agent.config.read_text().partition("marker")
        agent.config.write_text(section + "marker: edited\nexit: 4\n")
        assert agent.process is not None
        agent.process.send_signal(signal.SIGHUP)
        await until(lambda: "what ran before it runs again" in agent.log(), "it is told")
        await until(lambda: agent.alive() == ["base"], "what ran before runs again")
        await agent.stop()
        agent.start()
        await until(lambda: agent.alive() == ["base"], "also after a restart")
        assert [it for _, it in agent.launches()].count("edited") == 2


async def test_what_passed_its_window_is_gone_back_to_before_it_is_proven(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        watched_for(agent, "1m")
        await begun(script, agent)
        await until(lambda: bool(agent.state()["local"]), "the base passed its window")
        edit(agent, "marker: edited\nexit: 4\n")
        found = await outcome(agent, "failed")
        assert found["reason"].startswith("it ended with exit code 4: fatal: cannot go on")
        assert found["goes_on"] == FORMER_RUNS_AGAIN
        await until(lambda: agent.alive() == ["base"], "what ran before runs again")
        assert [it for _, it in agent.launches()].count("edited") == 1
        assert any("does not stay up" in one for one in agent.status()["remarks"])
        # What is edited then is verified as ever.
        edit(agent, "marker: mended\n")
        await outcome(agent, "runs")
        await until(lambda: agent.alive() == ["mended"], "it runs")


async def test_an_edit_that_crashes_under_observation_gives_way_too(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        watched_for(agent, "1m")
        await begun(script, agent)
        await until(lambda: bool(agent.state()["local"]), "the base passed its window")
        edit(agent, "marker: late\n")
        await outcome(agent, "runs")
        await agent.crash("late")
        assert (await outcome(agent, "failed"))["goes_on"] == FORMER_RUNS_AGAIN
        await until(lambda: agent.alive() == ["base"], "what ran before runs again")


async def test_where_nothing_ran_before_the_crashes_are_counted_and_told(tmp_path: Path) -> None:
    base = "marker: base\nexit: 4\n"
    async with scripted_server() as script, real_agent(tmp_path, script, base=base) as agent:
        found = await outcome(agent, "failed")
        assert found["goes_on"] == NOTHING_BEFORE
        await until(lambda: agent.status()["process"]["restarts"] > 1, "it is counted")
        assert agent.status()["process"]["next_start_unix_nano"] > 0
        edit(agent, "marker: mended\n")
        await outcome(agent, "runs")
        await until(lambda: agent.alive() == ["mended"], "it runs")


async def test_a_file_that_is_gone_or_cannot_be_used_is_refused(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        text = agent.config.read_text()
        agent.config.unlink()
        hang_up(agent)
        found = await outcome(agent, "refused")
        assert "no such file" in found["reason"]
        assert found["goes_on"] == FORMER_RUNS_ON
        agent.config.write_text(text + "b: [\n")
        hang_up(agent)
        await until(lambda: "is no YAML at line" in agent.status()["local_file"]["reason"], "told")
        assert [it for _, it in agent.launches()] == ["base"]


async def test_nothing_is_restarted_where_the_text_is_the_same(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        watched_for(agent, "1m")
        await begun(script, agent)
        await script.push(GOOD)
        await script.until_status(hash_of(GOOD), APPLIED)
        await until(lambda: agent.alive() == ["good"], "it runs")
        launches, told = agent.launches(), len(script.statuses)
        hang_up(agent)
        await outcome(agent, "unchanged")
        # The server's objects hide the edit: what comes of both is what runs.
        edit(agent, "marker: hidden\n")
        await until(lambda: agent.log().count("was read again") == 2, "it is read")
        assert agent.launches() == launches
        assert script.statuses[told:] == []


async def test_an_edit_under_observation_is_verified_and_no_offer_fails_for_it(
    tmp_path: Path,
) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        watched_for(agent, "1m")
        await begun(script, agent)
        await script.push(GOOD)
        await script.until_status(hash_of(GOOD), APPLIED)
        edit(agent, "marker: base\nexit: 5\n")
        await outcome(agent, "failed")
        await script.until_status(hash_of(GOOD), APPLIED)
        await until(lambda: agent.alive() == ["good"], "the offer runs over the former file")
        statuses = [one.status for one in script.statuses]
        assert statuses[-2:] == [APPLYING, APPLIED]
        assert healthy(script)


class Health:
    """A health check that answers what a test says."""

    def __init__(self) -> None:
        self.status = 200

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(f"HTTP/1.1 {self.status} x\r\n\r\n".encode())
        writer.close()


async def test_an_edit_that_is_never_well_gives_way_where_something_ran_before(
    tmp_path: Path,
) -> None:
    health = Health()
    async with (
        await asyncio.start_server(health.answer, "127.0.0.1", 0) as checked,
        scripted_server() as script,
        real_agent(tmp_path, script) as agent,
    ):
        agent.kill()
        url = f"http://127.0.0.1:{checked.sockets[0].getsockname()[1]}/"
        text = agent.config.read_text()
        agent.config.write_text(
            text.replace(f" timeout: {WAIT_S}s", f" timeout: 500ms, url: '{url}'")
        )
        health.status = 503
        agent.start()
        # Nothing ran before: it runs on, and both the file and its health are told.
        assert (await outcome(agent, "failed"))["goes_on"] == UNHEALTHY_RUNS_ON
        assert "answers 503" in agent.status()["local_file"]["reason"]
        await until(lambda: agent.alive() == ["base"], "it runs on")
        health.status = 200
        await outcome(agent, "runs")
        await until(lambda: bool(agent.state()["local"]), "it is kept")
        health.status = 503
        edit(agent, "marker: edited\n")
        found = await outcome(agent, "failed")
        assert found["goes_on"] == FORMER_RUNS_AGAIN
        assert found["reason"].startswith("not healthy within 0.5 s: its health check answers 503")
        await until(lambda: agent.alive() == ["base"], "what ran before runs again")


async def test_many_signals_at_once_end_with_the_newest_file(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        for number in range(5):
            edit(agent, f"marker: edit{number}\n")
            await asyncio.sleep(0)
        await until(lambda: agent.alive() == ["edit4"], "the newest runs")
        await outcome(agent, "runs")
