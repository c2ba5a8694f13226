"""Connection settings: no order of failures locks the agent out or loses the verdict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.client.settings import Role, Trial, Verdict


def test_without_a_candidate_the_current_settings_are_used() -> None:
    trial = Trial()
    assert trial.role() is Role.CURRENT
    assert trial.worked(Role.CURRENT) is None
    assert not trial.is_open


def test_the_candidate_is_tried_first_and_kept_when_it_works() -> None:
    trial = Trial()
    trial.begin()
    assert trial.role() is Role.CANDIDATE
    assert trial.worked(Role.CANDIDATE) is Verdict.APPLIED
    assert trial.role() is Role.CURRENT


def test_where_the_candidate_fails_the_old_settings_decide() -> None:
    trial = Trial(has_candidate=True)  # as after a start in the midst of it
    for _ in range(2):
        assert trial.role() is Role.CANDIDATE
        trial.failed(Role.CANDIDATE, "refused")
    assert trial.role() is Role.CURRENT
    assert trial.worked(Role.CURRENT) is Verdict.FAILED
    assert trial.reason == "refused"


@given(
    works=st.sampled_from(list(Role)),
    flaky=st.integers(0, 12),
)
def test_whatever_works_is_found(works: Role, flaky: int) -> None:
    """The server may have dropped the old settings already, and the network fails at first."""
    trial = Trial()
    trial.begin()
    for attempt in range(flaky + 5):
        role = trial.role()
        if role is works and attempt >= flaky:
            expected = Verdict.APPLIED if works is Role.CANDIDATE else Verdict.FAILED
            assert trial.worked(role) is expected
            return
        trial.failed(role, "down")
    pytest.fail("locked out")
