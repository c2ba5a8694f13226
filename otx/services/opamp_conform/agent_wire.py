"""Checks of an agent: framing, limits, identity, numbers, full state."""

import gzip
import ssl
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from otx.opamp.capabilities import AgentCapability, ServerFlag
from otx.opamp.opamp_pb2 import ServerToAgent
from otx.services.opamp_conform.agent_probe import (
    AGENT,
    APPLIED,
    FAILED,
    UNPARSABLE,
    AgentProbe,
    is_whole,
    missing_parts,
    refuse_next,
    status_is,
    uid_fault,
)
from otx.services.opamp_conform.outcome import Failed, NotTestable
from otx.services.opamp_conform.script import Report

FULL_STATE = int(ServerFlag.REPORT_FULL_STATE)
BEYOND_LIBRARIES = 8 << 20
TOO_BIG = 1009
MOST_WHOLE = 10
RECONNECTS = 3
"""Full reports in three seconds that are still a limited rate."""
_STRANGER = bytes.fromhex("0190" + "00" * 4 + "7000" + "8000" + "00" * 6)


def _asking(probe: AgentProbe, **parts: object) -> ServerToAgent:
    """A message that asks for full state, so that it shows whether it was processed."""
    settings: dict[str, object] = {"instance_uid": probe.uid, **parts}
    return ServerToAgent(
        capabilities=probe.stage.capabilities,
        flags=FULL_STATE,
        **settings,  # type: ignore[arg-type]
    )


def _alive(probe: AgentProbe) -> None:
    """The agent still, or again, does what it is asked."""
    if probe.transport == "ws":
        # It may have ended the connection, which is its right; then it comes back.
        with probe.stage.changed:
            if not probe.stage.changed.wait_for(
                lambda: bool(probe.stage.senders), probe.start_s * 2
            ):
                raise Failed("the agent does not come back")
    probe.tell(flags=FULL_STATE)
    probe.until(is_whole, probe.start_s, "report afterwards: the agent does not go on")


@AGENT.rule(1)
def frames_messages(probe: AgentProbe) -> None:
    """Look at the bytes of several reports."""
    probe.start()
    probe.whole()
    if probe.stage.malformed:
        raise Failed(probe.stage.malformed[0])


@AGENT.rule(3)
def ignores_another_header(probe: AgentProbe) -> None:
    """A header of 1 before a message that asks for something."""
    probe.start()
    probe.during(probe.quiet_s)
    before = probe.stage.connections
    data = b"\1" + _asking(probe).SerializeToString()
    probe.stage.send_frame(data, note="header 1")
    probe.never(
        lambda one: is_whole(one) and one.connection == before,
        "a message with header 1 was processed",
    )
    _alive(probe)


@AGENT.rule(5)
def reads_a_padded_header(probe: AgentProbe) -> None:
    """A zero in two bytes."""
    probe.start()
    data = b"\x80\x00" + _asking(probe).SerializeToString()
    probe.stage.send_frame(data, note="header 80 00")
    probe.until(is_whole, probe.settle_s, "answer to a message whose zero header is padded")


@AGENT.rule(41)
def closes_with_1009(probe: AgentProbe) -> None:
    """A message one byte over the limit that asks for something."""
    probe.start()
    probe.during(probe.quiet_s)
    before = probe.stage.connections
    probe.stage.send_frame(b"\0" + _oversized(probe))
    with probe.stage.changed:
        closed = probe.stage.changed.wait_for(
            lambda: bool(probe.stage.close_codes), probe.means.timeout_s + probe.start_s
        )
    reports = [one for one in probe.during(0) if is_whole(one) and one.connection == before]
    if reports:
        raise Failed("a message over the limit was processed")
    if not closed:
        raise Failed("the connection is not closed after a message over the limit")
    if probe.stage.close_codes[0] != TOO_BIG:
        raise Failed(f"it was closed with {probe.stage.close_codes[0]}, not {TOO_BIG}")


@AGENT.rule(47)
def discards_what_inflates(probe: AgentProbe) -> None:
    """A small answer that unpacks to more than the limit and asks for something."""
    probe.start()
    probe.during(probe.quiet_s)
    probe.stage.raw_bodies.append(gzip.compress(_oversized(probe), 1))
    _until_sent(probe)
    probe.never(is_whole, "a response over the limit was processed", probe.quiet_s * 2)
    _alive(probe)


def _oversized(probe: AgentProbe) -> bytes:
    custom = {"capability": "x", "data": bytes(probe.means.limit + 1)}
    return _asking(probe, custom_message=custom).SerializeToString()


def _until_sent(probe: AgentProbe) -> None:
    """Until the agent has polled, and has got what waits for it."""
    probe.until(lambda _: not probe.stage.raw_bodies, probe.start_s, "poll")


