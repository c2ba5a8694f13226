"""The whole agent, as a process, under a server that does what the test says."""

import asyncio
import base64
import gzip
import http.server
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from otx.opamp.capabilities import AgentCapability as Bit
from otx.opamp.opamp_pb2 import AgentToServer, OpAMPConnectionSettings, ServerToAgent
from otx.opamp.opamp_pb2 import ServerErrorResponseType as ErrorType
from otx.opamp.signing import sign
from tests.services.agent.scripted import (
    APPLIED,
    APPLYING,
    FAILED,
    SETTINGS_APPLIED,
    SETTINGS_APPLYING,
    SETTINGS_FAILED,
    RealAgent,
    ScriptedServer,
    hash_of,
    real_agent,
    scripted_server,
)

GOOD, OTHER = "marker: good\n", "marker: other\n"
BAD = "marker: bad\nexit: 3\n"


def healthy(script: ScriptedServer) -> bool:
    return "health" in script.known and bool(script.known["health"].healthy)


async def begun(script: ScriptedServer, agent: RealAgent) -> None:
    await script.until(lambda: healthy(script), "the base is well")
    await until(lambda: "base" in agent.alive(), "the base runs")


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
        assert agent.alive() == ["good"]
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
        assert [marker for _, marker in agent.launches()[len(launches) :]] == ["good"]
        assert all(one.status != FAILED for one in script.statuses[2:])
        assert messages < len(script.messages)


async def test_a_crash_under_observation_undoes_what_was_applied(tmp_path: Path) -> None:
    late = "marker: late\nexit_after: 0.2\n"
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        await script.push(late)
        await script.until_status(hash_of(late), FAILED)
        assert [one.status for one in script.statuses] == [APPLYING, APPLIED, FAILED]
        await script.until(lambda: healthy(script) and "base" in script.effective, "it is back")
        await until(lambda: agent.alive() == ["base"], "and runs")


async def test_what_was_applied_and_well_is_what_a_newer_offer_falls_back_to(
    tmp_path: Path,
) -> None:
    late = "marker: late\nexit_after: 0.3\n"
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        agent.kill()
        agent.config.write_text(agent.config.read_text().replace("300ms", "20s"))
        agent.start()
        await begun(script, agent)
        await script.push(GOOD)  # under observation for longer than this test takes
        await script.until_status(hash_of(GOOD), APPLIED)
        await script.push(BAD)
        await script.until_status(hash_of(BAD), FAILED)
        await until(lambda: agent.alive() == ["good"], "it is back")
        await script.until(lambda: "good" in script.effective, "and reported")
        await script.push(late)
        await script.until_status(hash_of(late), APPLIED)
        await script.until_status(hash_of(late), FAILED)
        await until(lambda: agent.alive() == ["good"], "it is back again")


