"""Counts of stacks: by process and thread, of all time and of a minute, within their bounds."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from otx.model.stack import Frame, KnownStack, Sample, Thread
from otx.services.stack_counts import (
    MAX_THREAD_NAMES,
    OTHER_STACKS,
    WINDOW_S,
    StackCounts,
    merge_threads,
)

S = 1_000_000_000


def sample(name: str, second: int = 0, comm: str = "shop") -> Sample:
    return Sample(second * S, 1, 1, comm, (Frame(name, "native"),))


def stack(name: str) -> tuple[Frame, ...]:
    return (Frame("shop", "process"), Frame(name, "native"))


def test_stacks_are_counted_under_their_process() -> None:
    counts = StackCounts()
    counts.add([sample("f"), sample("f"), sample("g")])
    assert (
        merge_threads(counts.total)
        == {stack("f"): 2, stack("g"): 1}
        == merge_threads(counts.window)
    )


def test_what_is_new_beyond_the_limit_is_counted_together() -> None:
    counts = StackCounts(limit=2)
    counts.add([sample("a"), sample("b"), sample("c"), sample("d"), sample("a")])
    assert merge_threads(counts.total) == {stack("a"): 2, stack("b"): 1, (OTHER_STACKS,): 2}


def test_stacks_are_told_apart_by_process_and_thread_name() -> None:
    counts = StackCounts(limit=3)
    one, two, other = (Sample(0, 7, tid, "shop", (), thread=f"worker-{tid}") for tid in (1, 2, 3))
    counts.add([one, two, one, replace(one, pid=8), other, two])
    whole = (Frame("shop", "process"),)
    assert counts.total == {
        Thread(7, "worker-1"): {whole: 2},
        Thread(7, "worker-2"): {whole: 2},
        Thread(8, "worker-1"): {whole: 1},
        Thread(7, "worker-3"): {(OTHER_STACKS,): 1},
    }
    assert counts.forget_before(WINDOW_S * S)
    assert counts.window == {}


def test_threads_named_for_each_request_take_no_room_from_stacks() -> None:
    counts = StackCounts()
    one = Sample(0, 7, 1, "shop", ())
    counts.add(replace(one, thread=f"request-{number}") for number in range(500))
    assert len(counts.total) == MAX_THREAD_NAMES + 1
    assert counts.total[Thread(7, "")] == {(Frame("shop", "process"),): 500 - MAX_THREAD_NAMES}
    together = StackCounts(by_thread=False)
    together.add(replace(one, thread=f"request-{number}") for number in range(500))
    assert list(together.total) == [Thread(7, "")]


def test_the_window_holds_the_last_seconds_and_the_total_all() -> None:
    counts = StackCounts()
    counts.add([sample("old", 0), sample("both", 0), sample("both", 30)])
    assert counts.forget_before((WINDOW_S - 1) * S) is False
    assert counts.forget_before(WINDOW_S * S) is True
    assert merge_threads(counts.window) == {stack("both"): 1}
    assert merge_threads(counts.total) == {stack("old"): 1, stack("both"): 2}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 200))))
def test_the_window_is_never_more_than_the_total(steps: list[tuple[str, int]]) -> None:
    counts = StackCounts()
    for name, second in sorted(steps, key=lambda step: step[1]):
        counts.add([sample(name, second)])
        counts.forget_before(second * S)
        assert all(
            0 < value <= counts.total[thread][key]
            for thread, window in counts.window.items()
            for key, value in window.items()
        )


def test_a_stack_that_is_known_equals_its_frames_and_is_hashed_once() -> None:
    counts = StackCounts()
    counts.add([sample("f"), sample("f")])
    (known,) = merge_threads(counts.total)
    assert isinstance(known, KnownStack)
    assert known == stack("f") and hash(known) == hash(stack("f"))
    assert {stack("f"): 1}[known] == 1
    assert next(iter(merge_threads(counts.window))) is known