@AGENT.rule(48)
def takes_what_libraries_do_not(probe: AgentProbe) -> None:
    """A message of 8 MiB, or of nine tenths of a smaller limit."""
    probe.start()
    probe.during(probe.quiet_s)
    size = min(BEYOND_LIBRARIES, probe.means.limit * 9 // 10)
    probe.stage.send(_asking(probe, custom_message={"capability": "x", "data": bytes(size)}))
    probe.until(is_whole, probe.settle_s, f"answer to a message of {size} bytes")


@AGENT.rule(50)
def begins_with_everything(probe: AgentProbe) -> None:
    """The first message of a process."""
    probe.needs_process()
    probe.offers_interval = False
    probe.start()
    first = probe.reports[0].message
    if fault := uid_fault(first.instance_uid):
        raise Failed(fault)
    if not first.capabilities & AgentCapability.REPORTS_STATUS:
        raise Failed(f"capabilities of the first message are {first.capabilities:#x}")
    if missing := missing_parts(first, has_offer=False):
        raise Failed(f"the first message has no {', '.join(missing)}")


@AGENT.rule(52)
def returns_with_the_least(probe: AgentProbe) -> None:
    """A connection that ends, and the first message on the next."""
    probe.start()
    probe.during(probe.quiet_s)
    before = probe.stage.connections
    probe.stage.drop()
    back = probe.until(
        lambda one: one.connection > before, probe.start_s * 2, "report after a reconnect"
    )
    if back.message.instance_uid != probe.uid:
        raise Failed("the uid is another one")
    if not back.message.capabilities or not back.message.sequence_num:
        raise Failed("sequence_num or capabilities is missing")


@AGENT.rule(58)
def counts_by_one(probe: AgentProbe) -> None:
    """Reports of every kind, and over reconnects: what is cut off may take a report with it."""
    probe.start()
    probe.whole()
    for attempt in range(RECONNECTS if probe.transport == "ws" else 0):
        before = probe.stage.connections
        probe.during(probe.quiet_s)
        probe.stage.drop()
        probe.until(
            lambda one, before=before: one.connection > before,  # type: ignore[misc]
            probe.start_s * 2,
            "report after a reconnect",
        )
        if len(_gaps(probe, over_reconnects=True)) <= attempt:
            break
    probe.whole()
    gaps = _gaps(probe, over_reconnects=False)
    over = _gaps(probe, over_reconnects=True)
    if gaps or len(over) >= RECONNECTS:
        number, following = (gaps or over)[0]
        raise Failed(f"after {number} comes {following}")


def _gaps(probe: AgentProbe, *, over_reconnects: bool) -> list[tuple[int, int]]:
    """Where the number does not grow by 1, within connections or from one to the next."""
    return [
        (one.message.sequence_num, following.message.sequence_num)
        for one, following in pairwise(probe.reports)
        if following.message.sequence_num != one.message.sequence_num + 1
        and (one.connection != following.connection) == over_reconnects
    ]


@AGENT.rule(64)
def reports_everything(probe: AgentProbe) -> None:
    """A request for full state, after an offer where the agent takes one."""
    probe.start()
    has_offer = AgentCapability.ACCEPTS_REMOTE_CONFIG in probe.bits
    if has_offer:
        hash_ = probe.offer(UNPARSABLE)
        probe.until(
            lambda one: status_is(one, hash_, FAILED) or status_is(one, hash_, APPLIED),
            probe.settle_s,
            "status of a configuration",
        )
    report = probe.whole()
    if missing := missing_parts(report.message, has_offer):
        raise Failed(f"full state has no {', '.join(missing)}")


@AGENT.rule(65)
def limits_full_reports(probe: AgentProbe) -> None:
    """A server that asks for full state whatever it gets."""
    plain = probe.stage.plain_answer

    def answer(report: Report) -> ServerToAgent:
        message = plain(report)
        message.flags |= FULL_STATE
        return message

    probe.start()
    probe.stage.answers = answer
    probe.tell(flags=FULL_STATE)
    count = sum(is_whole(one) for one in probe.during(3.0))
    if count > MOST_WHOLE:
        raise Failed(f"{count} full reports in 3 s")


@AGENT.rule(115)
def keeps_its_uid(probe: AgentProbe) -> None:
    """Reports of one process, over a reconnect too."""
    probe.start()
    probe.whole()
    if probe.transport == "ws":
        before = probe.stage.connections
        probe.stage.drop()
        probe.until(
            lambda one: one.connection > before, probe.start_s * 2, "report after a reconnect"
        )
    for one in probe.reports:
        if fault := uid_fault(one.message.instance_uid):
            raise Failed(fault)
        if one.message.instance_uid != probe.uid:
            raise Failed("the uid changed")


@AGENT.rule(122)
def ignores_what_is_not_for_it(probe: AgentProbe) -> None:
    """A message for another agent that asks for something."""
    probe.start()
    probe.during(probe.quiet_s)
    probe.stage.send(_asking(probe, instance_uid=_STRANGER))
    probe.never(is_whole, "a message for another instance_uid was processed")
    _alive(probe)


@AGENT.rule(137)
def trusts_nobody(probe: AgentProbe) -> None:
    """A server whose certificate nobody signed."""
    import socket

    from otx.services.opamp_conform.certificates import self_signed

    launcher = probe.needs_process()
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder) / "server.pem"
        pem.write_bytes(self_signed())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(probe.start_s)
        port = listener.getsockname()[1]
        launcher.start(f"{probe.transport}s://127.0.0.1:{port}/v1/opamp")
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            raise NotTestable(f"the agent does not try {probe.transport}s") from None
        with connection:
            connection.settimeout(probe.means.timeout_s)
            try:
                with context.wrap_socket(connection, server_side=True) as secured:
                    data = secured.recv(1)
            except (OSError, ssl.SSLError):
                return
    if data:
        raise Failed("the agent speaks to a server whose certificate nobody signed")


