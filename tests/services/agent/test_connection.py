"""Settings that a server offers for its connection: the whole agent, as a process."""

import base64
from pathlib import Path

from otx.opamp.opamp_pb2 import AgentToServer, OpAMPConnectionSettings, ServerToAgent
from tests.services.agent.http_receiver import http_receiver
from tests.services.agent.scripted import (
    SETTINGS_APPLIED,
    SETTINGS_APPLYING,
    SETTINGS_FAILED,
    ScriptedServer,
    begun,
    real_agent,
    scripted_server,
    until,
)


def settings_offer(script: ScriptedServer, url: str, **headers: str) -> ServerToAgent:
    message = ServerToAgent(instance_uid=script.messages[-1].instance_uid)
    offers = message.connection_settings
    offers.hash = f"{url}{headers}".encode()
    offers.opamp.destination_endpoint = url
    offers.opamp.heartbeat_interval_seconds = 30
    for key, value in headers.items():
        offers.opamp.headers.headers.add(key=key, value=value)
    return message


async def test_other_settings_are_tried_kept_and_used_after_a_restart(tmp_path: Path) -> None:
    servers = scripted_server(), scripted_server()
    async with servers[0] as old, servers[1] as new, real_agent(tmp_path, old) as agent:
        await begun(old, agent)
        await old.send(settings_offer(old, new.url, Authorization="new"))
        await new.until(lambda: new.settings_status == SETTINGS_APPLIED, "it moved and says so")
        assert old.settings_status == SETTINGS_APPLYING
        assert old.messages[-1].HasField("agent_disconnect")
        assert new.headers["Authorization"] == "new"
        assert new.known["health"].healthy
        agent.kill()
        count = len(old.messages), len(new.messages)
        agent.start()
        await new.until(lambda: len(new.messages) > count[1], "it comes back there")
        assert len(old.messages) == count[0]
        assert len(agent.launches()) <= 2


async def test_settings_that_do_not_work_are_given_up_and_told(tmp_path: Path) -> None:
    async with scripted_server() as gone:
        pass
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        await script.send(settings_offer(script, gone.url))
        await script.until(lambda: script.settings_status == SETTINGS_FAILED, "it is back")
        assert "refused" in script.known["connection_settings_status"].error_message
        assert "candidate" not in agent.state()["settings"]
        assert len(agent.launches()) == 1


async def test_settings_for_another_host_or_without_verification_are_refused(
    tmp_path: Path,
) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        await script.send(settings_offer(script, "ws://evil.example:1"))
        await script.until(lambda: script.settings_status == SETTINGS_FAILED, "refused")
        assert "agent.allow.servers" in script.known["connection_settings_status"].error_message
        assert not any(one.HasField("agent_disconnect") for one in script.messages)


async def test_a_candidate_that_was_being_tried_is_tried_again_after_a_crash(
    tmp_path: Path,
) -> None:
    async with scripted_server() as old, scripted_server() as new:
        silent, new.is_silent = new, True
        async with real_agent(tmp_path, old) as agent:
            await begun(old, agent)
            await old.send(settings_offer(old, new.url))
            await until(lambda: "candidate" in agent.state()["settings"], "it is on disk")
            agent.kill()
            silent.is_silent = False
            agent.start()
            await new.until(lambda: new.settings_status == SETTINGS_APPLIED, "it got in")


async def test_a_certificate_is_asked_for_tried_and_kept_with_its_key(tmp_path: Path) -> None:
    asked: list[bytes] = []

    def sign_request(message: AgentToServer, reply: ServerToAgent) -> None:
        csr = message.connection_settings_request.opamp.certificate_request.csr
        if csr:
            asked.append(csr)
            reply.connection_settings.hash = b"certificate"
            reply.connection_settings.opamp.heartbeat_interval_seconds = 30
            reply.connection_settings.opamp.certificate.cert = b"signed for " + csr

    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        agent.kill()
        text = agent.config.read_text()
        agent.config.write_text(text.replace("agent:\n", "agent:\n  tls: {request: true}\n"))
        script.answer = sign_request
        agent.start()
        await script.until(lambda: script.settings_status == SETTINGS_APPLIED, "it is kept")
        kept = base64.b64decode(agent.state()["settings"]["current"])
        certificate = OpAMPConnectionSettings.FromString(kept).certificate
        assert certificate.cert == b"signed for " + asked[0]
        assert b"PRIVATE KEY" in certificate.private_key
        assert "key" not in agent.state()["settings"]
        assert len(asked) == 1


async def test_a_server_that_moves_the_agent_to_http_is_polled(tmp_path: Path) -> None:
    reports: list[AgentToServer] = []

    def answer(body: bytes) -> bytes:
        reports.append(AgentToServer.FromString(body))
        uid = reports[-1].instance_uid
        return ServerToAgent(instance_uid=uid, capabilities=0x7F).SerializeToString()

    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        with http_receiver(answer=answer) as (url, _):
            await begun(script, agent)
            moved = settings_offer(script, url)
            moved.connection_settings.opamp.heartbeat_interval_seconds = 1
            await script.send(moved)
            await until(lambda: len(reports) >= 4, "it polls")
            await agent.stop()
    told = [it.connection_settings_status.status for it in reports]
    assert SETTINGS_APPLIED in told
    assert reports[-1].HasField("agent_disconnect")
    numbers = [it.sequence_num for it in reports]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
