"""Want of room is told from what is wrong with a configuration."""

import pytest

from otx.opamp.not_stored import NOT_STORED, is_not_stored


@pytest.mark.parametrize(
    ("reason", "is_it"),
    [(f"{NOT_STORED}: No space left on device", True), ("exit code 4", False), ("", False)],
)
def test_a_reason_says_whether_there_was_no_room(reason: str, is_it: bool) -> None:
    assert is_not_stored(reason) is is_it
