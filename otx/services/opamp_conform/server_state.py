"""Checks of a server: answers, sequence numbers, full state, errors, duplicates."""

from otx.opamp.capabilities import AgentCapability, ServerCapability
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.services.opamp_conform.fake_agent import FakeAgent
from otx.services.opamp_conform.lines import Refused, Silence, SocketLine
from otx.services.opamp_conform.outcome import Failed, NotApplicable, NotTestable
from otx.services.opamp_conform.server_probe import (
    SERVER,
    ServerProbe,
    asks_for_all,
    is_bad_request,
    refusal,
)

DEFINED = sum(ServerCapability)
_PAYLOAD = (
    "remote_config",
    "connection_settings",
    "packages_available",
    "agent_identification",
    "command",
    "custom_capabilities",
    "custom_message",
)
_NUMBERS = ("flags", "capabilities")


@SERVER.rule(59)
def asks_after_a_gap(probe: ServerProbe) -> None:
    """A number left out, with a report that is not complete."""
    agent = probe.known()
    agent.number += 1
    if not asks_for_all(agent.beat_with_health()):
        raise Failed("a number is missing, and the server does not ask for full state")


@SERVER.rule(60)
def asks_a_stranger(probe: ServerProbe) -> None:
    """A compressed report of an agent that this server has never seen."""
    agent = probe.agent()
    if not asks_for_all(agent.beat_with_health()):
        raise Failed("the server does not know the agent and does not ask for full state")


@SERVER.rule(61)
def asks_again(probe: ServerProbe) -> None:
    """The request for full state is lost with its connection."""
    agent = probe.known()
    agent.number += 1
    if not asks_for_all(agent.beat_with_health()):
        raise NotTestable("the server does not ask for full state after a gap (rule 59)")
    agent.line.close()
    agent.line = probe.line()
    if not asks_for_all(agent.beat_with_health()):
        raise Failed("full state was asked for, did not come, and is not asked for again")


@SERVER.rule(63)
def is_content_with_all(probe: ServerProbe) -> None:
    """A number left out, with a report that is complete."""
    agent = probe.known()
    agent.number += 5
    if asks_for_all(agent.line.ask(agent.full())):
        raise Failed("the report was complete, and the server asks for full state")


@SERVER.rule(66)
def answers_each_once(probe: ServerProbe) -> None:
    """A report and a heartbeat, each with one answer to its sender."""
    agent = probe.agent()
    for report in (agent.full(), agent.compressed()):
        try:
            answer = agent.line.ask(report)
        except Silence:
            raise Failed(f"no answer in {probe.target.timeout_s:g} s") from None
        if answer.instance_uid != agent.uid:
            raise Failed(f"the answer is for {answer.instance_uid.hex() or 'nobody'}")
    if isinstance(agent.line, SocketLine) and (more := _more(agent.line, probe)):
        raise Failed(f"{1 + more} answers to one heartbeat")


def _more(line: SocketLine, probe: ServerProbe) -> int:
    """How many messages without anything new come of themselves."""
    count = 0
    try:
        while True:
            message = line.hear(probe.target.quiet_s)
            count += not any(message.HasField(name) for name in _PAYLOAD)
    except Silence:
        return count


@SERVER.rule(67)
def answers_a_repetition(probe: ServerProbe) -> None:
    """The same report twice."""
    agent = probe.known()
    report = agent.compressed()
    for time in ("first", "second"):
        try:
            answer = agent.line.ask(report)
        except Silence:
            raise Failed(f"the {time} of two equal reports is not answered") from None
        if answer.instance_uid != agent.uid:
            raise Failed("the answer is for somebody else")


