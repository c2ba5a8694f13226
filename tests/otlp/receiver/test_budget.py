"""A budget of bytes: never more is taken than there is, and all comes back."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.otlp.receiver.budget import Budget
from otx.otlp.refusal import Reason, Refusal

PATIENT_S = 30


@given(st.integers(1, 100), st.integers(0, 120))
def test_what_is_not_needed_is_there_for_others(size: int, needed: int) -> None:
    budget = Budget(100, wait_s=0)
    with budget.share(size) as share:
        share.shrink(needed)
        with budget.share(100 - min(size, needed)), pytest.raises(Refusal), budget.share(1):
            pass
    with budget.share(100):
        pass


def test_who_finds_no_room_is_to_come_again() -> None:
    budget = Budget(100, wait_s=0.01)
    with budget.share(60), pytest.raises(Refusal) as caught, budget.share(41):
        pass
    assert caught.value.reason is Reason.TOO_MUCH_AT_ONCE
    assert caught.value.reason.value.is_retryable


def test_what_fails_gives_its_share_back() -> None:
    budget = Budget(100, wait_s=0)
    with pytest.raises(ValueError), budget.share(100):
        raise ValueError
    with budget.share(100):
        pass


def test_those_who_wait_are_served_when_there_is_room() -> None:
    budget = Budget(100, wait_s=PATIENT_S)
    served = threading.Semaphore(0)

    def take() -> None:
        with budget.share(50):
            served.release()

    with budget.share(100) as share:
        waiting = [threading.Thread(target=take) for _ in range(4)]
        for one in waiting:
            one.start()
        assert not served.acquire(blocking=False)
        share.shrink(50)
        for _ in waiting:
            assert served.acquire(timeout=PATIENT_S)
    for one in waiting:
        one.join()
