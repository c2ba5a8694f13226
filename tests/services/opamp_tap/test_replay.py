"""A record played to servers of another make, which do as it says, or not."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from websockets.sync.server import ServerConnection, serve

from otx.errors import PeerError
from otx.opamp.framing import decode_frame, frame
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.protocol import Side
from otx.opamp.transport.endpoint import Endpoint
from otx.services.opamp_tap.observer import Observer
from otx.services.opamp_tap.replay import AgentPlayer, Played
from otx.services.opamp_tap.rewriting import Rewriter
from otx.services.opamp_tap.script import Deed, Step
from tests.services.opamp_tap.tapping import answer, free_port, report
from tests.services.opamp_tap.test_exchange import Answering

NEW = bytes([9]) * 16
Reply = Callable[[AgentToServer], list[ServerToAgent]]


def offering(number: int, hashed: bytes) -> ServerToAgent:
    """An answer to report `number`: the first offers a configuration."""
    found = answer()
    if number == 0:
        found.remote_config.config.config_map[""].body = b"a: 1"
        found.remote_config.config_hash = hashed
    return found


def said(line: int, message: AgentToServer | ServerToAgent, is_http: bool = False) -> Step:
    side = Side.CLIENT if isinstance(message, AgentToServer) else Side.SERVER
    return Step(line, 1, side, Deed.SAY, is_http, message)


def steps(is_http: bool = False) -> list[Step]:
    """Two reports, an offer for the first, and its status in the second."""
    status = report(6)
    status.remote_config_status.last_remote_config_hash = b"recorded"
    return [
        said(2, report(5), is_http),
        said(3, offering(0, b"recorded"), is_http),
        said(4, status, is_http),
        said(5, offering(1, b""), is_http),
    ]


@contextmanager
def server(reply: Reply, code: int = 0) -> Iterator[tuple[str, list[AgentToServer]]]:
    """A server, and what it got; it closes with a code after the second report."""
    got: list[AgentToServer] = []

    def handle(connection: ServerConnection) -> None:
        for data in connection:
            got.append(decode_frame(AgentToServer, bytes(data)))  # type: ignore[arg-type]
            for one in reply(got[-1]):
                one.instance_uid = got[-1].instance_uid
                connection.send(frame(one))
            if code and len(got) == 2:
                connection.close(code)

    with serve(handle, "127.0.0.1", 0) as one:
        thread = threading.Thread(target=one.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{one.socket.getsockname()[1]}", got
        finally:
            one.shutdown()
            thread.join()


def play(url: str, script: list[Step], timeout_s: float = 5.0) -> Played:
    rewriter = Rewriter(lambda: NEW, first_sequence=lambda: 100)
    observer = Observer(lambda _: None)
    player = AgentPlayer(Endpoint.of(url), rewriter, observer, time.time_ns, timeout_s)
    return player.play(script)


def test_a_socket_is_opened_to_an_address_in_http_too() -> None:
    with server(lambda _: [offering(0, b"live")]) as (url, _):
        played = play(url.replace("ws:", "http:"), steps()[:2])
    assert played.reports > 0


def found(played: Played) -> list[str]:
    return [str(one) for one in played.differences]


def test_a_server_that_does_as_recorded() -> None:
    counts = iter(range(9))
    with server(lambda _: [offering(next(counts), b"live")]) as (url, got):
        played = play(url, steps())
    assert found(played) == []
    assert (played.reports, played.answers) == (2, 2)
    assert [one.sequence_num for one in got] == [100, 101]
    assert {one.instance_uid for one in got} == {NEW}
    # What the agent says of the recorded offer, it says of the live one.
    assert got[1].remote_config_status.last_remote_config_hash == b"live"


@pytest.mark.parametrize(
    ("reply", "differences"),
    [
        (
            lambda report: [answer(flags=1)],
            [
                "line 3: flags is there, and not on the record: ['report_full_state']",
                "line 3: remote_config.config.config_map..body is missing",
                "line 3: remote_config.config_hash is missing",
                "line 5: flags is there, and not on the record: ['report_full_state']",
            ],
        ),
        (
            lambda report: [],
            ["line 3: no message within 2 s", "line 5: no message within 2 s"],
        ),
        (
            lambda report: [offering(report.sequence_num - 100, b"live")] * 2,
            ["line 5: remote_config.config.config_map..body is there, and not on the record"],
        ),
    ],
    ids=["other", "silent", "twice"],
)
def test_where_a_server_differs_is_told_with_the_line(reply: Reply, differences: list[str]) -> None:
    with server(reply) as (url, _):
        told = found(play(url, steps(), 2.0))
    assert told[: len(differences)] == differences


def test_more_than_is_on_the_record_is_told() -> None:
    with server(lambda _: [offering(0, b"h"), answer()]) as (url, _):
        played = play(url, steps()[:2])
    assert found(played) == ["line 2: a message that is not on the record"]


def test_closes_are_compared_by_their_code() -> None:
    script = [*steps()[:3], Step(6, 1, Side.SERVER, Deed.CLOSE, status=1009)]

    def reply(report: AgentToServer) -> list[ServerToAgent]:
        return [offering(0, b"h")] if report.sequence_num == 100 else []

    with server(reply, 1008) as (url, _):
        assert found(play(url, script)) == ["line 6: closed with 1008: recorded 1009"]


def test_over_plain_http_too() -> None:
    with Answering() as one:
        thread = threading.Thread(target=one.serve_forever, args=(0.01,))
        thread.start()
        script = [said(2, report(5), True), said(3, answer(), True), said(4, report(6), True)]
        script.append(Step(5, 1, Side.SERVER, Deed.REFUSE, True, status=503))
        one.statuses = [200, 503]
        same = play(one.url, script)
        one.statuses = [200, 500]
        other = play(one.url, script)
        one.shutdown()
        thread.join()
    # The server answers with a uid of its own, which is of nobody here.
    assert found(same) == ["line 3: instance_uid is of another agent"]
    assert found(other)[1:] == ["line 5: status 500: recorded 503"]
    assert one.numbers == [100, 101, 100, 101]


def test_a_server_that_is_away_is_no_difference() -> None:
    with pytest.raises(PeerError, match="cannot be reached: connection refused"):
        play(f"ws://127.0.0.1:{free_port()}", steps())
