"""Process contexts read from memory that may hold anything, and may change meanwhile."""

from hypothesis import given
from hypothesis import strategies as st

from otx.context.layout import HEADER, SIGNATURE
from otx.context.process import encode_process_context
from otx.profile.context.process_context import (
    ProcessContext,
    decode_process_context,
    read_process_context,
)
from otx.profile.errors import UnreadableError
from otx.profile.memory import ProcessMemory

PAGE, MESSAGE_AT = 0x1000, 0x8000


class Memory(ProcessMemory):
    """A page and a message; each read of the page sees the next header."""

    def __init__(self, headers: list[bytes], message: bytes) -> None:
        self._headers = headers
        self._message = message
        self.reads = 0

    def read(self, address: int, size: int) -> bytes:
        """What is there now."""
        if PAGE <= address < PAGE + HEADER.size:
            header = self._headers[min(self.reads, len(self._headers) - 1)]
            self.reads += 1
            data = header[address - PAGE :][:size]
        else:
            data = self._message[address - MESSAGE_AT :][:size] if address >= MESSAGE_AT else b""
        if len(data) != size:
            raise UnreadableError("not there")
        return data


def header(size: int, published_at: int = 5, at: int = MESSAGE_AT, version: int = 2) -> bytes:
    return HEADER.pack(SIGNATURE, version, size, published_at, at)


MESSAGE = encode_process_context(
    {"service.name": "shop", "pids": 7, "on": True, "share": 0.5, "": "nameless"}
)
CONTEXT = ProcessContext(
    {"service.name": "shop", "pids": 7, "on": "true", "share": "0.5"}, "tlsdesc_v1_dev"
)


def test_what_a_program_publishes_is_read() -> None:
    assert read_process_context(PAGE, Memory([header(len(MESSAGE))], MESSAGE)) == CONTEXT
    assert CONTEXT.has_readable_threads


def test_threads_of_another_schema_are_not_read() -> None:
    message = encode_process_context({}, {"threadlocal.schema_version": "go_pprof_labels_v1"})
    assert not decode_process_context(message).has_readable_threads


def test_a_context_that_changes_meanwhile_is_read_again() -> None:
    whole = header(len(MESSAGE), 6)
    headers = [header(1, 5), header(1, 0), header(1, 0), whole]
    assert read_process_context(PAGE, Memory(headers, MESSAGE)) == CONTEXT


def test_one_that_never_stands_still_is_given_up() -> None:
    memory = Memory([header(9, number) for number in range(1, 99)], MESSAGE)
    assert read_process_context(PAGE, memory) is None
    assert memory.reads < 10


def test_what_is_of_no_use_is_none() -> None:
    for wrong in (
        b"OTEL_CTY" + header(9)[8:],
        header(9, version=1),
        header(0),
        header((1 << 32) - 1),
        header(len(MESSAGE) + 1),
        header(9, at=0),
        header(9, at=(1 << 64) - 1),
    ):
        assert read_process_context(PAGE, Memory([wrong], MESSAGE)) is None


@given(st.binary(max_size=200))
def test_hostile_messages_are_unreadable_at_worst(message: bytes) -> None:
    for data in (message, MESSAGE[: len(message)], MESSAGE + message):
        try:
            context = decode_process_context(data)
        except UnreadableError:
            continue
        assert all(isinstance(it, str | int) for it in context.resource.values())


@given(st.binary(min_size=HEADER.size, max_size=HEADER.size), st.booleans())
def test_hostile_headers_lead_nowhere_at_worst(raw: bytes, signed: bool) -> None:
    page = header(8)[:12] + raw[12:] if signed else raw
    read_process_context(PAGE, Memory([page], MESSAGE))


def test_huge_attributes_are_cut() -> None:
    message = encode_process_context({f"key{number}": "x" * 5000 for number in range(10)})
    context = decode_process_context(message)
    assert {len(str(it)) for it in context.resource.values()} == {4096}
    many = encode_process_context({f"key{number}": "" for number in range(500)})
    assert len(decode_process_context(many).resource) == 128
