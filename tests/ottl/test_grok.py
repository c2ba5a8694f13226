"""Grok patterns and their library."""

from typing import Any

import pytest

from otx.ottl.errors import ExecutionError
from otx.ottl.grok import compile_grok, library, parse_definitions
from otx.ottl.patterns import InvalidPattern

ACCESS = (
    '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a?b=1 HTTP/1.0" 200 2326 '
    '"http://r/" "M/4"'
)


def extract(pattern: str, text: str, *, only_named: bool = True) -> dict[str, Any]:
    return compile_grok(pattern, (), only_named=only_named).extract(text)


@pytest.mark.parametrize(
    ("pattern", "text", "fields"),
    [
        (
            "%{ELB_URI}",
            "http://user:password@example.com:80/path?query=string",
            {
                "url.scheme": "http",
                "url.username": "user",
                "url.domain": "example.com",
                "url.port": 80,
                "url.path": "/path",
                "url.query": "query=string",
            },
        ),
        (
            "%{SYSLOGBASE} %{GREEDYDATA:message}",
            "Oct 11 22:14:15 host su[123]: failed",
            {"timestamp": "Oct 11 22:14:15", "host.name": "host", "message": "failed"},
        ),
        ("%{TIMESTAMP_ISO8601:t}", "at 2023-05-26T12:34:56.7Z", {"t": "2023-05-26T12:34:56.7Z"}),
        ("%{NUMBER:n:double}", "-3.5", {"n": -3.5}),
        ("%{IP:ip}", "fe80::1", {"ip": "fe80::1"}),
        ("%{INT:a-b}", "1", {}),
    ],
)
def test_fields(pattern: str, text: str, fields: dict[str, Any]) -> None:
    assert extract(pattern, text) == fields


def test_an_access_log() -> None:
    fields = extract("%{HTTPD_COMBINEDLOG}", ACCESS)
    assert fields["source.address"] == "127.0.0.1"
    assert fields["http.response.status_code"] == 200
    assert fields["user_agent.original"] == "M/4"


def test_unnamed_pieces_are_kept_by_their_pattern() -> None:
    assert extract("%{WORD} %{INT}", "a 1", only_named=False) == {"WORD": "a", "INT": "1"}


def test_the_library_compiles() -> None:
    # One pattern is none to Go either: its groups' names are too odd.
    known = set(library()) - {"CISCOFW733100"}
    assert len(known) > 200
    for name in known:
        compile_grok(f"%{{{name}}}", (), only_named=True)


@pytest.mark.parametrize(
    ("pattern", "definitions"),
    [("%{NOPE}", []), ("%{A}", ["A=%{A}"]), ("%{A}", ["A=%{A}%{A}x"]), ("%{A}", ["A=("])],
)
def test_what_is_no_pattern(pattern: str, definitions: list[str]) -> None:
    with pytest.raises(InvalidPattern):
        compile_grok(pattern, parse_definitions(definitions), only_named=True)


def test_definitions() -> None:
    assert parse_definitions(["A=x=y", "=z"]) == (("A", "x=y"), ("", "z"))
    for wrong in ("A", "A:b=c"):
        with pytest.raises(ExecutionError):
            parse_definitions([wrong])
