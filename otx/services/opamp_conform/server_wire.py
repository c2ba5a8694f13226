"""Checks of a server: framing, HTTP, limits."""

import contextlib
import gzip
import re
import zlib

from otx.opamp.framing import Malformed, unframe
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.services.opamp_conform.lines import Refused, Response, Silence, SocketLine, plain_body
from otx.services.opamp_conform.outcome import Failed, NotApplicable, NotTestable
from otx.services.opamp_conform.server_probe import (
    SERVER,
    ServerProbe,
    is_bad_request,
    refusal,
    wait_for_offer,
)

MIB = 1 << 20
BEYOND_LIBRARIES = 8 * MIB
"""More than the default of common libraries (1 MiB), far below the protocol's 64 MiB."""
TOO_DEEP = 200
TOO_BIG = 1009


@SERVER.rule(2)
def frames_messages(probe: ServerProbe) -> None:
    """Look at the bytes of an answer."""
    agent = probe.agent()
    line = probe.socket()
    line.send(agent.full())
    data = line.hear_bytes()
    try:
        ServerToAgent.FromString(unframe(data))
    except Malformed as error:
        raise Failed(error.reason) from None
    except Exception as error:  # protobuf's own class depends on its implementation
        raise Failed(f"no ServerToAgent: {error}") from None


@SERVER.rule(4)
def refuses_another_header(probe: ServerProbe) -> None:
    """A header of 300, then a sound report, which must not be taken."""
    agent = probe.agent()
    line = probe.socket()
    report = agent.full().SerializeToString()

    def ask() -> ServerToAgent:
        line.send_bytes(b"\xac\x02" + report, "header 300")
        return line.hear()

    found = refusal(ask)
    if isinstance(found, ServerToAgent) and not is_bad_request(found):
        raise Failed("the error is not BadRequest")


@SERVER.rule(5)
def reads_a_padded_header(probe: ServerProbe) -> None:
    """A zero in two bytes."""
    agent = probe.agent()
    line = probe.socket()
    line.send_bytes(b"\x80\x00" + agent.full().SerializeToString(), "header 80 00")
    try:
        answer = line.hear()
    except (Refused, Silence) as error:
        raise Failed(f"a padded zero is not read as one: {error}") from None
    if answer.HasField("error_response") or answer.instance_uid != agent.uid:
        raise Failed("a padded zero is not read as one")


@SERVER.rule(11)
def serves_both_transports(probe: ServerProbe) -> None:
    """A WebSocket and a POST on the same address."""
    agent = probe.agent()
    for name, line in (("a WebSocket", probe.socket()), ("plain HTTP", probe.http())):
        try:
            line.ask(agent.full())
        except (Refused, Silence) as error:
            raise Failed(f"{name} is not served: {error}") from None


@SERVER.rule(22)
def refuses_wrong_credentials(probe: ServerProbe) -> None:
    """The given credentials with their last characters changed."""
    headers = dict(probe.target.headers)
    names = [name for name in headers if name.lower() == "authorization"]
    if not names:
        raise NotTestable("no credentials to falsify (--header 'Authorization=…')")
    headers[names[0]] += "-wrong"
    agent = probe.agent()
    try:
        line = probe.line(headers)
        line.ask(agent.full())
    except Refused as refused:
        if refused.code != 401:
            raise Failed(f"the status is {refused.code}, not 401") from None
    except Silence:
        raise Failed("no answer, instead of 401") from None
    else:
        raise Failed("the report was taken")


@SERVER.rule(32)
def takes_gzip(probe: ServerProbe) -> None:
    """A full report, compressed."""
    agent = probe.agent()
    body = gzip.compress(agent.full().SerializeToString())
    line = probe.http()
    response = line.post(body, headers={"Content-Encoding": "gzip"}, note="gzip")
    if response.status != 200:
        raise Failed(f"a gzip body gets {response.status}")
    answer = line.message(response)
    if answer.instance_uid != agent.uid or answer.HasField("error_response"):
        raise Failed("a gzip body is not read like a plain one")


@SERVER.rule(33)
def compresses_when_it_may(probe: ServerProbe) -> None:
    """An answer worth compressing, with gzip allowed and forbidden."""
    line = probe.http()
    forbidden = line.post(
        probe.agent().full().SerializeToString(), headers={"Accept-Encoding": "gzip;q=0"}
    )
    if forbidden.headers.get("content-encoding") == "gzip":
        raise Failed("the answer is gzip although Accept-Encoding has gzip;q=0")
    response, size = _largest(probe)
    if response.headers.get("content-encoding") == "gzip":
        plain_body(response)
    elif size >= 512:
        raise Failed(f"an answer of {size} bytes is not compressed although gzip is accepted")
    else:
        raise NotTestable(f"an answer of {size} bytes is not worth compressing (--assign CMD)")


def _largest(probe: ServerProbe) -> tuple[Response, int]:
    """An answer with gzip allowed; with a configuration in it where one can be assigned."""
    agent = probe.configurable()
    line = probe.http()
    with contextlib.suppress(NotTestable):
        probe.driver.assign(agent.name, agent.uid.hex(), b"# " + b"long " * 400 + b"\na: 1\n")
    body = agent.compressed().SerializeToString()
    response = line.post(body, headers={"Accept-Encoding": "gzip"})
    return response, len(plain_body(response))


