"""What a process says it is (OTEP 4719, Reading Protocol): its resource, and how threads say more.

The page and the message belong to the process, so nothing in them is trusted: the size is bounded,
the message is copied before it is parsed, and one that changes meanwhile is read again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from otx.context.layout import (
    HEADER,
    PUBLISHED_AT,
    SCHEMA_KEY,
    SCHEMAS,
    SIGNATURE,
    VERSION,
)
from otx.profile.errors import UnreadableError
from otx.profile.formats.reading import protobuf_fields
from otx.profile.memory import ProcessMemory

_MAX_MESSAGE = 64 << 10
_MAX_ATTRIBUTES = 128
_MAX_TEXT = 4096
_ATTEMPTS = 3
_RESOURCE, _ATTRIBUTES = 1, 2


@dataclass(frozen=True, slots=True)
class ProcessContext:
    """What a process published.

    Attributes:
        resource: Its attributes that are a text or a whole number; other simple ones as text.
        schema: How threads publish theirs; "" where it does not say.
    """

    resource: Mapping[str, str | int] = field(default_factory=dict)
    schema: str = ""

    @property
    def has_readable_threads(self) -> bool:
        """Whether threads may publish in the form that is read here."""
        return not self.schema or self.schema in SCHEMAS


def read_process_context(address: int, memory: ProcessMemory) -> ProcessContext | None:
    """The process context at an address; None where there is none that can be read."""
    for _ in range(_ATTEMPTS):
        try:
            message = _read_message(address, memory)
            if message is not None:
                return decode_process_context(message)
        except UnreadableError:
            return None
    return None


def _read_message(address: int, memory: ProcessMemory) -> bytes | None:
    """The message as it was at one time; None while it is being written.

    Raises:
        UnreadableError: It is no process context of a known version, or is not to be read.
    """
    header = memory.read(address, HEADER.size)
    signature, version, size, published_at, message_at = HEADER.unpack(header)
    if signature != SIGNATURE or version != VERSION or not 0 < size <= _MAX_MESSAGE:
        raise UnreadableError("no process context")
    if not published_at:
        return None
    message = memory.read(message_at, size)
    return message if memory.read_word(address + PUBLISHED_AT) == published_at else None


def decode_process_context(message: bytes) -> ProcessContext:
    """A ProcessContext message (opentelemetry-proto, processcontext/v1development).

    Raises:
        UnreadableError: It is none.
    """
    resource: dict[str, str | int] = {}
    schema = ""
    try:
        for number, content in protobuf_fields(message):
            if isinstance(content, int):
                continue
            if number == _RESOURCE:
                resource |= _plain(Resource.FromString(bytes(content)).attributes)
            elif number == _ATTRIBUTES:
                said = _plain([KeyValue.FromString(bytes(content))])
                schema = str(said.get(SCHEMA_KEY, schema))
    except (DecodeError, ValueError) as error:
        raise UnreadableError(f"no process context: {error}") from None
    return ProcessContext(resource, schema)


def _plain(attributes: Iterable[KeyValue]) -> dict[str, str | int]:
    plain: dict[str, str | int] = {}
    for it in attributes:
        value = _plain_value(it.value)
        if it.key and value is not None and len(plain) < _MAX_ATTRIBUTES:
            plain[it.key[:_MAX_TEXT]] = value
    return plain


def _plain_value(value: AnyValue) -> str | int | None:
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value[:_MAX_TEXT]
        case "int_value":
            return value.int_value
        case "bool_value":
            return "true" if value.bool_value else "false"
        case "double_value":
            return repr(value.double_value)
    return None
