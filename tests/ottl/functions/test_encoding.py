"""Base64 and charsets in statements."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.errors import ExecutionError, OttlError
from tests.ottl import log_record
from tests.ottl.log_record import Evaluate

VARIANTS = ("base64", "base64-raw", "base64-url", "base64-raw-url")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('Base64Encode("pass")', "cGFzcw=="),
        ('Base64Encode("Go?/Z~x", "base64-raw-url")', "R28_L1p-eA"),
        ('Base64Encode(attributes["s"], attributes["variant"])', "YQ"),
        ('Decode("cGFzcw==", "base64")', "pass"),
        ('Decode(0x63474673, "base64-raw")', "pal"),
        ('Decode(0xe9, "ISO-8859-1")', "é"),
        ('Decode(attributes["s"], attributes["charset"])', "a"),
    ],
)
def test_values(evaluate: Evaluate, text: str, value: str) -> None:
    assert evaluate(text, {"s": "a", "variant": "base64-raw", "charset": "utf-8"}) == value


@pytest.mark.parametrize(
    "text",
    [
        'Base64Encode("a", "base32")',
        "Base64Encode(5)",
        'Base64Decode("cGFzcw==")',
        'Decode("cGFzcw", "base64")',
        'Decode("x", "no-such-charset")',
        'Decode(5, "base64")',
        'Decode(attributes["missing"], "utf-8")',
        'Decode("a", attributes["missing"])',
    ],
)
def test_what_cannot_be_coded(evaluate: Evaluate, text: str) -> None:
    with pytest.raises((OttlError, ExecutionError)):
        evaluate(text)


@given(st.binary(max_size=30), st.sampled_from(VARIANTS))
def test_decoding_undoes_encoding(octets: bytes, variant: str) -> None:
    text = octets.decode("utf-8", "surrogateescape")
    encoded = log_record.evaluate(
        f'Base64Encode(Decode(attributes["b"], "nop"), "{variant}")', {"b": octets}
    )
    assert log_record.evaluate(f'Decode(attributes["e"], "{variant}")', {"e": encoded}) == text