async def test_the_newest_of_two_offers_runs(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        await script.push(GOOD)
        await script.push(OTHER)
        await script.until_status(hash_of(OTHER), APPLIED)
        assert agent.alive() == ["other"]
        after = [one for one in script.statuses if one.last_remote_config_hash == hash_of(OTHER)]
        assert script.statuses[-len(after) :] == after


async def test_an_offer_that_runs_already_is_applied_without_a_restart(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        before = agent.launches()
        empty = await script.push("")
        await script.until_status(empty, APPLIED)
        assert agent.launches() == before


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


async def test_remote_configuration_is_off_by_default(tmp_path: Path) -> None:
    async with scripted_server() as script:
        script.assign(GOOD)
        async with real_agent(tmp_path, script, allows_remote=False) as agent:
            await begun(script, agent)
            assert not script.messages[0].capabilities & Bit.ACCEPTS_REMOTE_CONFIG
            await until(lambda: "is not allowed here" in agent.log(), "what comes is ignored")
            assert agent.alive() == ["base"]


async def test_a_server_cannot_widen_what_is_allowed(tmp_path: Path) -> None:
    widened = "marker: wide\nagent: {allow: {directories: [/]}}\n"
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        await script.push(widened)
        await script.until_status(hash_of(widened), FAILED)
        assert "no server can change" in script.status.error_message
        assert len(agent.launches()) == 1


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
        assert script.messages[-1].instance_uid == new
        attributes = script.messages[-1].agent_description.identifying_attributes
        names = {one.key: one.value.string_value for one in attributes}
        assert names["service.instance.id"] == "00010203-0405-0607-0809-0a0b0c0d0e0f"


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
        await script.until(lambda: len(script.messages) >= 3, "it comes back")
        assert script.messages[1].HasField("agent_disconnect")
        assert time.monotonic() - refused_s[0] >= 0.6


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


async def test_own_metrics_arrive_where_they_were_offered_and_go_on(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        with http_receiver() as (url, bodies):
            await begun(script, agent)
            message = ServerToAgent(instance_uid=script.messages[-1].instance_uid)
            message.connection_settings.hash = b"m"
            message.connection_settings.own_metrics.destination_endpoint = url
            await script.send(message)
            await until(lambda: len(bodies) == 1, "metrics arrive")
            agent.kill()
            agent.start()
            await until(lambda: len(bodies) == 2, "and again after a restart")
    (resource,) = ExportMetricsServiceRequest.FromString(bodies[0]).resource_metrics
    identity = {it.key: it.value.string_value for it in resource.resource.attributes}
    described = script.messages[0].agent_description.identifying_attributes
    assert {it.key: it.value.string_value for it in described}.items() <= identity.items()


@contextmanager
def http_receiver(
    answer: Callable[[bytes], bytes] = lambda body: b"",
) -> Iterator[tuple[str, list[bytes]]]:
    bodies: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            bodies.append(body)
            reply = answer(body)
            self.send_response(200)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/metrics", bodies
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


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
        await script.push(OTHER)
        await script.until_status(hash_of(OTHER), APPLIED)
        await until(lambda: agent.state()["record"]["received"] == hash_of(OTHER).hex(), "kept")


async def test_a_local_file_that_does_not_stay_up_gives_way_to_what_did(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await begun(script, agent)
        await until(lambda: bool(agent.state()["proven"]), "the base is proven")
        section, _, _ = agent.config.read_text().partition("marker")
        agent.config.write_text(section + "marker: edited\nexit: 4\n")
        assert agent.process is not None
        agent.process.send_signal(signal.SIGHUP)
        await until(lambda: "what was proven before it is used" in agent.log(), "it is told")
        await until(lambda: agent.alive() == ["base"], "what ran before runs again")
        await agent.stop()
        agent.start()
        await until(lambda: agent.alive() == ["base"], "also after a restart")
        assert [it for _, it in agent.launches()].count("edited") == 2


async def test_a_server_that_moves_the_agent_to_http_is_polled(tmp_path: Path) -> None:
    reports: list[AgentToServer] = []

    def answer(body: bytes) -> bytes:
        reports.append(AgentToServer.FromString(body))
        uid = reports[-1].instance_uid
        return ServerToAgent(instance_uid=uid, capabilities=0x7F).SerializeToString()

    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        with http_receiver(answer) as (url, _):
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


async def until(holds: object, what: str) -> None:
    """Look again and again: what happens to other processes has no event to wait for."""
    assert callable(holds)
    ends_s = time.monotonic() + 30
    while True:
        try:
            if holds():
                return
        except (OSError, KeyError):
            pass
        assert time.monotonic() < ends_s, f"not within 30 s: {what}"
        await asyncio.sleep(0.01)


def test_the_journal_is_what_these_tests_rest_on(tmp_path: Path) -> None:
    """A pid of the journal that is someone else's now is not taken for the supervised process."""
    agent = RealAgent(tmp_path, "ws://127.0.0.1:1")
    agent.journal.write_text(f"{os.getpid()} me\n")
    assert agent.launches() == [(os.getpid(), "me")]
    assert agent.alive() == []
    with pytest.raises(AssertionError):
        agent.kill()
