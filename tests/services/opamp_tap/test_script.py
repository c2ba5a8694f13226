import io
from pathlib import Path

from otx.opamp.framing import frame
from otx.opamp.opamp_pb2 import AgentToServer
from otx.opamp.protocol import Side
from otx.services.opamp_tap.record import read_record
from otx.services.opamp_tap.script import Deed, Step, script
from tests.services.opamp_tap.tapping import report
from tests.services.opamp_tap.test_record import recorded


def recorded_steps(folder: Path) -> list[Step]:
    recorded(folder / "r")
    return script(read_record(io.BytesIO((folder / "r").read_bytes()), "r"))


def test_a_record_is_what_either_side_did(tmp_path: Path) -> None:
    found = [(step.side, step.deed, step.is_http) for step in recorded_steps(tmp_path)]
    agent, server = Side.CLIENT, Side.SERVER
    assert found == [
        (agent, Deed.SAY, False),
        (server, Deed.SAY, False),
        (agent, Deed.SAY, False),
        (agent, Deed.SAY, False),
        (agent, Deed.CLOSE, False),
        (agent, Deed.SAY, True),
        (server, Deed.SAY, True),
        (agent, Deed.SAY, True),
        (server, Deed.REFUSE, True),
        (server, Deed.LOSE, False),
    ]


def test_what_was_spoilt_is_played_as_it_arrived(tmp_path: Path) -> None:
    first, _, spoilt, text, close, *_ = recorded_steps(tmp_path)
    assert isinstance(first.message, AgentToServer)
    assert first.data == frame(report(1))
    assert (spoilt.message, spoilt.data, spoilt.copies) == (None, b"\x00half", 1)
    assert (text.is_text, text.message) == (True, None)
    assert close.status == 4001
