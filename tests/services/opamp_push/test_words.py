"""What is told of a push, and how its command ends."""

from otx.errors import ExitCode
from otx.opamp.not_stored import WAITS_FOR_ROOM
from otx.services.opamp_push.words import counts_text, exit_code, push_lines
from tests.services.opamp_push.documents import NONE, push


def test_counts_leave_out_what_is_none() -> None:
    assert counts_text({"matching": 0, **NONE}) == "0 matching"
    assert counts_text({"matching": 2, **NONE, "applied": 2}) == "2 matching: 2 applied"
    counts = {"matching": 3, **NONE, "applied": 2, "failed": 1, "observed": 1}
    assert counts_text(counts) == "3 matching: 2 applied, 1 failed; 1 still observed"


def test_a_push_that_reaches_nobody_is_no_success() -> None:
    found = push(kept=2, unable=1)
    assert exit_code(found) == ExitCode.NO
    assert "reaches no agent" in "\n".join(push_lines(found))
    assert exit_code(push(kept=2, away=1)) == ExitCode.DONE


def test_what_an_agent_says_cannot_drive_the_terminal() -> None:
    found = {**push(failed=1), "note": "a\x1b[31m", "failures": [{"uid": "u", "reason": "\x1b[2J"}]}
    assert "\x1b" not in "".join(push_lines(found))


def test_a_full_disk_is_told_from_a_bad_configuration() -> None:
    reason = "it cannot be stored: No space left on device"
    found = {**push(failed=1), "failures": [{"uid": "u", "reason": reason}]}
    assert "takes it up by itself" in "\n".join(push_lines(found))
    told = {**found, "note": f"1 agent failed: u: {reason}. {WAITS_FOR_ROOM}"}
    assert "\n".join(push_lines(told)).count("takes it up by itself") == 1
