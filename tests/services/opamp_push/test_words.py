"""What is told of a push, and how its command ends."""

from otx.errors import ExitCode
from otx.opamp.not_stored import WAITS_FOR_ROOM
from otx.services.opamp_push.words import (
    agreed,
    counts_text,
    exit_code,
    matching_text,
    push_lines,
    state_text,
)
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


def test_what_waits_is_not_called_done() -> None:
    assert state_text(push(waiting=1)) == "is out, not all have answered"
    assert state_text(push(applied=1)) == "done"
    assert state_text(push("running", waiting=1)) == "running"


def test_words_agree_with_their_count() -> None:
    assert agreed(1, "gets it", "get it") == "1 gets it"
    assert agreed(0, "gets it", "get it") == "0 get it"
    assert matching_text(1, "env=prod") == "1 agent matches env=prod"
    assert matching_text(2, "env=prod") == "2 agents match env=prod"
    assert matching_text(2, "") == "2 agents, which is all of them"
