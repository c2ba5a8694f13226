"""Base64Encode and Decode: bytes as text, and text from bytes in base64 or a charset."""

import base64
from typing import Any

from otx.ottl.charsets import BASE64_VARIANTS, decoder
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Gives, converter, converter_builder
from otx.ottl.lift import Always
from otx.ottl.parameters import AnyOctets, Get, Text
from otx.ottl.values import Value, kind_of


@converter("Base64Encode", since="0.147", example=Example('Base64Encode("pass")', '"cGFzcw=="'))
def base64_encode(target: Text, variant: Text = "base64") -> str:
    """A text's bytes in base64: padded or `raw`, with the usual letters or those for URLs."""
    if variant not in BASE64_VARIANTS:
        raise ExecutionError(f"{variant!r} is no base64 variant: {', '.join(BASE64_VARIANTS)} are")
    encode = base64.urlsafe_b64encode if variant.endswith("url") else base64.b64encode
    text = encode(target.encode("utf-8", "surrogateescape")).decode()
    return text.rstrip("=") if "raw" in variant else text


@converter_builder(
    "Decode",
    fails="target is not in that encoding",
    since="0.141",
    example=Example('Decode("cGFzcw==", "base64")', '"pass"'),
)
def decode(target: Get[AnyOctets], encoding: Get[Text]) -> Gives[str]:
    """The text that bytes hold in an encoding: a base64 variant, or a charset by its IANA name."""
    fixed = decoder(encoding.value) if isinstance(encoding, Always) else None

    def run(record: Any) -> str:
        octets = _octets(target(record))
        return (fixed or decoder(encoding(record)))(octets)

    return run


def _octets(value: Value) -> bytes:
    if type(value) is bytes:
        return value
    if type(value) is str:
        return value.encode("utf-8", "surrogateescape")
    raise ExecutionError(f"Decode takes a string or bytes, not {kind_of(value)}")