@AGENT.rule(46)
def repeats_no_refused_request(probe: AgentProbe) -> None:
    """A request that is answered with 413."""
    probe.start()
    refuse_next(probe.stage, 413)
    refused = probe.until(lambda one: one.refused == 413, probe.start_s, "request")
    for _ in range(2):
        following = probe.until(lambda _: True, probe.start_s * 2, "request after 413")
        if following.data == refused.data:
            raise Failed("the request that got 413 was sent again as it was")


@AGENT.rule(36)
def survives_500(probe: AgentProbe) -> None:
    """A response 500 without a body."""
    probe.start()
    refuse_next(probe.stage, 500)
    refused = probe.until(lambda one: one.refused == 500, probe.start_s, "request")
    number = refused.message.sequence_num
    # The same request may come again first, which a retry is.
    probe.until(
        lambda one: not one.refused and one.message.sequence_num > number,
        probe.start_s * 2,
        "report with a higher sequence_num after 500",
    )


@AGENT.rule(34)
def reads_gzip(probe: AgentProbe) -> None:
    """A compressed answer that asks for something."""
    probe.start()
    probe.during(probe.quiet_s)
    probe.stage.gzips = True
    probe.tell(flags=FULL_STATE)
    probe.until(is_whole, probe.start_s, "answer to a compressed message")


@AGENT.rule(30)
def waits_for_its_answer(probe: AgentProbe) -> None:
    """A request that stays without an answer for a while, with something to report."""
    probe.start()
    stage = probe.stage
    stage.overlapped = False
    probe.tell(flags=FULL_STATE)
    if AgentCapability.ACCEPTS_REMOTE_CONFIG in probe.bits:
        probe.offer(b"{[ nothing")
    probe.until(lambda _: True, probe.start_s, "poll")
    stage.hold.clear()
    try:
        probe.until(lambda _: True, probe.start_s, "poll")
        probe.during(2.0)
    finally:
        stage.hold.set()
    if stage.overlapped:
        raise Failed("a request began while another had no answer")


@AGENT.rule(17, seconds=5)
def waits_until_the_date(probe: AgentProbe) -> None:
    """An opening that is answered with 429 and a date."""
    from email.utils import formatdate

    probe.start()
    until = time.time() + 5
    begin = refuse_next(probe.stage, 429, Retry_After=formatdate(int(until) + 1, usegmt=True))
    probe.stage.drop()
    probe.until_opening(begin, probe.start_s * 2)
    at_s = probe.until_opening(begin + 1, probe.start_s * 2)
    early = until - (time.time() - time.monotonic() + at_s)
    if early > 0:
        raise Failed(f"the next attempt came {early:.1f} s before the date in Retry-After")


@AGENT.rule(35, seconds=3)
def waits_as_long_as_told(probe: AgentProbe) -> None:
    """A request that is answered with 503 and 3 seconds."""
    _pause_of(probe, 3)


@AGENT.rule(20, seconds=3)
def is_silent_while_it_waits(probe: AgentProbe) -> None:
    """No heartbeat while it waits because of Retry-After."""
    _pause_of(probe, 3)


def _pause_of(probe: AgentProbe, seconds: int) -> None:
    probe.start()
    begin = refuse_next(probe.stage, 503, Retry_After=str(seconds))
    if probe.transport == "ws":
        probe.stage.drop()
    place = _refused(probe, begin)
    waited_s = probe.until_opening(place + 1, probe.start_s * 2) - probe.stage.openings[place].at_s
    if waited_s < seconds - 0.05:
        raise Failed(f"it came back after {waited_s:.1f} s, told to wait {seconds} s")


def _refused(probe: AgentProbe, place: int) -> int:
    """The place of the refused opening, from a place on."""
    probe.until_opening(place, probe.start_s * 2)
    while not probe.stage.openings[place].refused:
        place += 1
        probe.until_opening(place, probe.start_s * 2)
    return place
