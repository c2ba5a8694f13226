"""A connection is shared, made when it is needed, and anew after a failure."""

from pathlib import Path

import grpc
import pytest

from otx.model.signal import Signal
from otx.otlp.exporter.client import Outcome
from otx.services.forward.connection import Connection
from otx.services.forward.destination import parse_destination
from tests.services.odd_servers import Answer, Said, grpc_server, http_server

TIMEOUT_S = 20


@pytest.mark.parametrize("signal", list(Signal))
def test_each_signal_goes_where_it_belongs(signal: Signal) -> None:
    with http_server([Answer(503), Answer()]) as (place, paths):
        connection = Connection(parse_destination(f"http://{place}"), {})
        outcomes = [connection.send(signal, b"", TIMEOUT_S).outcome for _ in range(2)]
        connection.close()
    assert outcomes == [Outcome.RETRY, Outcome.ACCEPTED]
    assert paths == [paths[0]] * 2
    assert str(signal) in paths[0]


def test_all_signals_share_a_channel() -> None:
    with grpc_server([Said(), Said(grpc.StatusCode.UNAVAILABLE), Said()]) as (place, calls):
        connection = Connection(parse_destination(place), {})
        outcomes = [connection.send(signal, b"", TIMEOUT_S).outcome for signal in Signal]
        connection.close()
    assert outcomes == [Outcome.ACCEPTED, Outcome.RETRY, Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert len(calls) == 4


@pytest.mark.parametrize("form", ["{}", "http://{}"])
def test_who_is_away_is_found_once_it_is_back(form: str) -> None:
    with http_server([Answer()]) as (place, _):
        pass
    connection = Connection(parse_destination(form.format(place)), {})
    assert connection.send(Signal.LOGS, b"", TIMEOUT_S).outcome is Outcome.UNREACHABLE
    connection.close()


def test_a_certificate_that_is_gone_is_a_try_that_failed(tmp_path: Path) -> None:
    destination = parse_destination(f"https://127.0.0.1:1 ca={tmp_path}/gone.pem")
    reply = Connection(destination, {}).send(Signal.LOGS, b"", TIMEOUT_S)
    assert reply.outcome is Outcome.UNREACHABLE
    assert "cannot read" in reply.message
