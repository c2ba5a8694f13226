"""What a text of `--forward` means, and which of them are refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import OtxError, UsageError
from otx.model.signal import Signal
from otx.otlp.address import Address
from otx.services.forward.destination import (
    Destination,
    check_destinations,
    parse_destination,
    refuse_loop,
)


@pytest.mark.parametrize(
    ("text", "target", "protocol"),
    [
        ("collector:4317", "collector:4317", "grpc"),
        ("collector", "collector:4317", "grpc"),
        ("unix:/run/otx", "unix:/run/otx", "grpc"),
        ("http://collector:4317", "collector:4317", "grpc"),
        ("http://collector:4318", "http://collector:4318/v1/traces", "http/protobuf"),
        ("https://collector/otlp", "https://collector/otlp/v1/traces", "http/protobuf"),
    ],
)
def test_a_url_leads_where_that_of_send_does(text: str, target: str, protocol: str) -> None:
    endpoint = parse_destination(text).endpoint(
        Signal.TRACES, {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}
    )
    assert (endpoint.target, endpoint.protocol) == (target, protocol)


def test_options_stand_behind_the_url() -> None:
    destination = parse_destination(
        "https://c:4318 header=authorization=Bearer%20a%2Cb header=X-Team=shop ca=ca.pem"
        " compression=gzip timeout=2s"
    )
    assert destination.headers == {"authorization": "Bearer a,b", "x-team": "shop"}
    assert destination.security.certificate == "ca.pem"
    assert (destination.compression, destination.timeout_s) == ("gzip", 2.0)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://me:p%40ss@c:4318/own", "https://c:4318/own"),
        ("me:p%40ss@c:4317", "c:4317"),
    ],
)
def test_a_user_in_the_url_is_sent_as_a_header_and_shown_nowhere(text: str, url: str) -> None:
    destination = parse_destination(text)
    assert destination.url == url
    assert destination.headers == {"authorization": "Basic bWU6cEBzcw=="}
    assert destination.endpoint(Signal.TRACES, {}).headers == destination.headers
    own = parse_destination(f"{text} header=authorization=Bearer%20x")
    assert own.headers == {"authorization": "Bearer x"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "begins with no URL"),
        ("header=a=b http://c:4318", "begins with no URL"),
        ("http://c:4318 colour=red", "'colour' is no option"),
        ("http://c:4318 ca=", "'ca' is no option"),
        ("http://c:4318 header=x", "is no header"),
        ("http://c:4318 compression=lz4", "is no compression"),
        ("http://c:4318 timeout=soon", "soon"),
        ("http://me:secret@c:4318 colour=red", "'colour' is no option"),
        ("http://me:secret@c:4318 compression=lz4", "is no compression"),
        ("me:secret=@c:4318", "begins with no URL"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        parse_destination(text)
    assert caught.value.hint
    assert "secret" not in caught.value.message


@given(st.text())
def test_no_text_gets_more_than_its_error(text: str) -> None:
    try:
        check_destinations([parse_destination(text)], {})
    except OtxError as error:
        assert error.message


def test_what_could_never_be_sent_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for texts, says in {
        ("ftp://c:4318",): "no endpoint",
        ("c:4317", "c:4317"): "there twice",
        ("c:4317 compression=zstd",): "zstd is for HTTP",
        (f"https://c:4317 ca={tmp_path}/none.pem",): "cannot read",
        (f"https://c:4317 ca={tmp_path}/ca.pem",): "cannot use",
        ("c:4317 header=a=%00",): "characters that may not",
    }.items():
        with pytest.raises(UsageError, match=says):
            check_destinations([parse_destination(text) for text in texts], {})


@pytest.mark.parametrize(
    ("url", "listening"),
    [
        ("127.0.0.1:4317", "127.0.0.1:4317"),
        ("localhost:4317", "127.0.0.1:4317"),
        ("http://127.0.0.1:4318/", ":4318"),
        ("http://127.0.0.1", "0.0.0.0:80"),
        ("unix:/run/otx", "unix:/run/otx"),
    ],
)
def test_a_way_back_is_refused(url: str, listening: str) -> None:
    with pytest.raises(UsageError, match="leads back"):
        refuse_loop([Destination(url)], [Address.parse(listening)], {})


@pytest.mark.parametrize(
    ("url", "listening"),
    [
        ("127.0.0.1:4317", "127.0.0.1:4318"),
        ("127.0.0.2:4317", "127.0.0.1:4317"),
        ("192.0.2.1:4317", ":4317"),
        ("nowhere.invalid:4317", ":4317"),
        ("unix:/run/other", "unix:/run/otx"),
        ("127.0.0.1:4317", "unix:/run/otx"),
    ],
)
def test_another_place_is_none(url: str, listening: str) -> None:
    refuse_loop([Destination(url)], [Address.parse(listening)], {})
