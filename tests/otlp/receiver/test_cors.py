"""Which pages may send from a browser, and what a browser is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.otlp.receiver.cors import Origins, is_preflight
from otx.otlp.refusal import Reason, Refusal

SHOP = "https://shop.example"


@pytest.mark.parametrize(
    ("allowed", "origin", "answer"),
    [
        ([SHOP], SHOP, SHOP),
        ([SHOP], "https://shop.example:8443", ""),
        ([SHOP], "https://shop.example.evil", ""),
        ([SHOP], "", ""),
        ([], SHOP, ""),
        (["*"], SHOP, "*"),
        (["*"], "null", "*"),
        (["*"], "", ""),
        (["null"], "null", "null"),
    ],
)
def test_who_may_read_an_answer(allowed: list[str], origin: str, answer: str) -> None:
    headers = Origins.parse(allowed).headers(origin)
    assert headers.startswith(f"Access-Control-Allow-Origin: {answer}\r\n" if answer else "")
    assert bool(headers) is bool(answer)
    # A cache must not give one page's answer to another.
    assert ("Vary: Origin" in headers) is (answer not in ("", "*"))


@pytest.mark.parametrize("text", ["shop.example", "https://shop.example/", "https://", "a b://c"])
def test_what_is_no_origin(text: str) -> None:
    with pytest.raises(UsageError, match="is no origin"):
        Origins.parse([text])


def test_a_browser_is_told_what_it_may_send() -> None:
    asked = {"origin": SHOP, "access-control-request-headers": "content-type, x-team"}
    headers = Origins.parse([SHOP]).preflight_headers(asked)
    assert "Access-Control-Allow-Methods: POST\r\n" in headers
    assert "Access-Control-Allow-Headers: content-type, x-team\r\n" in headers


def test_a_page_that_may_not_send_is_named() -> None:
    with pytest.raises(Refusal, match=r"pages of https://other\.example may not") as caught:
        Origins.parse([SHOP]).preflight_headers({"origin": "https://other.example"})
    assert caught.value.reason is Reason.ORIGIN_NOT_ALLOWED


@given(asked=st.text(st.characters(max_codepoint=255)))
def test_what_is_asked_for_adds_no_line(asked: str) -> None:
    headers = Origins.parse(["*"]).preflight_headers(
        {"origin": SHOP, "access-control-request-headers": asked}
    )
    lines = headers.split("\r\n")
    assert len(lines) == 6
    assert headers.isascii()
    assert all(line.startswith("Access-Control-") for line in lines[:-1])


def test_only_a_question_of_a_browser_is_one() -> None:
    assert is_preflight(b"OPTIONS", {"access-control-request-method": "POST"})
    assert not is_preflight(b"OPTIONS", {})
    assert not is_preflight(b"POST", {"access-control-request-method": "POST"})
