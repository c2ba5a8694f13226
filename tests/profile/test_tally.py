"""What counts as found, and what as whole."""

import pytest

from otx.model.stack import Frame
from otx.profile.records import RecordKind, SampleFlags, SampleRecord
from otx.profile.tally import Tally

EVALUATES = Frame("_PyEval_EvalFrameDefault", "native", module="python3.11")
STARTS = Frame("_dl_start_user", "native", module="ld-linux-x86-64.so.2")


def record(flags: SampleFlags) -> SampleRecord:
    return SampleRecord(
        *(1, 1, int(flags), 0, "shop", "shop", (), (1, 2), (), ()), kind=RecordKind.SAMPLE
    )


@pytest.mark.parametrize(
    ("flags", "native", "whole", "not_found"),
    [
        (SampleFlags.PYTHON_ABSENT, [STARTS], True, 0),
        (SampleFlags.PYTHON_ABSENT, [STARTS, EVALUATES], True, 1),
        (SampleFlags.PYTHON_FAULT, [STARTS, EVALUATES], True, 1),
        # A program that only starts has its states not read in yet.
        (SampleFlags.PYTHON_FAULT, [STARTS], True, 0),
        # Where callers are missing, the evaluation loop may be among them.
        (SampleFlags.PYTHON_FAULT, [STARTS], False, 1),
        (SampleFlags.PYTHON_ROOT, [STARTS, EVALUATES], True, 0),
    ],
)
def test_a_state_is_missed_where_python_may_run(
    flags: SampleFlags, native: list[Frame], whole: bool, not_found: int
) -> None:
    tally = Tally()
    tally.count(record(flags), native, whole, lacked_table=False)
    assert (tally.samples, tally.not_found) == (1, not_found)
    assert tally.unwound_fully == whole


def test_where_walks_end_that_reach_no_root_is_counted() -> None:
    tally, tables = Tally(), SampleFlags.USER_TABLES
    memcpy = Frame("memcpy", "native", module="libc.so")
    for flags, native, whole in [
        (tables, [STARTS, memcpy], True),
        (tables, [memcpy], False),
        (tables, [EVALUATES, memcpy], False),
        (tables, [memcpy], False),
        (tables, [], False),
        (tables | SampleFlags.PYTHON_CUT, [memcpy], False),  # too deep, which is counted
        (SampleFlags(0), [memcpy], False),  # by frame pointers, as was asked for
    ]:
        tally.count(record(flags), native, whole, lacked_table=native == [EVALUATES, memcpy])
    assert tally.broken_in() == ("libc.so (2)", "python3.11 (1)", "no code (1)")
    assert tally.before_tables == 1