@SERVER.rule(37)
def survives_no_protobuf(probe: ServerProbe) -> None:
    """Bytes that no message begins with, and a message cut off."""
    for body in (b"\xff" * 20, probe.agent().full().SerializeToString()[:-3]):
        line = probe.http()
        response = line.post(body, note="no protobuf")
        if response.status == 400:
            continue
        if response.status != 200:
            raise Failed(f"the status is {response.status}, not 400")
        if not is_bad_request(line.message(response)):
            raise Failed("neither 400 nor BadRequest")
    probe.lives()


@SERVER.rule(42)
def counts_what_is_inflated(probe: ServerProbe) -> None:
    """A message over the limit that is small on the wire."""
    line = probe.socket(deflate=True)
    if not line.is_deflated:
        raise NotApplicable("the server does not negotiate permessage-deflate")
    agent = probe.agent()
    found = _refusal_of_socket(line, _padded(agent.full(), probe.target.limit + 1))
    if isinstance(found, ServerToAgent) and not is_bad_request(found):
        raise Failed("it is refused with another error than BadRequest or 1009")
    probe.lives()


def _refusal_of_socket(line: SocketLine, report: AgentToServer) -> ServerToAgent | Refused:
    def ask() -> ServerToAgent:
        line.send_bytes(b"\0" + report.SerializeToString(), "over the limit")
        return line.hear()

    found = refusal(ask)
    # The megabytes are no evidence that anybody reads.
    line.passages[:] = [one for one in line.passages if len(one.data) < MIB]
    return found


@SERVER.rule(45)
def refuses_too_much(probe: ServerProbe) -> None:
    """A body that unpacks to more than the limit."""
    report = _padded(probe.agent().full(), probe.target.limit + 1)
    body = _deflated(report.SerializeToString())
    response = probe.http().post(body, headers={"Content-Encoding": "gzip"}, note="over the limit")
    if response.status != 413:
        raise Failed(f"a body that unpacks to more than the limit gets {response.status}, not 413")
    if probe.target.limit <= BEYOND_LIBRARIES:
        response = probe.http().post(report.SerializeToString(), note="over the limit")
        if response.status != 413:
            raise Failed(f"a body over the limit gets {response.status}, not 413")


@SERVER.rule(48)
def takes_what_libraries_do_not(probe: ServerProbe) -> None:
    """A report of 8 MiB, or of nine tenths of a smaller limit."""
    size = min(BEYOND_LIBRARIES, probe.target.limit * 9 // 10)
    agent = probe.agent()
    try:
        answer = agent.line.ask(_padded(agent.full(), size))
    except (Refused, Silence) as error:
        raise Failed(f"a report of {size} bytes is not taken: {error}") from None
    finally:
        probe.passages[:] = [one for one in probe.passages if len(one.data) < MIB]
    if answer.HasField("error_response"):
        raise Failed(f"a report of {size} bytes is refused")


@SERVER.rule(49)
def refuses_deep_nesting(probe: ServerProbe) -> None:
    """A health tree of 200 levels."""
    agent = probe.agent()
    body = agent.compressed().SerializeToString() + _part(0x2A, _tower(TOO_DEEP))
    refusal(lambda: agent.line.ask_bytes(body, f"health of {TOO_DEEP} levels"))
    probe.lives()


def _tower(levels: int) -> bytes:
    """A ComponentHealth by hand: no library writes one that is too deep for itself."""
    health = b"\x08\x01"
    for _ in range(levels):
        health = b"\x08\x01" + _part(0x32, _part(0x0A, b"c") + _part(0x12, health))
    return health


def _part(tag: int, content: bytes) -> bytes:
    size, rest = bytearray(), len(content)
    while rest > 0x7F:
        size.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([tag, *size, rest]) + content


@SERVER.rule(135)
def refuses_unknown_encodings(probe: ServerProbe) -> None:
    """A plain body that says it is brotli."""
    body = probe.agent().full().SerializeToString()
    response = probe.http().post(
        body, headers={"Content-Encoding": "br"}, note="Content-Encoding: br"
    )
    if response.status not in (400, 415):
        raise Failed(f"Content-Encoding br gets {response.status}")


@SERVER.rule(43)
def keeps_within_the_limit(probe: ServerProbe) -> None:
    """A configuration that is larger than the limit; nothing of it may come."""
    _assign_too_much(probe)


@SERVER.rule(134)
def answers_within_the_limit(probe: ServerProbe) -> None:
    """As for a WebSocket, in the answer to a poll."""
    _assign_too_much(probe)


def _assign_too_much(probe: ServerProbe) -> None:
    if probe.target.limit > BEYOND_LIBRARIES:
        raise NotTestable("takes a server with a small limit (--limit SIZE, at most 8 MiB)")
    agent = probe.configurable()
    body = b"# " + b"x" * (probe.target.limit + 1) + b"\na: 1\n"
    try:
        probe.driver.assign(agent.name, agent.uid.hex(), body)
    except NotTestable as refused:
        if re.search("limit|too large", refused.reason):
            return
        raise
    try:
        offer = wait_for_offer(probe, agent)
    except Failed:
        return
    raise Failed(f"a message of {offer.ByteSize()} bytes was sent, over the limit")


def _padded(report: AgentToServer, size: int) -> AgentToServer:
    """The report with an effective configuration that makes it at least this large."""
    report.effective_config.config_map.config_map[""].body = b" " * size
    return report


def _deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()
