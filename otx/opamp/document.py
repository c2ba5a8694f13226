"""A message of OpAMP as a JSON document, for records, tests and `--format json`.

Keys are the fields' names, hashes hexadecimal, uids canonical text, enums and bits words. What may
be secret is left out unless it is asked for: header values, keys, certificates, the bodies of
configurations and custom messages, and attributes whose names say so.
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from otx.opamp.capabilities import AgentCapability, AgentFlag, ServerCapability, ServerFlag, words
from otx.opamp.instance_uid import uid_text
from otx.opamp.opamp_pb2 import AnyValue, KeyValue
from otx.opamp.secret_names import is_secret_name as is_secret_name

REDACTED = "[redacted]"
UID_FIELDS = {"instance_uid", "new_instance_uid"}
_BITS = {
    "AgentToServer.capabilities": AgentCapability,
    "AgentToServer.flags": AgentFlag,
    "ServerToAgent.capabilities": ServerCapability,
    "ServerToAgent.flags": ServerFlag,
}
_BODIES = {"body", "data", "csr", "cert", "private_key", "ca_cert", "signature"}
"""Fields of bytes that hold contents; all other bytes are uids and hashes."""
_SECRET_TEXTS = {"Header.value", "TLSConnectionSettings.ca_pem_contents"}
_URLS = {"destination_endpoint", "url", "download_url"}


def shown_url(url: str) -> str:
    """A URL without user, password and query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return REDACTED
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def message_document(message: Message, show_secrets: bool = False) -> dict[str, Any]:
    """The fields that are set, nested as they are; what is not set is left out.

    Enums and `healthy` are there in any case: their first values say something.
    """
    document: dict[str, Any] = {
        field.name: enum_word(field, 0) if field.enum_type is not None else False
        for field in message.DESCRIPTOR.fields
        if field.enum_type is not None or field.name == "healthy"
    }
    for field, value in message.ListFields():
        document[field.name] = _field(message, field, value, show_secrets)
    return document


def value_of(value: AnyValue, show_secrets: bool) -> Any:
    """An attribute's value as plain data; bytes as hexadecimal text, an unset one as None."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(one, show_secrets) for one in value.array_value.values]
    if kind == "kvlist_value":
        return attributes_of(value.kvlist_value.values, show_secrets)
    if kind == "bytes_value":
        return value.bytes_value.hex()
    return getattr(value, kind) if kind else None


def attributes_of(pairs: Iterable[KeyValue], show_secrets: bool) -> dict[str, Any]:
    """Attributes by name."""
    return {
        one.key: value_of(one.value, show_secrets)
        if show_secrets or not is_secret_name(one.key)
        else REDACTED
        for one in pairs
    }


def _field(message: Message, field: FieldDescriptor, value: Any, show_secrets: bool) -> Any:
    whole_name = f"{message.DESCRIPTOR.name}.{field.name}"
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return _map(field, value, show_secrets)
    if whole_name in _BITS:
        return words(_BITS[whole_name](value))
    if field.message_type is not None and field.message_type.name == "KeyValue":
        return attributes_of(value, show_secrets)
    if isinstance(value, Message):
        return message_document(value, show_secrets)
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return [message_document(one, show_secrets) for one in value]
    if field.enum_type is not None:
        return enum_word(field, value)
    if isinstance(value, bytes):
        return _bytes(field.name, value, show_secrets)
    if isinstance(value, str) and not show_secrets:
        return _text(whole_name, field.name, value)
    return value if isinstance(value, str | int | float) else list(value)


def _map(field: FieldDescriptor, entries: Mapping[str, Any], show_secrets: bool) -> dict[str, Any]:
    # An entry whose value is no message is a setting of `other_settings`, which may be anything.
    return {
        key: message_document(value, show_secrets)
        if isinstance(value, Message)
        else (value if show_secrets else REDACTED)
        for key, value in sorted(entries.items())
    }


def enum_word(field: Any, value: int) -> str | int:
    """The name of an enum's value without the enum's own; a value without a name is itself.

    Args:
        field: The descriptor of a field of an enum.
        value: What it holds.
    """
    kind = field.enum_type
    named = kind.values_by_number.get(value) if kind is not None else None
    return named.name.partition("_")[2] if named is not None else value


def _bytes(name: str, value: bytes, show_secrets: bool) -> Any:
    if name in UID_FIELDS:
        return uid_text(value)
    if name not in _BODIES:
        return value.hex()
    if not show_secrets:
        return {"bytes": len(value)}
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _text(whole_name: str, name: str, value: str) -> str:
    if whole_name in _SECRET_TEXTS:
        return REDACTED
    return shown_url(value) if name in _URLS else value
