import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import OtxError, UsageError
from otx.opamp.framing import frame
from otx.opamp.protocol import Side
from otx.services.opamp_tap.events import Event
from otx.services.opamp_tap.observer import Fate, Observer
from otx.services.opamp_tap.record import Recorder, fate_of, read_record
from otx.services.opamp_tap.retell import retell
from tests.opamp.test_document import SECRET, offer
from tests.services.opamp_tap.tapping import UID, answer, report

NOON = 1_790_000_000_000_000_000
HEAD = b'{"kind": "record", "form": "opamp-record", "version": 1}\n'


def conversation(told: Observer) -> None:
    """One of everything that a record holds."""
    one = told.conversation()
    one.opened(NOON, ["opens /v1/opamp"], path="/v1/opamp", headers=[])
    one.message(NOON + 1, Side.CLIENT, frame(report(1)), False)
    one.message(NOON + 2, Side.SERVER, frame(offer()), False)
    one.message(NOON + 3, Side.CLIENT, frame(report(4)), False, Fate(0, b"\x00half"))
    one.faults(NOON + 3, ["truncate: 5 of 9 bytes are sent"], Side.CLIENT)
    one.message(NOON + 4, Side.CLIENT, b"text", True)
    one.closes(NOON + 5, Side.CLIENT, 4001, "enough")
    one.end()
    other = told.conversation()
    uid = other.request(NOON + 6, report(9).SerializeToString(), "")
    other.response(NOON + 8, answer().SerializeToString(), uid, NOON + 6)
    uid = other.request(NOON + 9, report(10).SerializeToString(), "")
    other.refused(NOON + 10, 503, ["503 Service Unavailable", "retry after 4 s"], uid, 4.0)
    other.lost(NOON + 11, Side.SERVER, "resets the connection")
    told.note(NOON + 12, "no connection can be taken")


def recorded(path: Path) -> list[Event]:
    events: list[Event] = []
    recorder = Recorder(path, {"to": "ws://x", "faults": "", "seed": 0})

    def told(event: Event) -> None:
        events.append(event)
        recorder.outbox.put(event)

    conversation(Observer(told))
    recorder.close()
    assert recorder.fault is None
    return events


def test_a_record_is_told_again_as_it_was(tmp_path: Path) -> None:
    events = recorded(tmp_path / "r")
    again: list[Event] = []
    with (tmp_path / "r").open("rb") as file:
        summary = retell(read_record(file, "r"), again.append)
    for was, is_now in zip(events, again, strict=True):
        before, after = dict(was.document()), is_now.document()
        for name in ("path", "headers"):
            before.pop(name, None)
        assert after == before
    assert summary.counts["reports"] == 5


def test_a_record_is_for_its_owner_and_shows_secrets_in_no_text(tmp_path: Path) -> None:
    recorded(tmp_path / "r")
    assert (tmp_path / "r").stat().st_mode & 0o077 == 0
    assert SECRET not in (tmp_path / "r").read_text()


def test_bytes_and_fate_are_kept(tmp_path: Path) -> None:
    recorded(tmp_path / "r")
    with (tmp_path / "r").open("rb") as file:
        lines = [line for line in read_record(file, "r") if line.data is not None]
    assert lines[0].data == frame(report(1))
    assert fate_of(lines[2]) == Fate(0, b"\x00half")
    assert lines[3].is_text
    assert UID.hex()[:8] in str(lines[0].details["uid"])


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", ""),
        (b"hello\n", "r:1: no JSON"),
        (b"[1]\n", "r:1: no JSON object"),
        (b'{"form": "other"}\n', "r is no record of OpAMP"),
        (HEAD + b'{"kind": "message"}\n', "r:2: no 'says'"),
        (HEAD + b'{"kind": "mess\n', "r:2: no JSON"),
    ],
)
def test_what_is_no_record_is_named_with_its_line(content: bytes, place: str) -> None:
    if not place:
        assert list(read_record(io.BytesIO(content), "r")) == []
        return
    with pytest.raises(UsageError, match=place.replace("(", r"\(")):
        list(read_record(io.BytesIO(content), "r"))


def test_a_record_of_a_tap_that_was_killed_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    recorded(tmp_path / "r")
    content = (tmp_path / "r").read_bytes()
    whole = list(read_record(io.BytesIO(content), "r"))
    cut: list[int] = []
    found = list(read_record(io.BytesIO(content[:-20]), "r", cut.append))
    assert found == whole[:-1]
    assert cut == [len(whole) + 1]


@given(st.binary(max_size=60), st.data())
def test_any_damage_is_an_error_of_its_own(junk: bytes, data: st.DataObject) -> None:
    line = {
        "kind": data.draw(st.sampled_from(["message", "close", "refused", "fault", "note", 3])),
        "says": data.draw(st.sampled_from([[], ["x"], "x", None])),
        "side": data.draw(st.sampled_from(["agent", "server", "tap", "x", []])),
        "connection": data.draw(st.sampled_from([1, "1", None, "x"])),
        "transport": data.draw(st.sampled_from(["ws", "http", 1])),
        "time_unix_nano": data.draw(st.sampled_from([1, "2", [], "x"])),
        "raw": data.draw(st.sampled_from(["AAA=", "AAAA", 5, None])),
        "uid": data.draw(st.sampled_from([None, "x", str(UID.hex())])),
        "code": data.draw(st.sampled_from([1000, "x", None])),
        "status": data.draw(st.sampled_from([503, "x", None])),
        "broken_rules": data.draw(st.sampled_from([[], [{"number": 58}], {}, None])),
        "arrivals": data.draw(st.sampled_from([0, 1, "x", None])),
    }
    content = HEAD + json.dumps(line).encode() + b"\n" + junk
    try:
        retell(read_record(io.BytesIO(content), "r"), lambda _: None)
    except OtxError as error:
        assert error.message.startswith("r:")
