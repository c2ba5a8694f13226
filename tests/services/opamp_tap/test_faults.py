import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.opamp.framing import Malformed, decode_frame, frame
from otx.opamp.opamp_pb2 import AgentToServer
from otx.opamp.protocol import Side
from otx.services.opamp_tap.faults import End, Faults, Injector, Order, varint
from otx.services.opamp_tap.frames import Opcode

DATA = frame(AgentToServer(instance_uid=bytes(16), sequence_num=7))


def orders(text: str, count: int, side: Side = Side.CLIENT, seed: int = 0) -> list[Order]:
    injector = Injector(Faults.parse(text), seed)
    return [injector.message(side, DATA, True, Opcode.BINARY) for _ in range(count)]


def met(text: str, count: int, side: Side = Side.CLIENT, seed: int = 0) -> list[int]:
    """The numbers of the messages that meet a fault, from 1."""
    found = orders(text, count, side, seed)
    return [number for number, order in enumerate(found, 1) if order.told]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("drop=3", [3, 6, 9]),
        ("drop@3", [3, 6, 9]),
        ("drop=3rd", [3]),
        ("drop@100%", list(range(1, 10))),
        ("dup", list(range(1, 10))),
        ("half-open", [3, 6, 9]),
        ("1009@1st", [1]),
        ("agent:drop=4", [4, 8]),
        ("server:drop=4", []),
        ("delay=10ms@2", [2, 4, 6, 8]),
    ],
)
def test_which_messages_meet_a_fault(text: str, numbers: list[int]) -> None:
    assert met(text, 9) == numbers


def test_chance_is_repeatable_by_its_seed() -> None:
    some = met("drop@30%", 100, seed=4)
    assert 15 < len(some) < 45
    assert some == met("drop@30%", 100, seed=4)
    assert some != met("drop@30%", 100, seed=5)


def test_what_each_fault_makes_of_a_message() -> None:
    def one(text: str) -> Order:
        return orders(text, 1)[0]

    assert one("drop").copies == 0
    assert one("dup").copies == 2
    assert one("delay=200ms").delay_ns == 200_000_000
    assert 50_000_000 <= one("delay=50ms-80ms").delay_ns <= 80_000_000
    assert one("reorder").is_held
    assert one("truncate").data == DATA[: len(DATA) // 2]
    assert one("pad").data == b"\x80\x00" + DATA[1:]
    assert one("header=300").data == b"\xac\x02" + DATA[1:]
    assert one("text").opcode == Opcode.TEXT
    assert one("half-open@1").end is End.SILENT
    assert one("close@1").end is End.CUT
    assert one("1009@1").end == 1009


def test_a_padded_and_an_oversized_message_say_the_same() -> None:
    sent = decode_frame(AgentToServer, DATA)
    assert decode_frame(AgentToServer, orders("pad", 1)[0].data) == sent
    big = orders("oversize=64KiB", 1)[0].data
    assert len(big) >= 64 << 10
    assert decode_frame(AgentToServer, big).sequence_num == 7
    with pytest.raises(Malformed):
        decode_frame(AgentToServer, orders("header=1", 1)[0].data)


def test_what_reaches_the_other_side_is_known() -> None:
    def arrivals(text: str) -> tuple[int, bytes | None]:
        fate = orders(text, 1)[0].fate(DATA, is_text=False)
        return fate.arrivals, fate.sent

    assert arrivals("drop") == (0, None)
    assert arrivals("dup") == (2, None)
    assert arrivals("delay=1ms") == (1, None)
    assert arrivals("close@1") == (0, None)
    assert arrivals("truncate") == (0, DATA[: len(DATA) // 2])
    assert arrivals("oversize=2MiB") == (0, None)


def test_statuses_are_for_requests_and_openings() -> None:
    injector = Injector(Faults.parse("503=2,401@1st,retry-after=1500ms"))
    assert [injector.status() for _ in range(4)] == [401, 503, 0, 503]
    assert injector.faults.retry_after_s == 2
    assert not injector.faults.touch_messages
    assert injector.message(Side.CLIENT, DATA, True, Opcode.BINARY).told == []


def test_plain_http_meets_only_what_it_can() -> None:
    injector = Injector(Faults.parse("pad,header=1,text,reorder,1009@1,truncate"))
    order = injector.message(Side.CLIENT, DATA, False, Opcode.BINARY)
    assert order.told == [f"truncate: {len(DATA) // 2} of {len(DATA)} bytes are sent"]


@pytest.mark.parametrize(
    "text",
    [
        "explode", "drop=0", "drop=x", "drop=2@3", "drop@", "drop=", "delay", "delay=5",
        "header", "header=x", "503@0", "999", "5000", "drop@0%", "drop@101%", "drop@1e999%",
        "both:drop", "retry-after=x", "oversize=big", "dropp", "²",
    ],
)  # fmt: skip
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Faults.parse(text)


@given(st.text(max_size=20))
def test_any_text_is_a_list_of_faults_or_refused(text: str) -> None:
    try:
        Faults.parse(text)
    except UsageError as error:
        assert error.message


@given(st.integers(0, (1 << 64) - 1))
def test_a_varint_is_read_as_it_was_written(number: int) -> None:
    value = 0
    for place, byte in enumerate(varint(number)):
        value |= (byte & 0x7F) << 7 * place
    assert value == number
