"""Functions on addresses, URLs and user agents."""

from typing import Any

import pytest

from otx.ottl.errors import ExecutionError, OttlError
from tests.ottl.log_record import Evaluate

DATA = {"ip": "10.1.2.3", "net": "10.0.0.0/8", "s": "text", "i": 7}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('IsInCIDR(attributes["ip"], ["192.168.0.0/16", "10.0.0.0/8"])', True),
        ('IsInCIDR(attributes["ip"], [attributes["net"]])', True),
        ('IsInCIDR("11.0.0.1", ["10.0.0.0/8"])', False),
        ('IsInCIDR("::ffff:10.0.0.1", ["10.0.0.0/8"])', True),
        ('IsInCIDR("10.0.0.1", ["::ffff:10.0.0.0/104"])', True),
        ('IsInCIDR("2001:db8::1", ["2001:db8::/32", "10.0.0.0/8"])', True),
        ('IsInCIDR("10.0.0.1", ["::/0"])', False),
        ('IsInCIDR("10.0.0.1", [])', False),
        ('IsInCIDR("fe80::1%eth0", ["fe80::/10"])', False),
        # What is no address is in no network, whatever the networks are.
        ('IsInCIDR("x", [attributes["s"]])', False),
        (
            'CommunityID("123.124.125.126", 12345, "55.56.57.58", 80, "UDP", 1)',
            "1:1viZaClxhTkWejXjxmQXaZzI8F4=",
        ),
        ('CommunityID("10.0.0.1", 5060, "10.0.0.2", 80)', "1:R1BJF+G7mXdTgELK6p20sGlIZpY="),
        ('CommunityID("10.0.0.2", 80, "10.0.0.1", 5060)', "1:R1BJF+G7mXdTgELK6p20sGlIZpY="),
        ('CommunityID("::ffff:10.0.0.1", 5060, "10.0.0.2", 80)', "1:R1BJF+G7mXdTgELK6p20sGlIZpY="),
    ],
)
def test_addresses(evaluate: Evaluate, text: str, value: Any) -> None:
    assert evaluate(text, DATA) == value


@pytest.mark.parametrize(
    "text",
    [
        'IsInCIDR(attributes["missing"], ["10.0.0.0/8"])',
        'IsInCIDR("10.0.0.1", [attributes["s"]])',
        'IsInCIDR("10.0.0.1", [attributes["s"], "10.0.0.0/99"])',
        'CommunityID("x", 1, "2.2.2.2", 2)',
        'CommunityID("1.1.1.1", 65536, "2.2.2.2", 2)',
        'CommunityID("1.1.1.1", 1, "2.2.2.2", -1)',
        'CommunityID("1.1.1.1", 1, "2.2.2.2", 2, "tcp")',
        'CommunityID("1.1.1.1", 1, "2.2.2.2", 2, "TCP", 65536)',
        'URL("")',
        'URL(":a")',
        'URL("http://a b/")',
        'URL("http://h/%zz")',
        'URL("http://h:99999999999999999999/")',
        'URL("?a;b")',
        'URL(attributes["i"])',
        'UserAgent(attributes["missing"])',
    ],
)
def test_fails_on_a_record(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(ExecutionError):
        evaluate(text, DATA)


@pytest.mark.parametrize(
    "text",
    [
        'IsInCIDR("10.0.0.1", ["10.0.0.0/33"])',
        'IsInCIDR("10.0.0.1", ["10.0.0.0", attributes["s"]])',
        'IsInCIDR("10.0.0.1", "10.0.0.0/8")',
        'CommunityID("1.1.1.1", "1", "2.2.2.2", 2)',
    ],
)
def test_refused(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(OttlError):
        evaluate(text, DATA)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "https://us%20er:pa%3As@example.com:8080/a%20b/c.tar.gz?x=1&y=%20#fr%20ag",
            {
                "original": "https://us%20er:pa%3As@example.com:8080/a%20b/c.tar.gz?x=1&y=%20#fr%20ag",
                "scheme": "https",
                "domain": "example.com",
                "path": "/a b/c.tar.gz",
                "port": 8080,
                "user_info": "us%20er:pa%3As",
                "username": "us er",
                "password": "pa:s",
                "query": "x=1&y=%20",
                "fragment": "fr ag",
                "extension": "gz",
            },
        ),
        ("/a/b.", {"original": "/a/b.", "scheme": "", "domain": "", "path": "/a/b."}),
        (
            "HTTP://[::1]:80",
            {
                "original": "http://[::1]:80",
                "scheme": "http",
                "domain": "::1",
                "path": "",
                "port": 80,
            },
        ),
        (
            "http://:@h/",
            {
                "original": "http://:@h/",
                "scheme": "http",
                "domain": "h",
                "path": "/",
                "user_info": ":",
                "password": "",
            },
        ),
        (
            "mailto:a@b.c",
            {"original": "mailto:a@b.c", "scheme": "mailto", "domain": "", "path": ""},
        ),
    ],
)
def test_url(evaluate: Evaluate, text: str, parts: dict[str, Any]) -> None:
    found = evaluate(f'URL("{text}")')
    assert found == {f"url.{name}": part for name, part in parts.items()}


def test_a_query_alone_gives_its_parameters(evaluate: Evaluate) -> None:
    assert evaluate('URL("?a=1&a=%20&b")') == {"query": {"a": ["1", " "], "b": [""]}}
    assert evaluate('URL("?")') == {}


def test_user_agent(evaluate: Evaluate) -> None:
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/51.0.2704.103"
    assert evaluate(f'UserAgent("{agent}")') == {
        "user_agent.original": agent,
        "user_agent.name": "Chrome",
        "user_agent.version": "51.0.2704",
        "os.name": "Windows",
        "os.version": "10",
    }


def test_an_unknown_user_agent_is_another_one(evaluate: Evaluate) -> None:
    assert evaluate('UserAgent(attributes["agent"])', {"agent": "x\udcff"}) == {
        "user_agent.original": "x\udcff",
        "user_agent.name": "Other",
        "user_agent.version": "",
        "os.name": "Other",
    }
