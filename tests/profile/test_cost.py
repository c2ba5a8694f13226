"""What sampling costs, reckoned, and kept below a bound."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.units import NS_PER_S
from otx.profile.cost import CostKeeper, ProgramCost


@dataclass
class Pace:
    """A sampler of which each sample's program takes 10 µs."""

    has_period: ClassVar[bool] = True
    samples: int = 0
    program_ns: int = 10_000
    rates: list[int] = field(default_factory=list)

    def set_frequency(self, frequency_hz: int) -> None:
        self.rates.append(frequency_hz)

    def run_time_ns(self) -> int:
        return self.samples * self.program_ns

    def programs_ns(self) -> int | None:
        return None

    def ticking(self, frequency_hz: int) -> AbstractContextManager[None]:
        return nullcontext()


@dataclass
class Gauge:
    """Knows what an interrupt costs after three looks."""

    found_ns: int | None
    looks: int = 0

    @property
    def is_done(self) -> bool:
        return self.looks >= 3

    @property
    def cost_ns(self) -> int | None:
        return self.found_ns if self.is_done else None

    def look(self) -> None:
        self.looks += 1


class Case:
    """A keeper with a pace and a clock of its own; an interrupt costs 15 µs."""

    def __init__(self, frequency_hz: int, bound: float | None, interrupt: int | None = 15_000):
        self.pace, self.gauge, self.now_ns, self.told = Pace(), Gauge(interrupt), 0, list[str]()
        self.keeper = CostKeeper(
            self.pace, self.gauge, frequency_hz, bound, self.told.append, lambda: self.now_ns
        )

    def run(self, seconds: float) -> None:
        """A busy target for so long, looked at ten times a second."""
        for _ in range(round(seconds * 10)):
            self.now_ns += NS_PER_S // 10
            self.pace.samples += self.keeper.frequency_hz // 10
            self.keeper.look(self.pace.samples)


def test_the_cost_is_interrupt_and_program_in_the_target_s_own_time() -> None:
    case = Case(100, 0.01)
    case.run(10)
    assert case.keeper.sample_cost_ns() == 25_000
    assert case.keeper.overhead() == pytest.approx(0.0025)
    assert (case.pace.rates, case.told, case.gauge.looks) == ([], [], 3)


def test_one_look_at_the_interrupt_is_taken_at_a_time() -> None:
    case = Case(100, 0.01)
    case.run(0.5)
    assert (case.gauge.looks, case.keeper.sample_cost_ns()) == (3, 25_000)
    case = Case(100, 0.01)
    case.run(0.4)
    assert (case.gauge.looks, case.keeper.sample_cost_ns()) == (2, None)


def test_what_ends_early_is_known_at_its_end() -> None:
    case = Case(100, 0.01)
    case.keeper.finish()
    assert (case.gauge.looks, case.keeper.overhead()) == (0, None)
    case.run(0.1)
    case.keeper.finish()
    assert case.keeper.sample_cost_ns() == 25_000


def test_above_the_bound_the_rate_is_lowered_once_and_said() -> None:
    case = Case(2000, 0.01)
    case.run(1.9)
    assert case.pace.rates == []
    case.run(10)
    assert case.pace.rates == [360]
    assert case.told == [
        "a sample costs the target 25.0 µs, which at 2000 Hz is 5.00% of its time:"
        " from now on 360 Hz"
    ]
    assert 360 < NS_PER_S / case.keeper.mean_period_ns < 2000


def test_without_a_bound_nothing_is_lowered() -> None:
    case = Case(2000, None)
    case.run(10)
    assert case.pace.rates == []
    assert case.keeper.overhead() == pytest.approx(0.05)


def test_what_cannot_be_calibrated_is_not_known() -> None:
    case = Case(2000, 0.01, interrupt=None)
    case.run(10)
    assert case.keeper.sample_cost_ns() is None and case.keeper.overhead() is None
    assert (case.pace.rates, case.gauge.looks) == ([], 3)


def test_a_few_samples_decide_nothing() -> None:
    case = Case(10, 0.000_1)
    case.run(1.9)
    case.keeper.look(case.pace.samples)
    assert case.pace.rates == []


def test_a_target_that_slept_has_no_cost_yet() -> None:
    case = Case(99, 0.01)
    case.now_ns = 10 * NS_PER_S
    case.keeper.look(0)
    assert case.keeper.overhead() is None and case.keeper.mean_period_ns == NS_PER_S // 99


@given(
    st.integers(1, 10_000),
    st.floats(0.000_1, 1),
    st.integers(500, 500_000),
    st.integers(100, 1_000_000),
)
def test_no_rate_costs_more_than_the_bound_but_the_least(
    frequency_hz: int, bound: float, interrupt: int, program_ns: int
) -> None:
    case = Case(frequency_hz, bound, interrupt)
    case.pace.program_ns = program_ns
    case.now_ns = 10 * NS_PER_S
    case.pace.samples = 1000
    for _ in range(3):
        case.keeper.look(1000)
    rate = case.keeper.frequency_hz
    assert rate == 1 or rate * (interrupt + program_ns) <= bound * NS_PER_S * 1.000_001
    assert rate <= frequency_hz


def test_what_comes_with_no_tick_costs_a_share_of_a_core() -> None:
    spent, now = [0], [0]
    cost = ProgramCost(lambda: spent[0], 100, lambda: now[0])
    now[0], spent[0] = 2 * NS_PER_S, NS_PER_S // 100
    assert cost.overhead() == pytest.approx(0.005)
    assert (cost.sample_cost_ns(), cost.mean_period_ns) == (None, NS_PER_S // 100)
    assert ProgramCost(lambda: None, 100).overhead() is None