@SERVER.rule(68)
def states_capabilities(probe: ServerProbe) -> None:
    """The first answer on a new connection."""
    answer = probe.agent().join()
    if answer.HasField("error_response"):
        raise Failed("the first report is refused")
    if not answer.capabilities & ServerCapability.ACCEPTS_STATUS:
        raise Failed(f"capabilities of the first answer are {answer.capabilities:#x}")
    if unknown := answer.capabilities & ~DEFINED:
        raise Failed(f"capabilities has bits that are not defined: {unknown:#x}")


@SERVER.rule(76)
def says_bad_request(probe: ServerProbe) -> None:
    """A uid of 5 bytes."""
    answer = _malformed(probe)
    if isinstance(answer, Refused):
        raise Failed(f"refused with {answer.code}, without an error_response")
    if not is_bad_request(answer):
        raise Failed("the error is not BadRequest")
    if not answer.error_response.error_message:
        raise Failed("the error has no message")


@SERVER.rule(77)
def keeps_errors_alone(probe: ServerProbe) -> None:
    """An error answer has no other payload."""
    try:
        answer = _malformed(probe)
    except Failed:
        raise NotTestable("the server refuses nothing (rule 76)") from None
    if isinstance(answer, Refused):
        raise NotTestable(f"the server refused with {answer.code}; no error_response was seen")
    present = [name for name in _PAYLOAD if answer.HasField(name)]
    present += [name for name in _NUMBERS if getattr(answer, name)]
    if present:
        raise Failed(f"beside error_response there is {', '.join(present)}")


def _malformed(probe: ServerProbe) -> ServerToAgent | Refused:
    line = probe.line()
    report = AgentToServer(instance_uid=b"short", sequence_num=1, capabilities=1)
    return refusal(lambda: line.ask(report))


@SERVER.rule(107)
def refuses_a_bad_request(probe: ServerProbe) -> None:
    """A certificate request that is none."""
    agent = _with_certificates(probe)
    _refused_csr(agent, b"-----BEGIN CERTIFICATE REQUEST-----\nno\n")


@SERVER.rule(108)
def refuses_another_name(probe: ServerProbe) -> None:
    """A certificate request that is sound and names another agent."""
    from otx.services.opamp_conform.certificates import request_for

    agent = _with_certificates(probe)
    _refused_csr(agent, request_for(probe.agent().uid))


def _with_certificates(probe: ServerProbe) -> FakeAgent:
    bits = AgentCapability.REPORTS_STATUS | AgentCapability.ACCEPTS_OPAMP_CONNECTION_SETTINGS
    agent = probe.agent(bits)
    answer = agent.join()
    if not answer.capabilities & ServerCapability.ACCEPTS_CONNECTION_SETTINGS_REQUEST:
        raise NotApplicable("the server does not state AcceptsConnectionSettingsRequest")
    return agent


def _refused_csr(agent: FakeAgent, csr: bytes) -> None:
    report = agent.compressed()
    report.connection_settings_request.opamp.certificate_request.csr = csr
    answer = refusal(lambda: agent.line.ask(report))
    if isinstance(answer, Refused) or not is_bad_request(answer):
        raise Failed("it is refused with something else than BadRequest")


@SERVER.rule(119)
def tells_twins_apart(probe: ServerProbe) -> None:
    """Two agents with one uid, both alive."""
    if probe.transport == "http":
        raise NotTestable("over HTTP a server needs time to tell a twin from a repetition")
    first = probe.known()
    second = probe.agent(first.capabilities)
    second.uid = first.uid
    news = [_new_uid(second.line.ask(second.full()))]
    for agent in (first, second):
        try:
            news.append(_new_uid(agent.beat()))
        except (Refused, Silence):
            # It dropped the connection, which it may; a twin that stays unseen is the fault.
            continue
    given = [uid for uid in news if uid]
    if not given:
        raise Failed("neither of two living agents with one uid gets a new one")
    if len(given[0]) != 16:
        raise Failed(f"the new uid has {len(given[0])} bytes")


def _new_uid(answer: ServerToAgent) -> bytes:
    return answer.agent_identification.new_instance_uid
