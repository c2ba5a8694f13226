import io
import json

from otx.opamp.framing import frame
from otx.opamp.protocol import Side
from otx.output import Painter
from otx.services.opamp_tap.events import Event
from otx.services.opamp_tap.observer import Observer
from otx.services.opamp_tap.screen import JsonScreen, TextScreen
from otx.services.opamp_tap.summary import Summary
from tests.opamp.test_document import SECRET, offer
from tests.services.opamp_tap.tapping import report

NOON = 1_790_000_000_000_000_000


def events() -> tuple[list[Event], Summary]:
    told: list[Event] = []
    observer = Observer(told.append)
    one = observer.conversation()
    one.message(NOON, Side.CLIENT, frame(report(1)), False)
    one.message(NOON, Side.SERVER, frame(offer()), False)
    return told, observer.summary


def text(width: int | None = None, show_secrets: bool = False) -> str:
    stream = io.StringIO()
    screen = TextScreen(stream, Painter(wants_colour=False, width=width), show_secrets)
    told, summary = events()
    for event in told:
        screen.show(event)
    screen.end(summary, 3, [{"line": 4, "connection": 1, "what": "flags\x1b[2J differs"}])
    return stream.getvalue()


def test_a_message_is_a_line_and_secrets_are_left_out() -> None:
    found = text()
    assert SECRET not in found
    assert found.splitlines()[0].endswith("; is shop; can reports_status")
    assert "differs, line 4: flags\N{REPLACEMENT CHARACTER}[2J differs" in found
    assert "3 events not shown: the output was too slow" in found


def test_secrets_are_shown_where_they_are_asked_for() -> None:
    assert f'"body": "{SECRET}"' in text(show_secrets=True)


def test_a_line_is_wrapped_behind_its_head_on_a_terminal() -> None:
    lines = text(width=90).splitlines()
    assert max(map(len, lines[: lines.index("")])) <= 90
    assert lines[1].startswith(" " * 41)
    # Where there is no room for that, the terminal wraps it.
    assert len(text(width=50).splitlines()[0]) > 50


def test_json_is_a_document_or_an_object_a_line() -> None:
    for is_document in (True, False):
        stream = io.StringIO()
        screen = JsonScreen(stream, is_document, show_secrets=False)
        told, summary = events()
        for event in told:
            screen.show(event)
        screen.end(summary, 0, [])
        found = stream.getvalue()
        assert SECRET not in found
        if is_document:
            document = json.loads(found)
            assert len(document["events"]) == 2
            assert document["summary"]["differences"] == []
        else:
            kinds = [json.loads(line)["kind"] for line in found.splitlines()]
            assert kinds == ["message", "message", "summary"]
