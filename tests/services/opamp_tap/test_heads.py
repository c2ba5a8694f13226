import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.services.opamp_tap.heads import BadHead, Head, body_length, chunk_size, deflate_context

OPENING = (
    b"GET /v1/opamp?x=1 HTTP/1.1\r\nhost: tap:1\r\nConnection: keep-alive, Upgrade\r\n"
    b"Upgrade: WebSocket\r\nX-A: 1\r\nx-a:  2 \r\n\r\n"
)


def test_an_opening_is_known() -> None:
    head = Head.parse(OPENING)
    assert head.is_opening
    assert head.start == ("GET", "/v1/opamp?x=1", "HTTP/1.1")
    assert head.get("x-a") == "1, 2"


def test_only_what_must_change_changes() -> None:
    head = Head.parse(OPENING).with_headers([("Host", "server:2"), ("X-New", "n")])
    assert head.with_target("/other").raw() == (
        b"GET /other HTTP/1.1\r\nhost: server:2\r\nConnection: keep-alive, Upgrade\r\n"
        b"Upgrade: WebSocket\r\nX-A: 1\r\nx-a: 2\r\nX-New: n\r\n\r\n"
    )
    assert b"x-a" not in Head.parse(OPENING).with_headers([("X-A", None)]).raw().lower()


@pytest.mark.parametrize(
    ("lines", "asked", "length"),
    [
        ("POST / HTTP/1.1", "", 0),
        ("POST / HTTP/1.1\r\nContent-Length: 12", "", 12),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 12", "", -1),
        ("HTTP/1.1 200 OK", "POST", None),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5", "HEAD", 0),
        ("HTTP/1.1 204 No Content", "POST", 0),
        ("HTTP/1.1 100 Continue", "POST", 0),
    ],
)
def test_how_long_a_body_is(lines: str, asked: str, length: int | None) -> None:
    assert body_length(Head.parse(lines.encode() + b"\r\n\r\n"), asked) == length


def test_when_a_connection_ends() -> None:
    def is_last(lines: str) -> bool:
        return Head.parse(lines.encode() + b"\r\n\r\n").is_last

    assert not is_last("POST / HTTP/1.1")
    assert is_last("POST / HTTP/1.1\r\nConnection: Close")
    assert is_last("HTTP/1.0 200 OK")
    assert not is_last("HTTP/1.0 200 OK\r\nConnection: keep-alive")


def test_what_compression_was_agreed_upon() -> None:
    def agreed(value: str) -> tuple[bool, bool] | None:
        headers = f"Sec-WebSocket-Extensions: {value}" if value else "X: y"
        return deflate_context(Head.parse(f"HTTP/1.1 101 S\r\n{headers}\r\n\r\n".encode()))

    assert agreed("") is None
    assert agreed("permessage-deflate") == (True, True)
    assert agreed("permessage-deflate; client_no_context_takeover") == (False, True)
    assert agreed("x, permessage-deflate;server_no_context_takeover") == (True, False)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"\r\n\r\n", "no HTTP"),
        (b"PRI * HTTP/2.0\r\n\r\n", "HTTP/2"),
        (b"\x16\x03\x01\r\n\r\n", "no HTTP"),
        (b"GET / HTTP/1.1\r\nnonsense\r\n\r\n", "no header"),
    ],
)
def test_what_is_no_head_is_named(raw: bytes, why: str) -> None:
    with pytest.raises(BadHead, match=why):
        Head.parse(raw)


@pytest.mark.parametrize(
    "lines",
    [
        "HTTP/1.1 90\xb9 OK",
        "POST / HTTP/1.1\r\nContent-Length: -1",
        "POST / HTTP/1.1\r\nContent-Length: 1, 2",
        "POST / HTTP/1.1\r\nContent-Length: " + "1" * 5000,
    ],
)
def test_numbers_that_are_none_are_refused(lines: str) -> None:
    with pytest.raises(BadHead):
        body_length(Head.parse(lines.encode("latin-1") + b"\r\n\r\n"), "POST"[: lines[0] == "H"])


def test_the_size_of_a_chunk_is_hexadecimal() -> None:
    assert chunk_size(b"1F;name=value\r\n") == 31
    for line in (b"\r\n", b"-5\r\n", b"0x1\r\n", b"1" * 99 + b"\r\n"):
        with pytest.raises(BadHead):
            chunk_size(line)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_head_or_a_bad_one(raw: bytes) -> None:
    try:
        head = Head.parse(raw + b"\r\n\r\n")
        body_length(head)
        body_length(head, "POST")
    except BadHead:
        return
    deflate_context(head)
    head.raw()
