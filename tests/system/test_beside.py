"""Work beside other work: its result, or what ended it."""

import threading

import pytest

from otx.errors import MachineError
from otx.system.beside import Beside


def test_it_goes_on_while_others_do_and_its_result_is_waited_for() -> None:
    may_end = threading.Event()
    work = Beside(lambda: may_end.wait(10))
    may_end.set()
    assert work.result() is True
    assert work.result() is True


def test_what_ended_it_is_raised_where_its_result_is_asked_for() -> None:
    def refuse() -> None:
        raise MachineError("no")

    work = Beside(refuse)
    for _ in range(2):
        with pytest.raises(MachineError, match="no"):
            work.result()
