"""Calls on a thread of their own."""

import threading

import pytest

from otx.profile.dump.ahead import Ahead


def test_a_call_goes_on_beside_its_maker() -> None:
    may_end = threading.Event()

    def call() -> str:
        assert may_end.wait(30)
        return "done"

    ahead = Ahead(call)
    assert not ahead.is_done
    may_end.set()
    assert (ahead.result(), ahead.is_done) == ("done", True)
    assert ahead.result() == "done"


def test_what_it_raises_is_raised_where_the_result_is_asked_for() -> None:
    def call() -> None:
        raise ValueError("no")

    ahead = Ahead(call)
    with pytest.raises(ValueError, match="no"):
        ahead.result()
