"""How long an agent waits before it tries again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.transport.backoff import (
    LONGEST_NS,
    LONGEST_TOLD_NS,
    THROTTLED_NS,
    Backoff,
    parse_retry_after,
)

S = 1_000_000_000


def test_the_first_retry_after_a_loss_is_made_at_once_then_pauses_double() -> None:
    backoff = Backoff(lambda: 0.999999)
    pauses = [backoff.down(0) for _ in range(12)]
    assert pauses[0] == 0
    assert [round(it / S) for it in pauses[1:]] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_a_connection_that_stood_begins_anew_one_that_flapped_does_not() -> None:
    backoff = Backoff(lambda: 0.0)
    for _ in range(3):
        backoff.down(0)
    backoff.up(0)
    assert backoff.down(9 * S) > 0
    backoff.up(0)
    assert backoff.down(10 * S) == 0


def test_an_overloaded_server_that_names_no_time_is_left_alone_for_30_seconds() -> None:
    assert Backoff(lambda: 0.0).down(0, throttled=True) == THROTTLED_NS


@given(told=st.integers(0, 10**20), random=st.floats(0, 0.999), failures=st.integers(0, 30))
def test_a_told_time_is_never_undercut_and_bounded(told: int, random: float, failures: int) -> None:
    backoff = Backoff(lambda: random)
    for _ in range(failures):
        assert 0 <= backoff.down(0) <= LONGEST_NS
    pause = backoff.down(0, told_ns=told, throttled=True)
    assert pause >= min(told, LONGEST_TOLD_NS)
    assert pause <= max(LONGEST_NS, LONGEST_TOLD_NS * 1.1)


NOW = 1_790_000_000 * S


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", 5 * S),
        (" 0 ", 0),
        ("Mon, 21 Sep 2026 14:13:25 GMT", 5 * S),
        ("Mon, 21 Sep 2026 14:13:15 GMT", 0),
        ("99999999999999999999", LONGEST_TOLD_NS),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, expected: int | None) -> None:
    assert parse_retry_after(text, NOW) == expected


@given(st.text(max_size=40))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    wait_ns = parse_retry_after(text, NOW)
    assert wait_ns is None or wait_ns >= 0
