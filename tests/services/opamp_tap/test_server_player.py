"""A record played to agents of another make, which report as it says, or not."""

import gzip
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from otx.opamp.framing import decode_frame, frame
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.otlp.address import Address, bind
from otx.services.opamp_tap.observer import Observer
from otx.services.opamp_tap.replay import Played
from otx.services.opamp_tap.rewriting import Rewriter
from otx.services.opamp_tap.script import Step
from otx.services.opamp_tap.server_player import ServerPlayer
from tests.services.opamp_tap.tapping import report
from tests.services.opamp_tap.test_replay import found, steps

UID = bytes([3]) * 16


def play(script: list[Step], agent: Callable[[str], Any], timeout_s: float = 2.0) -> Played:
    """Play to an agent that runs in a thread."""
    listener = bind(Address("127.0.0.1", 0))
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    thread = threading.Thread(target=agent, args=(address,))
    thread.start()
    player = ServerPlayer(
        listener, Rewriter(lambda: UID), Observer(lambda _: None), time.time_ns, timeout_s
    )
    played = player.play(script)
    thread.join()
    listener.close()
    return played


def status(hashed: bytes) -> AgentToServer:
    message = report(11, UID)
    message.remote_config_status.last_remote_config_hash = hashed
    return message


def test_an_agent_that_reports_as_recorded_gets_the_recorded_answers() -> None:
    got: list[ServerToAgent] = []

    def agent(address: str) -> None:
        with connect(f"ws://{address}/v1/opamp") as socket:
            heartbeat = AgentToServer(instance_uid=UID, sequence_num=12, capabilities=1)
            for message in (report(10, UID), heartbeat, status(b"recorded")):
                socket.send(frame(message))
                got.append(decode_frame(ServerToAgent, bytes(socket.recv(60))))  # type: ignore[arg-type]

    played = play(steps(), agent)
    assert found(played) == []
    assert [one.HasField("remote_config") for one in got] == [True, False, False]
    assert got[0].remote_config.config_hash == b"recorded"
    assert {one.instance_uid for one in got} == {UID}


def test_what_an_agent_says_otherwise_is_told() -> None:
    def agent(address: str) -> None:
        with connect(f"ws://{address}/v1/opamp") as socket:
            socket.send(frame(report(10, UID)))
            socket.recv(60)
            socket.send(frame(status(b"another")))
            socket.recv(60)

    (difference,) = found(play(steps(), agent))
    assert difference.startswith("line 4: remote_config_status.last_remote_config_hash differs")


def test_an_agent_that_says_no_more_is_told() -> None:
    def agent(address: str) -> None:
        with connect(f"ws://{address}/v1/opamp") as socket:
            socket.send(frame(report(10, UID)))
            socket.recv(60)
            with_nothing = AgentToServer(instance_uid=UID, sequence_num=12, capabilities=1)
            socket.send(frame(with_nothing))
            socket.recv(60)

    assert found(play(steps(), agent, 3.0))[-1] == "line 4: no report within 3 s"


def test_an_agent_with_nothing_but_heartbeats_says_no_more() -> None:
    def agent(address: str) -> None:
        with connect(f"ws://{address}/v1/opamp") as socket, suppress(ConnectionClosed):
            socket.send(frame(report(10, UID)))
            while True:
                socket.recv(60)
                heartbeat = AgentToServer(instance_uid=UID, sequence_num=12, capabilities=1)
                socket.send(frame(heartbeat))

    assert found(play(steps(), agent, 3.0)) == ["line 4: no report within 3 s"]


def test_over_plain_http_too() -> None:
    def agent(address: str) -> None:
        def pieces(body: bytes) -> Any:
            yield body[:3]
            yield body[3:]

        kind = {"Content-Type": "application/x-protobuf"}
        with httpx.Client(base_url=f"http://{address}", headers=kind, trust_env=False) as client:
            first = client.post("/", content=pieces(report(10, UID).SerializeToString()))
            assert ServerToAgent.FromString(first.content).HasField("remote_config")
            packed = gzip.compress(status(b"recorded").SerializeToString())
            client.post("/", content=packed, headers={"Content-Encoding": "gzip"})

    assert found(play(steps(is_http=True), agent)) == []
