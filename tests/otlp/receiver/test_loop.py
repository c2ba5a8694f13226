"""Rings of receivers are noticed, whatever their length; everybody else is let in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.otlp.receiver.loop import MOST_IDS, LoopGuard
from otx.otlp.refusal import Reason, Refusal

A, B, C = "a" * 16, "b" * 16, "c" * 16


def refusal_of(guard: LoopGuard, header: str) -> Refusal | None:
    try:
        guard.admit(header)
    except Refusal as refusal:
        return refusal
    return None


def test_a_receiver_refuses_itself() -> None:
    refusal = refusal_of(LoopGuard(A), A)
    assert refusal is not None
    assert refusal.reason is Reason.LOOP
    assert "would come back to it, and go round" in refusal.message


@pytest.mark.parametrize("length", [2, 3, 5])
def test_one_of_a_ring_is_refused_after_one_round(length: int) -> None:
    ring = [LoopGuard(f"{number:016x}") for number in range(length)]
    refused = [
        refusal_of(ring[(number + 1) % length], ring[number % length].header())
        for number in range(2 * length)
    ]
    assert refused[: length - 1] == [None] * (length - 1)
    last = refused[length - 1]
    assert last is not None
    assert f"by way of {length - 1} other" in last.message


def test_what_only_meets_is_no_ring() -> None:
    source, left, right, end = (LoopGuard(it * 16) for it in "abcd")
    for one in (left, right):
        one.admit(source.header())
    for one in (left, right, left, right):
        end.admit(one.header())
    assert end.header().split() == ["d" * 16, "a" * 16, "b" * 16, "c" * 16]


def test_who_was_silent_for_long_is_forgotten() -> None:
    now = [0.0]
    guard = LoopGuard(A, lambda: now[0])
    guard.admit(B)
    now[0] = 500.0
    guard.admit(C)
    assert guard.header() == f"{A} {B} {C}"
    now[0] = 700.0
    assert guard.header() == f"{A} {C}"


def test_news_is_told_once() -> None:
    guard = LoopGuard(A)
    told: list[str] = []
    guard.on_news = lambda: told.append(guard.header())
    for header in (B, B, f"{C} {B}", C, ""):
        guard.admit(header)
    assert told == [f"{A} {B}", f"{A} {B} {C}"]


@given(st.lists(st.one_of(st.text(max_size=40), st.from_regex("[0-9a-f]{16}", fullmatch=True))))
def test_no_header_makes_much_of_itself(headers: list[str]) -> None:
    guard = LoopGuard("0" * 16)
    for header in headers:
        refusal_of(guard, header)
    guard.admit(" ".join(f"{number + 1:016x}" for number in range(1000)))
    ids = guard.header().split()
    assert ids[0] == "0" * 16
    assert len(ids) == len(set(ids)) <= MOST_IDS
