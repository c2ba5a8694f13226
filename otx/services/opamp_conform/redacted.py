"""Messages as evidence: nothing secret, in words and in bytes."""

from typing import Any

from google.protobuf.message import Message

from otx.opamp.document import is_secret_name
from otx.opamp.framing import HEADER
from otx.opamp.opamp_pb2 import Header, KeyValue
from otx.services.opamp_conform.outcome import AnyMessage, Passage

SHOWN_BYTES = 512
UNREADABLE_SHOWN = {"sent": 32, "received": 8}
"""Bytes shown of what is no message: of what was received nobody knows what is in them."""
_SECRET_BYTES = {"body", "data", "csr", "private_key", "signature"}
_SECRET_TEXTS = {"ca_pem_contents"}


def shown_hex(passage: Passage) -> str:
    """Its bytes; contents and credentials are replaced by asterisks of the same length."""
    if passage.message is None:
        return _cut(passage.data, UNREADABLE_SHOWN[passage.way])
    copy = redacted(passage.message)
    has_header = passage.data[:1] == HEADER
    return _cut((HEADER if has_header else b"") + copy.SerializeToString(), SHOWN_BYTES)


def redacted(message: AnyMessage) -> AnyMessage:
    """A copy without what may be secret."""
    copy = type(message).FromString(message.SerializeToString())
    copy.DiscardUnknownFields()
    _cover(copy)
    return copy


def _cover(message: Message) -> None:
    if isinstance(message, KeyValue) and is_secret_name(message.key):
        message.value.string_value = "*" * 8
        return
    if isinstance(message, Header):
        message.value = "*" * len(message.value)
        return
    for field, value in message.ListFields():
        if field.name in _SECRET_BYTES and isinstance(value, bytes):
            setattr(message, field.name, b"*" * len(value))
        elif field.name in _SECRET_TEXTS and isinstance(value, str):
            setattr(message, field.name, "*" * len(value))
        elif isinstance(value, Message):
            _cover(value)
        elif field.message_type is not None:
            for one in _parts(value):
                _cover(one)


def _parts(value: Any) -> list[Message]:
    """The messages of a list or of a map."""
    entries = value.values() if hasattr(value, "values") else value
    return [one for one in entries if isinstance(one, Message)]


def _cut(data: bytes, most: int) -> str:
    more = f" … {len(data)} bytes" if len(data) > most else ""
    return data[:most].hex() + more
