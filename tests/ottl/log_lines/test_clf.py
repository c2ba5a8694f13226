"""Lines of access logs."""

from typing import Any

import pytest

from otx.ottl.errors import ExecutionError
from otx.ottl.log_lines import clf

LINE = '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326'


def test_a_line_of_each_form() -> None:
    common = clf.parse(f" {LINE}\n", is_combined=False)
    assert common == {
        "clf.remote_host": "127.0.0.1",
        "clf.rfc931": "-",
        "clf.auth_user": "frank",
        "clf.timestamp": "10/Oct/2000:13:55:36 -0700",
        "clf.request": "GET /a.gif HTTP/1.0",
        "clf.method": "GET",
        "clf.request_uri": "/a.gif",
        "clf.protocol": "HTTP/1.0",
        "clf.status": 200,
        "clf.bytes": 2326,
    }
    combined = clf.parse(LINE + ' "http://r/" "M/4"', is_combined=True)
    assert combined == {**common, "clf.referer": "http://r/", "clf.user_agent": "M/4"}


@pytest.mark.parametrize(
    ("request_", "shown"),
    [
        (r"a \"b\" \\ \n\q", 'a "b" \\ \n\\q'),
        (r"\x41\xc3\xa9\x4", "Aé\\x4"),
        (r"\xff", "\udcff"),
        ("", ""),
    ],
)
def test_escapes(request_: str, shown: str) -> None:
    parsed = clf.parse(f'h - - [d] "{request_}" 200 -', is_combined=False)
    assert parsed["clf.request"] == shown
    assert "clf.bytes" not in parsed


@pytest.mark.parametrize(
    "line",
    [
        "",
        "x",
        'h - - [] "x" 1 2',
        'h - - [d] "x" y 2',
        'h - - [d] "x" 1 y',
        'h - - [d] "x" 1',
        'h - - [d] "x"y" 1 2',
        'h - - [d] "x" 99999999999999999999 2',
    ],
)
@pytest.mark.parametrize("is_combined", [False, True])
def test_what_is_no_line(line: str, is_combined: Any) -> None:
    with pytest.raises(ExecutionError):
        clf.parse(line, is_combined=is_combined)
