"""What waits for a poller is handed to a message whose answer is read."""

from otx.opamp.opamp_pb2 import AgentDisconnect, AgentToServer, ServerToAgent
from otx.services.opamp_conform.script import Report, Script

UID = bytes(range(16))
POLL = AgentToServer(instance_uid=UID)
GOODBYE = AgentToServer(instance_uid=UID, agent_disconnect=AgentDisconnect())


def _answer(script: Script, message: AgentToServer) -> ServerToAgent:
    return script.plain_answer(Report(message, message.SerializeToString(), 0, 0.0))


def test_what_waits_is_not_spent_on_a_goodbye() -> None:
    script = Script()
    script.send(ServerToAgent(instance_uid=UID, flags=1))
    assert _answer(script, GOODBYE).flags == 0
    assert _answer(script, POLL).flags == 1
    assert _answer(script, POLL).flags == 0


def test_a_greeting_is_not_spent_on_a_goodbye() -> None:
    script = Script()
    script.greeting = lambda _: ServerToAgent(flags=1)
    assert _answer(script, GOODBYE).flags == 0
    assert _answer(script, POLL).flags == 1
