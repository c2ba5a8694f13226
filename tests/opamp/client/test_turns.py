"""Every server has its turn, whatever is dead."""

from collections.abc import Iterator
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.client.settings import Role, Trial
from otx.opamp.client.turns import Turns


def _attempts(trial: Trial, current: list[str], candidate: list[str]) -> Iterator[str]:
    """The servers that are tried where none of them is there."""
    turns = Turns()
    while True:
        role = trial.role()
        yield turns.choice(role, candidate if role is Role.CANDIDATE else current)
        trial.failed(role, "connection refused")
        turns.passed(role)


@given(has_candidate=st.booleans(), others=st.integers(0, 4))
def test_every_server_is_tried(has_candidate: bool, others: int) -> None:
    local = [f"local {number}" for number in range(others)]
    tried = list(islice(_attempts(Trial(has_candidate), ["current", *local], ["new"]), 20))
    assert {"current", *local} <= set(tried)
    assert ("new" in tried) == has_candidate


def test_new_settings_begin_with_the_first() -> None:
    turns = Turns()
    turns.passed(Role.CURRENT)
    assert turns.choice(Role.CURRENT, ["a", "b"]) == "b"
    turns.begin()
    assert turns.choice(Role.CURRENT, ["a", "b"]) == "a"
