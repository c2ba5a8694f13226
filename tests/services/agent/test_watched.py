"""What the server does wrong is said in the agent's log, once, and the message still arrives."""

import pytest

from otx.opamp.framing import Malformed
from otx.opamp.monitor import Watch
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.transport.channel import ChannelError, Why
from otx.services.agent.watched import WatchedChannel

UID = b"u" * 16
REPORT = AgentToServer(instance_uid=UID, sequence_num=7, capabilities=0x805)


class Script:
    """A channel that receives what it was given."""

    half_duplex = False

    def __init__(self, *answers: ServerToAgent | Exception) -> None:
        self.answers = list(answers)
        self.sent: list[AgentToServer] = []
        self.is_closed = False

    async def send(self, message: AgentToServer) -> None:
        self.sent.append(message)

    async def receive(self) -> ServerToAgent:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        self.is_closed = True


async def test_a_broken_rule_is_said_once_and_the_message_arrives() -> None:
    offer = ServerToAgent(instance_uid=UID, capabilities=1)
    offer.remote_config.config_hash = b"A"
    script = Script(offer, offer)
    said: list[str] = []
    channel = WatchedChannel(script, Watch(), said.append)
    await channel.send(REPORT)
    assert [await channel.receive(), await channel.receive()] == [offer, offer]
    (line,) = said
    assert line.startswith("server breaks MUST 201: remote_config, and the agent lacks")
    assert script.sent == [REPORT]


async def test_a_server_that_keeps_the_rules_is_not_spoken_of() -> None:
    said: list[str] = []
    channel = WatchedChannel(
        Script(ServerToAgent(instance_uid=UID, capabilities=1)), Watch(), said.append
    )
    await channel.send(REPORT)
    await channel.receive()
    await channel.close()
    assert said == []


async def test_an_unusable_message_is_named_and_goes_on() -> None:
    said: list[str] = []
    channel = WatchedChannel(Script(Malformed("the header is 1, not 0")), Watch(), said.append)
    with pytest.raises(Malformed):
        await channel.receive()
    assert said[0].startswith("server breaks MUST 2: the header is 1, not 0")


async def test_the_end_of_a_connection_goes_on() -> None:
    channel = WatchedChannel(Script(ChannelError(Why.THROTTLED, "503", 4)), Watch(), print)
    with pytest.raises(ChannelError):
        await channel.receive()


async def test_over_http_an_answer_of_no_use_is_an_answer() -> None:
    said: list[str] = []
    script = Script(Malformed("the answer's gzip is broken"))
    script.half_duplex = True
    channel = WatchedChannel(script, Watch(), said.append)
    await channel.send(REPORT)
    with pytest.raises(Malformed):
        await channel.receive()
    await channel.send(AgentToServer(instance_uid=UID, sequence_num=8, capabilities=0x805))
    assert said == []
