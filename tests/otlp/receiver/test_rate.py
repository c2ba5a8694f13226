"""How often one client may send: an exact clock, many clients, bounded memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.otlp.receiver import rate
from otx.otlp.receiver.rate import RateLimit
from otx.otlp.refusal import Reason, Refusal


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def takes(limit: RateLimit, client: str = "192.0.2.1") -> bool:
    try:
        limit.take(client)
    except Refusal:
        return False
    return True


def test_a_second_s_worth_may_come_at_once_and_then_as_it_is_earned() -> None:
    clock = Clock()
    limit = RateLimit(3, clock)
    assert [takes(limit) for _ in range(4)] == [True, True, True, False]
    clock.now += 0.5
    assert [takes(limit) for _ in range(2)] == [True, False]
    clock.now += 3600
    assert sum(takes(limit) for _ in range(9)) == 3


def test_one_client_does_not_use_up_what_another_may() -> None:
    limit = RateLimit(1, Clock())
    assert takes(limit, "192.0.2.1")
    assert not takes(limit, "192.0.2.1")
    assert takes(limit, "192.0.2.2")


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1:2:3", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", False),
        ("::1", "::1", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("no:address", "no:address", True),
    ],
)
def test_an_ipv6_client_is_its_network(one: str, other: str, is_same: bool) -> None:
    limit = RateLimit(1, Clock())
    assert takes(limit, one)
    assert takes(limit, other) != is_same


def test_the_network_is_named() -> None:
    limit = RateLimit(1, Clock())
    limit.take("2001:db8:1:2:3:4:5:6")
    with pytest.raises(Refusal, match="2001:db8:1:2::/64 sends more"):
        limit.take("2001:db8:1:2::")


def test_a_client_is_told_when_to_come_again_and_may_then() -> None:
    clock = Clock()
    limit = RateLimit(5 / 60, clock)
    limit.take("unix")
    with pytest.raises(Refusal, match="unix sends more than --rate-limit") as caught:
        limit.take("unix")
    assert caught.value.reason is Reason.RATE_LIMITED
    assert "a request every 12 s" in caught.value.message
    assert caught.value.retry_after_s == 12
    clock.now += caught.value.retry_after_s
    assert takes(limit, "unix")


def test_as_many_clients_are_remembered_as_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate, "MAX_CLIENTS", 2)
    limit = RateLimit(1, Clock())
    assert takes(limit, "a")
    assert takes(limit, "b")
    assert not takes(limit, "a")
    assert takes(limit, "c")  # b was silent longest
    assert not takes(limit, "a")
    assert takes(limit, "b")


@given(
    per_s=st.floats(0.1, 50),
    pauses_s=st.lists(st.floats(0, 5), max_size=60),
)
def test_never_more_than_the_burst_and_what_was_earned(per_s: float, pauses_s: list[float]) -> None:
    clock = Clock()
    limit = RateLimit(per_s, clock)
    taken = 0
    for pause_s in pauses_s:
        clock.now += pause_s
        taken += takes(limit)
    assert taken <= max(1.0, per_s) + sum(pauses_s) * per_s + 1e-6
